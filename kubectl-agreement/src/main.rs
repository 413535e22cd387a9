//! `kubectl agreement`: what waits for you, decide, and see what became of it.

mod connection;
mod decision;
mod explain;
mod failure;
mod identity;
mod inbox;
mod layout;
mod moments;
mod output;
mod reading;
mod watching;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use connection::Connection;
use failure::{EXIT_STATUS, Failure, Outcome};
use output::warn;

/// Customer agreements: what waits for you, decide, and see what became of it.
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
    /// What waits for you, what ends first on top.
    Inbox(inbox::Inbox),
    /// The customer confirms: the terms are understood and acceptable, with which orders.
    Confirm(decision::Confirm),
    /// The customer does not accept the terms. Final.
    Decline(decision::Decline),
    /// Ask for other terms, as a representative or as somebody who is asked to approve.
    RequestChange(decision::RequestChange),
    /// A delegated manager agrees for the provider.
    Approve(decision::Approve),
    /// A delegated manager does not agree. Final.
    Refuse(decision::Refuse),
    /// The customer signs.
    Sign(decision::Sign),
    /// The provider signs.
    Countersign(decision::Countersign),
    /// Take the agreement back before it is sealed. Final.
    Withdraw(decision::Withdraw),
    /// Record what a representative did on paper or in an e-signature tool.
    Attest(decision::Attest),
}

fn main() -> ExitCode {
    let cli = Cli::parse();
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
        if let Some(username) = &self.connection.impersonate {
            warn(&format!(
                "WARNING: you act as {username}. What you decide is decided in that person's name, and the audit log \
                 shows that it was you."
            ));
        }
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
        }
    }
}
