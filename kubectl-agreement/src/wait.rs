//! `wait`: until an agreement reaches a phase, or waits for you.

use std::time::Duration;

use clap::Args;
use countersign_api::CustomerAgreement;

use crate::connection::{Connection, Server, duration};
use crate::failure::{Failure, Outcome};
use crate::fetch::named;
use crate::output::say;
use crate::watch::Changes;
use countersign_core::text;

/// The arguments of `wait`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  kubectl agreement wait norrland-timber-fibre --timeout 14d
  kubectl agreement wait norrland-timber-fibre --for AwaitingSignOff
  kubectl agreement wait norrland-timber-fibre --for me        # until I am asked for something")]
pub struct Wait {
    /// Name of the agreement.
    #[arg(value_name = "AGREEMENT")]
    name: String,
    /// The phase to wait for; `me`: until it waits for you.
    #[arg(long = "for", default_value = "Agreed", value_name = "PHASE|me")]
    state: String,
    /// How long to wait.
    #[arg(long, default_value = "30s", value_parser = duration, value_name = "TIME")]
    timeout: Duration,
}

/// Every phase.
const PHASES: [&str; 11] = [
    "Pending",
    "AwaitingConfirmation",
    "Escalated",
    "Revising",
    "AwaitingSignOff",
    "IssuingOrders",
    "Agreed",
    "Declined",
    "Refused",
    "Withdrawn",
    "Expired",
];

impl Wait {
    pub async fn run(&self, connection: &Connection) -> Outcome {
        if self.state != "me" && !PHASES.contains(&self.state.as_str()) {
            let known = text::join_or(&PHASES);
            return Err(Failure::Usage(format!("--for {:?} is not a phase; use `me`, {known}", self.state)));
        }
        let name = named(&self.name)?;
        let server = connection.connect().await?;
        let mut last = None;
        let reached = tokio::time::timeout(self.timeout, self.until(&server, name, &mut last)).await;
        reached.unwrap_or_else(|_| {
            Err(Failure::Unanswered(format!(
                "{} was not {} within {} s; it is {}",
                name,
                self.state,
                self.timeout.as_secs(),
                last.unwrap_or_else(|| "unknown".to_owned())
            )))
        })
    }

    async fn until(&self, server: &Server, name: &str, last: &mut Option<String>) -> Outcome {
        let me = if self.state == "me" { Some(crate::identity::Me::ask(server).await?) } else { None };
        loop {
            let changes = Changes::open(server, std::slice::from_ref(&server.namespace), Some(name)).await?;
            let agreement = server.agreement(name).await?;
            let policy = match &me {
                Some(_) => server.policy_of(&agreement).await?,
                None => None,
            };
            let there = match &me {
                Some(me) => {
                    let policy = policy.as_ref().map(|policy| &policy.spec);
                    !countersign_core::decide::eligibility::asked(&agreement, policy, me.person()).is_empty()
                }
                None => phase(&agreement) == self.state,
            };
            if there {
                say(&format!("{name} is {}\n", phase(&agreement)));
                return Ok(());
            }
            if let Some(closed) = agreement.status.as_ref().and_then(|status| status.closed.as_ref()) {
                return Err(Failure::Error(format!(
                    "{name} ended, and will not be {}: {:?}, {}",
                    self.state,
                    closed.outcome,
                    text::passage(&closed.reason)
                )));
            }
            if phase(&agreement) == "Agreed" {
                return Err(Failure::Error(format!("{name} is Agreed, and will not be {}", self.state)));
            }
            *last = Some(phase(&agreement).to_owned());
            changes.next().await?;
        }
    }
}

fn phase(agreement: &CustomerAgreement) -> &str {
    agreement.status.as_ref().and_then(|status| status.phase.as_deref()).unwrap_or("Pending")
}
