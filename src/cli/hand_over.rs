//! Commands that need libtorch run in the second program, as git and cargo do with theirs.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};

use super::caller::CALLED;

const PROGRAM: &str = "featscope-extract";

/// How glibc's allocator is told to keep what was freed for the next batch, where the user has not told it anything: given back to
/// the system and asked for again page by page, the tensors of a training took a fifth of its time (measured).
const KEEP_MEMORY: [(&str, &str); 3] = [
    ("MALLOC_MMAP_THRESHOLD_", "33554432"),
    ("MALLOC_TRIM_THRESHOLD_", "2147483648"),
    ("MALLOC_TOP_PAD_", "67108864"),
];

/// Arguments that the second program reads.
#[derive(clap::Args)]
pub struct Args {
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, hide = true)]
    args: Vec<OsString>,
}

/// Becomes `featscope-extract COMMAND ARGS…`: a signal to this process reaches the one that works.
#[cfg(unix)]
pub fn run(command: &str, args: &Args) -> anyhow::Result<ExitCode> {
    use std::os::unix::process::CommandExt as _;
    let program = find()?;
    Err(not_started(
        &program,
        &prepared(&program).arg(command).args(&args.args).exec(),
    ))
}

/// Runs `featscope-extract COMMAND ARGS…` and hands on its exit code.
#[cfg(not(unix))]
pub fn run(command: &str, args: &Args) -> anyhow::Result<ExitCode> {
    let words: Vec<OsString> = std::iter::once(OsString::from(command))
        .chain(args.args.iter().cloned())
        .collect();
    call(&words, Stdio::inherit())
}

/// Runs `featscope-extract` with these words, its standard output going to `output`. It ends when this program does,
/// however that ends.
///
/// # Errors
/// When the program is not there or cannot be started.
pub fn call(words: &[OsString], output: Stdio) -> anyhow::Result<ExitCode> {
    let program = find()?;
    let mut child = prepared(&program)
        .args(words)
        .env(CALLED, "1")
        .stdin(Stdio::piped())
        .stdout(output)
        .spawn()
        .map_err(|e| not_started(&program, &e))?;
    // Held open while it works: its end tells the other side that this one is gone.
    let line = child.stdin.take();
    let status = child.wait();
    drop(line);
    // A program killed by a signal has no code: it could not do it.
    Ok(ExitCode::from(
        status?.code().and_then(|c| u8::try_from(c).ok()).unwrap_or(2),
    ))
}

/// The program with its allocator told.
fn prepared(program: &Path) -> Command {
    let mut command = Command::new(program);
    command.envs(
        KEEP_MEMORY
            .into_iter()
            .filter(|(name, _)| std::env::var_os(name).is_none()),
    );
    command
}

fn not_started(program: &Path, error: &std::io::Error) -> anyhow::Error {
    anyhow::anyhow!(
        "{}: cannot be started ({error}); rebuild it with `make build`",
        program.display()
    )
}

/// Where `featscope-extract` is: beside this program first, then on the PATH.
///
/// # Errors
/// When it is nowhere.
pub fn find() -> anyhow::Result<PathBuf> {
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
