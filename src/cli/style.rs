//! Colour, progress and output on a terminal.

use std::fmt;
use std::io::{self, IsTerminal, Write as _};
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use indicatif::{ProgressBar, ProgressState, ProgressStyle};

use crate::shown::{plain, plain_json, sentence};

/// A terminal takes colour unless `NO_COLOR` is set.
fn takes_colour(stream: &impl IsTerminal) -> bool {
    stream.is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|v| v.is_empty())
}

/// Text that stands out on standard error, where colour is welcome.
fn bold(text: &str) -> String {
    if takes_colour(&io::stderr()) {
        format!("\x1b[1m{text}\x1b[0m")
    } else {
        text.to_owned()
    }
}

/// Prints results on standard output; names in them cannot steer a terminal. A closed pipe is not an error: the reader has
/// seen enough.
///
/// # Errors
/// When standard output cannot be written for another reason.
pub fn print(text: &str) -> anyhow::Result<()> {
    print_as_is(&lines(text))
}

/// The same for text that no name is part of.
///
/// # Errors
/// As [`print()`].
pub fn print_as_is(text: &str) -> anyhow::Result<()> {
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
        Some(path) => Ok(crate::files::write_atomically(path, lines(text).as_bytes())?),
        None => print(text),
    }
}

/// Tells the user something on standard error: one line, whatever names are in it.
pub fn say(text: &str) {
    write(&sentence(text));
}

/// Says these lines, one after another.
pub fn say_all(lines: &[String]) {
    lines.iter().for_each(|line| say(line));
}

/// Says a line behind a word that stands out.
pub fn say_headed(head: &str, text: &str) {
    write(&format!("{} {}", bold(head), sentence(text)));
}

fn write(line: &str) {
    // Nobody is there to hear that standard error is closed.
    let _ = writeln!(io::stderr().lock(), "{line}");
}

/// Lines in which names cannot steer a terminal.
fn lines(text: &str) -> String {
    let shown: Vec<String> = text.split('\n').map(plain).collect();
    shown.join("\n")
}

/// How a command prints what is no table.
#[cfg(feature = "analysis")]
#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum TextOrJson {
    Text,
    Json,
}

/// A JSON value as results are printed.
pub fn json(value: &serde_json::Value) -> String {
    plain_json(&format!("{value:#}\n"))
}

/// The command line, or the exit code where it asked for help or cannot be understood.
///
/// # Errors
/// The exit code to end with: all is said.
pub fn parsed<T: Parser>() -> Result<T, ExitCode> {
    T::try_parse().map_err(|said| {
        let text = said.render();
        if said.use_stderr() {
            let text = text.to_string();
            for (i, line) in text.trim_end().split('\n').enumerate() {
                match line.strip_prefix("error: ").filter(|_| i == 0) {
                    Some(error) => say_headed("error:", error),
                    None => say(line),
                }
            }
            return ExitCode::from(2);
        }
        let text = match takes_colour(&io::stdout()) {
            true => text.ansi().to_string(),
            false => text.to_string(),
        };
        finish(print_as_is(&text).map(|()| ExitCode::SUCCESS))
    })
}

/// So many of something.
pub fn counted(n: usize, one: &str) -> String {
    format!("{n} {one}{}", if n == 1 { "" } else { "s" })
}

/// Says each of these as a warning.
pub fn warn(warnings: &[String]) {
    for warning in warnings {
        say(&format!("warning: {warning}"));
    }
}

/// A progress bar with rate and remaining time, on a terminal only.
pub fn progress(total: u64, what: &str) -> ProgressBar {
    if !io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let template = if takes_colour(&io::stderr()) {
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
        say_headed("error:", &with_causes(&error));
        ExitCode::from(2)
    })
}

/// An error with its causes in one line; a cause that the error already states is not said twice.
fn with_causes(error: &anyhow::Error) -> String {
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
            lines("a\x1b[2J\rb\u{9b}K.png\n\u{202e}Ä\n"),
            "a\\u{1b}[2J\\rb\\u{9b}K.png\n\\u{202e}Ä\n"
        );
        let value = serde_json::json!({"a": "\u{202e}"});
        assert_eq!(json(&value), "{\n  \"a\": \"\\u202e\"\n}\n");
    }

    #[test]
    fn a_cause_is_said_once() {
        let missing = || std::io::Error::new(std::io::ErrorKind::NotFound, "no such file");
        let error = anyhow::Error::new(crate::error::Error::io("a.npy")(missing())).context("cannot compare");
        assert_eq!(with_causes(&error), "cannot compare: a.npy: no such file");
    }
}
