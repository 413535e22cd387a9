//! The project's own commands: `cargo xtask test` and `cargo xtask demo`.

mod cargo;
mod demo;
mod flaky;
mod outcome;
mod steps;
mod test;
mod tools;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// The project's own commands.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", version, disable_help_subcommand = true)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Check everything that must hold before a change goes in: format, lints, documentation, tests
    ///
    /// The end-to-end tests run against a real control plane, which is built from source once (Go is
    /// needed for it) and kept in the cache folder.
    Test {
        /// For `cargo test`, and only that is run then: a part of a test's name, or any of its options
        #[arg(value_name = "NAME", trailing_var_arg = true, allow_hyphen_values = true)]
        filter: Vec<String>,
    },
    /// Find tests that fail by chance: run them many times while every core is kept busy
    ///
    /// Takes hours. Results are kept by commit, so that it goes on where it was stopped.
    Flaky {
        /// How often each test that can start a process or wait is run
        #[arg(long, default_value_t = 50)]
        rounds: u32,
        /// How often the whole suite is run afterwards, on a machine that is not kept busy
        #[arg(long, default_value_t = 3)]
        whole: u32,
        /// Only the test binaries with one of these in their names
        #[arg(value_name = "BINARY")]
        only: Vec<String>,
    },
    /// Watch two agreements go from offer to end on a real control plane, with a person behind each step
    Demo {
        /// Keep everything running at the end, so that you can look around, until Ctrl-C
        #[arg(long)]
        stay: bool,
    },
}

fn main() -> ExitCode {
    let result = match Arguments::parse().command {
        Command::Test { filter } if filter.is_empty() => test::everything(),
        Command::Test { filter } => test::some(&filter),
        Command::Flaky { rounds, whole, only } => flaky::flaky(rounds, whole, &only),
        Command::Demo { stay } => demo::run_demo(stay),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            anstream::eprintln!("cargo xtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}
