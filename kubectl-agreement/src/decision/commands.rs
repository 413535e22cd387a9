//! The commands that make a decision, one for each action.

use clap::{Args, Subcommand};
use countersign_api::Action;

use super::arguments::{Authority, Common, Reason, Statements, words};
use super::draft::Act;
use super::make::decide;
use super::record::Record;
use crate::connection::Connection;
use crate::failure::Outcome;

/// The arguments of `confirm`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  kubectl agreement confirm havlink-fleet
  kubectl agreement confirm havlink-fleet --leave-out 'handsets=we have enough'
  kubectl agreement confirm -f agreement-sheet.yaml        # if you may not read it")]
pub struct Confirm {
    #[command(flatten)]
    common: Common,
    #[command(flatten)]
    statements: Statements,
}

/// The arguments of `decline`.
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  kubectl agreement decline cafe-corner-voice --reason '24 months is too long'")]
pub struct Decline {
    #[command(flatten)]
    common: Common,
    #[command(flatten)]
    reason: Reason,
}

/// The arguments of `request-change`.
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  kubectl agreement request-change havlink-fleet --reason 'payment within 60 days, please'")]
pub struct RequestChange {
    #[command(flatten)]
    common: Common,
    #[command(flatten)]
    reason: Reason,
    #[command(flatten)]
    authority: Authority,
}

/// The arguments of `approve`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  kubectl agreement approve havlink-fleet
  kubectl agreement approve havlink-fleet --function sales --on-behalf-of r.lind")]
pub struct Approve {
    #[command(flatten)]
    common: Common,
    /// Why, in your own words.
    #[arg(short, long, value_name = "WORDS", value_parser = words)]
    reason: Option<String>,
    #[command(flatten)]
    authority: Authority,
}

/// The arguments of `refuse`.
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  kubectl agreement refuse havlink-fleet --reason 'not at this discount'")]
pub struct Refuse {
    #[command(flatten)]
    common: Common,
    #[command(flatten)]
    reason: Reason,
    #[command(flatten)]
    authority: Authority,
}

/// The arguments of `sign`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  kubectl agreement sign norrland-timber-fibre
  kubectl agreement sign -f agreement-sheet.yaml           # if you may not read it")]
pub struct Sign {
    #[command(flatten)]
    common: Common,
}

/// The arguments of `countersign`.
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  kubectl agreement countersign norrland-timber-fibre")]
pub struct Countersign {
    #[command(flatten)]
    common: Common,
}

/// The arguments of `withdraw`.
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  kubectl agreement withdraw norrland-timber-fibre --reason 'offered by mistake'")]
pub struct Withdraw {
    #[command(flatten)]
    common: Common,
    #[command(flatten)]
    reason: Reason,
}

/// The arguments of `attest`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  kubectl agreement attest sign norrland-timber-fibre --for eva.lund@norrland-timber.example \\
      --channel Paper --record signed.pdf --uri https://archive.example/4711 --signed-at 2026-11-24T10:00:00Z
  kubectl agreement attest confirm norrland-timber-fibre --for eva.lund@norrland-timber.example \\
      --channel ESignature --record-digest sha256:... --uri https://sign.example/envelopes/1 --signed-at 2026-11-24T10:00:00Z")]
pub struct Attest {
    #[command(subcommand)]
    act: Attested,
}

#[derive(Debug, Subcommand)]
enum Attested {
    /// Record that a representative confirmed.
    #[command(
        after_help = "Example:\n  kubectl agreement attest confirm AGREEMENT --for USERNAME --record FILE --uri URI --signed-at TIME"
    )]
    Confirm {
        #[command(flatten)]
        common: Common,
        #[command(flatten)]
        record: Record,
        #[command(flatten)]
        statements: Statements,
    },
    /// Record that a representative declined.
    #[command(
        after_help = "Example:\n  kubectl agreement attest decline AGREEMENT --reason WORDS --for USERNAME --record FILE --uri URI --signed-at TIME"
    )]
    Decline {
        #[command(flatten)]
        common: Common,
        #[command(flatten)]
        record: Record,
        #[command(flatten)]
        reason: Reason,
    },
    /// Record that a representative asked for other terms.
    #[command(
        after_help = "Example:\n  kubectl agreement attest request-change AGREEMENT --reason WORDS --for USERNAME --record FILE --uri URI --signed-at TIME"
    )]
    RequestChange {
        #[command(flatten)]
        common: Common,
        #[command(flatten)]
        record: Record,
        #[command(flatten)]
        reason: Reason,
    },
    /// Record that a representative signed.
    #[command(
        after_help = "Example:\n  kubectl agreement attest sign AGREEMENT --for USERNAME --record FILE --uri URI --signed-at TIME"
    )]
    Sign {
        #[command(flatten)]
        common: Common,
        #[command(flatten)]
        record: Record,
    },
}

impl Confirm {
    pub async fn run(&self, connection: &Connection) -> Outcome {
        let mut act = Act::new(Action::Confirm);
        act.statements = self.statements.statements();
        act.left_out.clone_from(&self.statements.leave_out);
        decide(connection, &self.common, &act).await
    }
}

impl Decline {
    pub async fn run(&self, connection: &Connection) -> Outcome {
        decide(connection, &self.common, &Act::new(Action::Decline).because(&self.reason.reason)).await
    }
}

impl RequestChange {
    pub async fn run(&self, connection: &Connection) -> Outcome {
        let act = Act::new(Action::RequestChange).because(&self.reason.reason).with(&self.authority);
        decide(connection, &self.common, &act).await
    }
}

impl Approve {
    pub async fn run(&self, connection: &Connection) -> Outcome {
        let mut act = Act::new(Action::Approve).with(&self.authority);
        act.reason.clone_from(&self.reason);
        decide(connection, &self.common, &act).await
    }
}

impl Refuse {
    pub async fn run(&self, connection: &Connection) -> Outcome {
        let act = Act::new(Action::Refuse).because(&self.reason.reason).with(&self.authority);
        decide(connection, &self.common, &act).await
    }
}

impl Sign {
    pub async fn run(&self, connection: &Connection) -> Outcome {
        decide(connection, &self.common, &Act::new(Action::Sign)).await
    }
}

impl Countersign {
    pub async fn run(&self, connection: &Connection) -> Outcome {
        decide(connection, &self.common, &Act::new(Action::Countersign)).await
    }
}

impl Withdraw {
    pub async fn run(&self, connection: &Connection) -> Outcome {
        decide(connection, &self.common, &Act::new(Action::Withdraw).because(&self.reason.reason)).await
    }
}

impl Attest {
    pub async fn run(&self, connection: &Connection) -> Outcome {
        let (common, record, mut act) = match &self.act {
            Attested::Confirm { common, record, statements } => {
                let mut act = Act::new(Action::Confirm);
                act.statements = statements.statements();
                act.left_out.clone_from(&statements.leave_out);
                (common, record, act)
            }
            Attested::Decline { common, record, reason } => {
                (common, record, Act::new(Action::Decline).because(&reason.reason))
            }
            Attested::RequestChange { common, record, reason } => {
                (common, record, Act::new(Action::RequestChange).because(&reason.reason))
            }
            Attested::Sign { common, record } => (common, record, Act::new(Action::Sign)),
        };
        record.put(&mut act)?;
        decide(connection, common, &act).await
    }
}

impl Act {
    fn because(mut self, reason: &str) -> Self {
        self.reason = Some(reason.to_owned());
        self
    }

    fn with(mut self, authority: &Authority) -> Self {
        self.function.clone_from(&authority.function);
        self.level.clone_from(&authority.level);
        self.on_behalf_of.clone_from(&authority.on_behalf_of);
        self
    }
}
