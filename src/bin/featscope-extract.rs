//! The extraction and pretraining program: the only one that links libtorch. It never links LAPACK.

use std::process::ExitCode;

fn main() -> ExitCode {
    featscope::cli::torch_program()
}
