//! Colour, progress and output on a terminal.

use std::fmt;
use std::io::{self, IsTerminal as _, Write as _};
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressState, ProgressStyle};

/// Whether standard error takes colour: a terminal, and `NO_COLOR` not set.
fn colour() -> bool {
    io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|v| v.is_empty())
}

const BOLD: &str = "\x1b[1m";
const PLAIN: &str = "\x1b[0m";

/// Text that stands out on standard error, where colour is welcome.
pub fn bold(text: &str) -> String {
    if colour() {
        format!("{BOLD}{text}{PLAIN}")
    } else {
        text.to_owned()
    }
}

/// Prints results on standard output. A closed pipe is not an error: the reader has seen enough.
///
/// # Errors
/// When standard output cannot be written for another reason.
pub fn print(text: &str) -> anyhow::Result<()> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(e) if e.kind() != io::ErrorKind::BrokenPipe => Err(anyhow::anyhow!("standard output: {e}")),
        _ => Ok(()),
    }
}

/// Prints results, or writes them to `file` where one is named.
///
/// # Errors
/// When the output cannot be written.
pub fn deliver(text: &str, file: Option<&Path>) -> anyhow::Result<()> {
    match file {
        Some(path) => Ok(crate::files::write_atomically(path, text.as_bytes())?),
        None => print(text),
    }
}

/// Tells the user something on standard error.
pub fn say(text: &str) {
    // Nobody is there to hear that standard error is closed.
    let _ = writeln!(io::stderr().lock(), "{}", harmless(text));
}

/// Text in which names from files cannot steer a terminal: control characters but line ends and [`bold`]'s own are spelled
/// out.
pub fn harmless(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let own = [BOLD, PLAIN].into_iter().find(|own| rest.starts_with(own));
        let taken = own.map_or(c.len_utf8(), str::len);
        if own.is_none() && c.is_control() && c != '\n' {
            shown.extend(c.escape_default());
        } else {
            shown.push_str(&rest[..taken]);
        }
        rest = &rest[taken..];
    }
    shown
}

/// A number of images, in words.
pub fn images(count: u64) -> String {
    format!("{count} image{}", if count == 1 { "" } else { "s" })
}

/// A progress bar with rate and remaining time, on a terminal only.
pub fn progress(total: u64, what: &str) -> ProgressBar {
    if !io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let template = if colour() {
        "{msg} {bar:30.cyan} {human_pos}/{human_len} ({rate}/s, {eta} left)"
    } else {
        "{msg} {bar:30} {human_pos}/{human_len} ({rate}/s, {eta} left)"
    };
    let bar = ProgressBar::new(total).with_message(what.to_owned());
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(
            style.with_key("rate", |state: &ProgressState, out: &mut dyn fmt::Write| {
                let rate = state.per_sec();
                let digits = if rate < 9.95 { 1 } else { 0 };
                // A text that grows: it does not fail.
                let _ = write!(out, "{rate:.digits$}");
            }),
        );
    }
    bar.enable_steady_tick(Duration::from_millis(200));
    bar
}

/// The command line as a user would type it again.
pub fn command_line() -> String {
    let mut words = vec!["featscope".to_owned()];
    for word in std::env::args_os().skip(1) {
        let word = word.to_string_lossy();
        let plain = !word.is_empty() && word.chars().all(|c| c.is_alphanumeric() || "-_./=,:+@%".contains(c));
        words.push(if plain {
            word.into_owned()
        } else {
            format!("'{}'", word.replace('\'', r"'\''"))
        });
    }
    words.join(" ")
}

/// The exit code of a finished command: its own, or 2 after saying what went wrong.
pub fn finish(outcome: anyhow::Result<ExitCode>) -> ExitCode {
    outcome.unwrap_or_else(|error| {
        say(&format!("{} {}", bold("error:"), sentence(&error)));
        ExitCode::from(2)
    })
}

/// An error with its causes in one line; a cause that the error already states is not said twice.
fn sentence(error: &anyhow::Error) -> String {
    let mut text = String::new();
    for cause in error.chain().map(ToString::to_string) {
        if text.is_empty() {
            text = cause;
        } else if !text.contains(&cause) {
            text = format!("{text}: {cause}");
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_cannot_steer_a_terminal() {
        assert_eq!(
            harmless("\x1b[1merror:\x1b[0m a\x1b[2J\rb\u{9b}K.png\nÄ"),
            "\x1b[1merror:\x1b[0m a\\u{1b}[2J\\rb\\u{9b}K.png\nÄ"
        );
    }

    #[test]
    fn a_cause_is_said_once() {
        let missing = || std::io::Error::new(std::io::ErrorKind::NotFound, "no such file");
        let error = anyhow::Error::new(crate::error::Error::io("a.npy")(missing())).context("cannot compare");
        assert_eq!(sentence(&error), "cannot compare: a.npy: no such file");
    }
}
