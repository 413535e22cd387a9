//! The project's own commands: `cargo xtask test` and `cargo xtask demo`.

mod cargo;
mod demo;
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
    /// Check everything that has to hold before a change goes in: format, lints, documentation, tests
    ///
    /// The end-to-end tests run against a real control plane, which is built from source once (Go is
    /// needed for it) and kept in the cache folder.
    Test {
        /// For `cargo test`, which alone is run then: a part of a test's name, or any of its options
        #[arg(value_name = "NAME", trailing_var_arg = true, allow_hyphen_values = true)]
        filter: Vec<String>,
    },
    /// Watch two agreements go from offer to end on a real control plane, with a person behind each step
    Demo {
        /// Keep everything running at the end, for a look around, until Ctrl-C
        #[arg(long)]
        stay: bool,
    },
}

fn main() -> ExitCode {
    let result = match Arguments::parse().command {
        Command::Test { filter } if filter.is_empty() => test::everything(),
        Command::Test { filter } => test::some(&filter),
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
