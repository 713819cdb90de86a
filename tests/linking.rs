//! The programs on disk: the analysis never links libtorch, the extraction never links LAPACK. In one process the two
//! serve each other's calls, silently.

use std::process::Command;

#[cfg(feature = "analysis")]
const PROGRAM: &str = env!("CARGO_BIN_EXE_featscope");
#[cfg(all(feature = "torch", not(feature = "analysis")))]
const PROGRAM: &str = env!("CARGO_BIN_EXE_featscope-extract");

/// What `tool ARGS PROGRAM` prints (binutils come with every C compiler).
fn ask(tool: &str, args: &[&str]) -> String {
    let out = Command::new(tool)
        .args(args)
        .arg(PROGRAM)
        .output()
        .unwrap_or_else(|e| panic!("{tool}: {e}"));
    assert!(out.status.success(), "{tool}: {}", String::from_utf8_lossy(&out.stderr));
    String::from_utf8(out.stdout).unwrap()
}

fn libraries() -> Vec<String> {
    ask("readelf", &["-d"])
        .lines()
        .filter(|l| l.contains("(NEEDED)"))
        .map(|l| l.split('[').nth(1).unwrap().trim_end_matches(']').to_owned())
        .collect()
}

/// Names of functions the program takes from shared libraries or brings itself.
fn symbols() -> Vec<String> {
    let all = ask("nm", &[]);
    all.lines()
        .filter_map(|l| l.split_whitespace().last())
        .map(str::to_owned)
        .collect()
}

#[cfg(feature = "analysis")]
#[test]
fn the_analysis_links_openblas_and_no_libtorch() {
    let libraries = libraries();
    assert!(libraries.iter().any(|l| l.contains("blas")), "{libraries:?}");
    assert!(
        !libraries.iter().any(|l| l.contains("torch") || l.contains("c10")),
        "{libraries:?}"
    );
    let symbols = symbols();
    assert!(symbols.iter().any(|s| s.contains("dsyevd_")));
    assert!(
        !symbols.iter().any(|s| s.starts_with("at_") || s.starts_with("atg_")),
        "libtorch's C functions"
    );
}

#[cfg(all(feature = "torch", not(feature = "analysis")))]
#[test]
fn the_extraction_links_libtorch_and_no_lapack() {
    let libraries = libraries();
    assert!(libraries.iter().any(|l| l.contains("torch")), "{libraries:?}");
    assert!(
        !libraries.iter().any(|l| l.contains("blas") || l.contains("lapack")),
        "{libraries:?}"
    );
    let symbols = symbols();
    assert!(symbols.iter().any(|s| s.starts_with("atg_")));
    for name in ["dsyevd_", "dsfrk_", "dtfttr_", "cblas_dgemm"] {
        assert!(!symbols.iter().any(|s| s.contains(name)), "{name}");
    }
}
