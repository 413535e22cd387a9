//! `countersign` as a command that needs no cluster: what goes in, what comes out, and how it ends.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod export;
mod plan;
mod verify;

use std::process::Output;

/// Runs it to its end, with something on standard input.
fn countersign(arguments: &[&str], stdin: &str) -> Output {
    testkit::program::run(env!("CARGO_BIN_EXE_countersign"), arguments, stdin)
}

#[test]
fn no_file_is_forgotten() {
    assert_eq!(testkit::forgotten(file!()), [].into());
}

/// Cargo takes no notice of a folder of `tests/` without a `main.rs`, and makes a binary of its own of every file there.
#[test]
fn every_folder_of_tests_is_a_binary_and_nothing_else_is() {
    for entry in std::fs::read_dir(testkit::root().join("tests")).unwrap() {
        let path = entry.unwrap().path();
        assert!(path.join("main.rs").exists() || path.ends_with("README.md"), "{}", path.display());
    }
}
