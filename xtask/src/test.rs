//! `cargo xtask test`.

use std::{
    io::{BufRead, BufReader, Write},
    process::{Command, Stdio},
};

use anyhow::{Context, Result, bail};

use crate::{
    cargo::{built, cargo, check, run, shown},
    outcome::Outcome,
    steps::Steps,
    tools,
};

/// Everything, the quickest to fail first. Building with Go and Rust at the same time gains nothing on
/// two cores, so the steps run one after another.
pub fn everything() -> Result<()> {
    let mut steps = Steps::new(8);
    steps.step("tools", "", tools::check)?;

    let mut all = |what: &str, command: &mut Command| {
        let how = shown(command);
        steps.step(what, &how, || run(command))
    };
    all("format", &mut cargo(["fmt", "--all", "--check"])?)?;
    all(
        "lints",
        &mut cargo(["clippy", "--workspace", "--all-targets", "--locked", "--", "-D", "warnings"])?,
    )?;
    all(
        "documentation",
        cargo(["doc", "--workspace", "--no-deps", "--locked"])?.env("RUSTDOCFLAGS", "-D warnings"),
    )?;
    // With the features that `cargo test` uses, and with the operator, which tests run as a process.
    all("build", &mut cargo(["build", "--workspace", "--bins", "--tests", "--examples", "--locked"])?)?;
    all("control plane", built("xtask-cluster")?.arg("control-plane"))?;
    all("test tools", built("xtask-cluster")?.arg("tools"))?;

    let mut tests = cargo_test(&[])?;
    let how = shown(&tests);
    let mut outcome = Outcome::default();
    let result = steps.step("tests", &how, || count(&mut tests, &mut outcome));
    let result = result.and_then(|()| match outcome.passed {
        0 => bail!("not one test ran"),
        _ => Ok(()),
    });
    if result.is_ok() {
        anstream::println!("\nAll steps done in {}", steps.total_time());
    }
    anstream::println!("{outcome}");
    result
}

/// Only `cargo test`, with a filter or options of its own.
pub fn some(filter: &[String]) -> Result<()> {
    run(&mut cargo(["build", "--workspace", "--bins", "--tests", "--examples", "--locked"])?)?;
    let mut outcome = Outcome::default();
    let result = count(&mut cargo_test(filter)?, &mut outcome);
    anstream::println!("{outcome}");
    result
}

fn cargo_test(filter: &[String]) -> Result<Command> {
    let mut command = cargo(["test", "--workspace", "--locked", "--no-fail-fast"])?;
    command.args(filter);
    Ok(command)
}

/// Runs the tests and passes on everything they print.
fn count(command: &mut Command, outcome: &mut Outcome) -> Result<()> {
    let mut child = command.stdout(Stdio::piped()).spawn().context("could not start Cargo")?;
    let output = child.stdout.take().context("no standard output")?;
    let mut screen = std::io::stdout().lock();
    for line in BufReader::new(output).split(b'\n') {
        let line = line.context("could not read what the tests print")?;
        outcome.add(&String::from_utf8_lossy(&line));
        screen.write_all(&line).and_then(|()| screen.write_all(b"\n"))?;
    }
    drop(screen);
    let status = child.wait()?;
    check(command, status)
}
