//! `cargo xtask demo`: builds what it takes, and becomes it.

use std::os::unix::process::CommandExt;

use anyhow::{Context, Result};

use crate::cargo::{built, cargo, run};

/// All executables come from one build, so that they share what they depend on.
pub fn run_demo(stay: bool) -> Result<()> {
    anstream::println!(
        "Building the operator, the plugin and the demo. The first time this takes some minutes."
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
    // One process fewer for Ctrl-C to find its way through.
    Err(demo.exec()).context("could not start the demo")
}
