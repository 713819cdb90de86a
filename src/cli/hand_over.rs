//! Commands that need libtorch run in the second program, as git and cargo do with theirs.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::{Command, ExitCode, Stdio};

const PROGRAM: &str = "featscope-extract";

/// Arguments that the second program reads.
#[derive(clap::Args)]
pub struct Args {
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, hide = true)]
    args: Vec<OsString>,
}

/// Runs `featscope-extract COMMAND ARGS…` and hands on its exit code.
pub fn run(command: &str, args: &Args) -> anyhow::Result<ExitCode> {
    let words: Vec<OsString> = std::iter::once(OsString::from(command))
        .chain(args.args.iter().cloned())
        .collect();
    call(&words, Stdio::inherit())
}

/// Runs `featscope-extract` with these words, its standard output going to `output`.
///
/// # Errors
/// When the program is not there or cannot be started.
pub fn call(words: &[OsString], output: Stdio) -> anyhow::Result<ExitCode> {
    let program = find()?;
    let status = Command::new(&program)
        .args(words)
        .stdout(output)
        .status()
        .map_err(|e| {
            anyhow::anyhow!(
                "{}: cannot be started ({e}); rebuild it with `make build`",
                program.display()
            )
        })?;
    // A program killed by a signal has no code: it could not do it.
    Ok(ExitCode::from(
        status.code().and_then(|c| u8::try_from(c).ok()).unwrap_or(2),
    ))
}

/// Beside this program first, then on the PATH.
fn find() -> anyhow::Result<PathBuf> {
    let file = format!("{PROGRAM}{}", std::env::consts::EXE_SUFFIX);
    let beside = std::env::current_exe()
        .ok()
        .and_then(|p| Some(p.parent()?.to_path_buf()));
    let path = std::env::var_os("PATH").unwrap_or_default();
    beside
        .into_iter()
        .chain(std::env::split_paths(&path))
        .map(|dir| dir.join(&file))
        .find(|candidate| candidate.is_file())
        .ok_or_else(|| {
            anyhow::anyhow!(
                "{PROGRAM} is neither beside featscope nor on the PATH; it holds the commands that need libtorch. Build \
                 it with `make build` (or: cargo build --no-default-features --features torch)"
            )
        })
}
