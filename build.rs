//! Writes the folders of OpenBLAS and libtorch into the run paths of the programs.

use std::env;

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-env-changed=OPENBLAS_DIR");
    if env::var_os("CARGO_FEATURE_ANALYSIS").is_some()
        && let Ok(dir) = env::var("OPENBLAS_DIR")
    {
        println!("cargo:rustc-link-arg=-Wl,-rpath,{dir}/lib");
    }
    // Set by torch-sys, which found libtorch for us.
    if let Ok(dir) = env::var("DEP_TCH_LIBTORCH_LIB") {
        println!("cargo:rustc-link-arg=-Wl,-rpath,{dir}");
    }
}
