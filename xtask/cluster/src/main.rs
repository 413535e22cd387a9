//! The project's own commands that need a control plane. `cargo xtask` builds and starts this.

mod demo;

use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};
use testenv::{Binaries, Component, tools::Tool};

#[derive(Debug, Parser)]
#[command(name = "xtask-cluster", disable_help_subcommand = true)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Find or build the control plane's executables
    ControlPlane,
    /// Find or build the tools that tests use to check charts, alerts and scripts
    Tools,
    /// Watch two agreements go from offer to end
    Demo {
        /// Keep everything running at the end, until Ctrl-C
        #[arg(long)]
        stay: bool,
    },
}

fn main() -> ExitCode {
    let result = match Arguments::parse().command {
        Command::ControlPlane => control_plane(),
        Command::Tools => tools(),
        Command::Demo { stay } => demo::run(stay),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            anstream::eprintln!("\ncargo xtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn control_plane() -> Result<()> {
    let binaries = Binaries::find()?;
    let names = Component::ALL.map(Component::binary).join(", ");
    anstream::println!("  {names} in {}", binaries.dir().display());
    Ok(())
}

fn tools() -> Result<()> {
    for tool in Tool::ALL {
        anstream::println!("  {}", tool.path()?.display());
    }
    Ok(())
}
