//! Those of the project's own commands that need a control plane. `cargo xtask` builds and starts this.

use clap::{Parser, Subcommand};
use testenv::{Binaries, Component};

#[derive(Debug, Parser)]
#[command(name = "xtask-cluster", disable_help_subcommand = true)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Make sure that the control plane's executables are there
    ControlPlane,
}

fn main() -> anyhow::Result<()> {
    match Arguments::parse().command {
        Command::ControlPlane => {
            let binaries = Binaries::find()?;
            let names = Component::ALL.map(Component::binary).join(", ");
            println!("  {names} in {}", binaries.dir().display());
        }
    }
    Ok(())
}
