//! `kubectl agreement`: see what waits for you, decide, and see the result.

mod clock;
mod completion;
mod connection;
mod credentials;
mod decision;
mod explain;
mod failure;
mod fetch;
mod history;
mod identity;
mod inbox;
mod kubeconfig;
mod layout;
mod output;
mod proxy;
mod show;
mod status;
mod verify;
mod wait;
mod watch;

use std::ffi::OsString;
use std::path::Path;
use std::process::ExitCode;

use clap::{CommandFactory, Parser, Subcommand};

use connection::Connection;
use failure::{EXIT_STATUS, Failure, Outcome};
use output::warn;

/// Customer agreements: see what waits for you, decide, and see the result.
#[derive(Debug, Parser)]
#[command(
    name = "kubectl-agreement",
    bin_name = "kubectl agreement",
    version,
    about,
    after_help = EXIT_STATUS,
    disable_help_subcommand = true,
    max_term_width = 100
)]
struct Cli {
    #[command(subcommand)]
    command: Command,
    #[command(flatten)]
    connection: Connection,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// What waits for you, earliest deadline first.
    Inbox(inbox::Inbox),
    /// The state of agreements, whom they wait for and until when.
    Status(status::Status),
    /// The agreement to read before you decide: parties, terms compared with the standard, orders, value, digest.
    Show(show::Show),
    /// The customer confirms that the terms are understood and acceptable, and which orders.
    Confirm(decision::Confirm),
    /// The customer does not accept the terms. Final.
    Decline(decision::Decline),
    /// Ask for other terms, as a representative or as a manager who is asked to approve.
    RequestChange(decision::RequestChange),
    /// A delegated manager agrees for the provider.
    Approve(decision::Approve),
    /// A delegated manager does not agree. Final.
    Refuse(decision::Refuse),
    /// The customer signs.
    Sign(decision::Sign),
    /// The provider signs.
    Countersign(decision::Countersign),
    /// Withdraw the agreement before it is sealed. Final.
    Withdraw(decision::Withdraw),
    /// Record what a representative did on paper or in an e-signature tool.
    Attest(decision::Attest),
    /// Everything that happened, with every decision; for those that do not count, why.
    History(history::History),
    /// Check that statuses follow from specs, decisions and rules.
    Verify(verify::Verify),
    /// Wait until an agreement reaches a phase, or waits for you.
    Wait(wait::Wait),
    /// Print a completion script for kubectl or a shell.
    Completion(completion::Completion),
    /// Answer kubectl's request for completions.
    #[command(name = "__complete", hide = true)]
    Complete {
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        words: Vec<String>,
    },
}

fn main() -> ExitCode {
    let mut words: Vec<OsString> = std::env::args_os().collect();
    // kubectl asks for completions by running this executable under another name.
    let called = words.first().and_then(|own| Path::new(own).file_stem()?.to_str());
    if called == Some(completion::ASKED_BY_KUBECTL) {
        words.insert(1, "__complete".into());
    }
    let cli = Cli::parse_from(words);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let outcome = match runtime {
        Ok(runtime) => runtime.block_on(cli.act()),
        Err(error) => Err(Failure::Error(format!("could not start: {error}"))),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            warn(failure.message());
            failure.code()
        }
    }
}

impl Cli {
    async fn act(&self) -> Outcome {
        let connection = &self.connection;
        match &self.command {
            Command::Inbox(command) => command.run(connection).await,
            Command::Confirm(command) => command.run(connection).await,
            Command::Decline(command) => command.run(connection).await,
            Command::RequestChange(command) => command.run(connection).await,
            Command::Approve(command) => command.run(connection).await,
            Command::Refuse(command) => command.run(connection).await,
            Command::Sign(command) => command.run(connection).await,
            Command::Countersign(command) => command.run(connection).await,
            Command::Withdraw(command) => command.run(connection).await,
            Command::Attest(command) => command.run(connection).await,
            Command::Status(command) => command.run(connection).await,
            Command::Show(command) => command.run(connection).await,
            Command::History(command) => command.run(connection).await,
            Command::Verify(command) => command.run(connection).await,
            Command::Wait(command) => command.run(connection).await,
            Command::Completion(command) => {
                command.run();
                Ok(())
            }
            Command::Complete { words } => completion::complete(Cli::command(), words).await,
        }
    }
}
