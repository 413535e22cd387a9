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
