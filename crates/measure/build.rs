//! Links OpenBLAS.

use std::env;

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-env-changed=OPENBLAS_DIR");
    if let Ok(dir) = env::var("OPENBLAS_DIR") {
        println!("cargo:rustc-link-search=native={dir}/lib");
    }
    println!("cargo:rustc-link-lib=openblas");
}
