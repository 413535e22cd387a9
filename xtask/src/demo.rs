//! `cargo xtask demo`: builds what it needs, and becomes that process.

use std::os::unix::process::CommandExt;

use anyhow::{Context, Result};

use crate::cargo::{built, cargo, run};

/// All executables come from one build, so that they share their dependencies.
pub fn run_demo(stay: bool) -> Result<()> {
    anstream::println!(
        "Building the operator, the plugin and the demo. The first time this takes a few minutes."
    );
    run(&mut cargo([
        "build",
        "--locked",
        "--package=countersign",
        "--package=kubectl-agreement",
        "--package=xtask-cluster",
        "--bin=countersign",
        "--bin=kubectl-agreement",
        "--bin=xtask-cluster",
    ])?)?;
    let mut demo = built("xtask-cluster")?;
    demo.arg("demo").args(stay.then_some("--stay"));
    // One process fewer between Ctrl-C and the demo.
    Err(demo.exec()).context("could not start the demo")
}
