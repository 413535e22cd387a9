//! The commands, one file a subject.

mod export;
mod input;
mod outcome;
mod plan;
mod print;
mod run;
mod verify;

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use countersign::admission;

use outcome::{CANNOT_BE_USED, say};

/// Obtains customer agreements: confirmation, escalation, sign-off, and the order requests that follow.
#[derive(Parser)]
#[command(version, about)]
pub(crate) struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run the operator.
    Run(run::Run),
    /// Print the five CustomResourceDefinitions as YAML.
    Crds,
    /// Print the admission policies that keep decisions from being forged as YAML.
    Admission {
        /// Username of the operator, which alone writes outcomes.
        #[arg(long, default_value = admission::OPERATOR)]
        operator: String,
    },
    /// Say what would become of agreements in files, before anybody is asked. Needs no cluster.
    Plan(plan::Plan),
    /// Say of an export whether its statuses follow from its objects. Needs no cluster.
    Verify(verify::Verify),
    /// Write an export as TM Forum documents: TMF651 agreements and specifications, TMF622 product orders. Needs no cluster.
    Export(export::ExportTo),
}

impl Cli {
    /// Does what was asked for.
    pub(crate) fn act(self) -> ExitCode {
        let outcome = match self.command {
            Command::Run(arguments) => run::run(arguments),
            Command::Crds => print::crds(),
            Command::Admission { operator } => print::admission(&operator),
            Command::Plan(arguments) => return usable(plan::plan(&arguments)),
            Command::Verify(arguments) => return usable(verify::verify(&arguments)),
            Command::Export(arguments) => return usable(export::export(&arguments)),
        };
        match outcome {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                say(&error.to_string());
                ExitCode::FAILURE
            }
        }
    }
}

fn usable(outcome: Result<ExitCode, String>) -> ExitCode {
    outcome.unwrap_or_else(|error| {
        say(&error);
        ExitCode::from(CANNOT_BE_USED)
    })
}
