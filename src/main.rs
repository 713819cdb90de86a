//! The analysis program. It never links libtorch.

use std::process::ExitCode;

fn main() -> ExitCode {
    featscope::cli::analysis_program()
}
