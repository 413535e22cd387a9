//! What the deciding commands are given.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Subcommand, ValueEnum};
use countersign_api::agreement_decision::{Evidence, Statement};
use countersign_api::{Action, CustomerAgreement};
use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use sha2::{Digest, Sha256};

use super::draft::{Act, LeftOut};
use super::{decide, sheet};
use crate::connection::{Connection, Server, duration, namespace};
use crate::failure::{Failure, Outcome};
use crate::fetch::named;
use crate::output::Form;

/// What they all take.
#[derive(Debug, Args)]
pub struct Common {
    /// Name of the agreement.
    #[arg(value_name = "AGREEMENT", required_unless_present = "file")]
    name: Option<String>,
    /// The agreement as it was sent to you, for who may not read it: the output of `show --for customer -o yaml`; `-` is
    /// standard input.
    #[arg(short, long, value_name = "FILE", conflicts_with = "name")]
    file: Option<PathBuf>,
    /// Decide only if what there is to decide on has this digest, as you read it.
    #[arg(long, value_name = "sha256:...")]
    pub digest: Option<String>,
    /// Do not ask. For scripts.
    #[arg(short, long)]
    pub yes: bool,
    /// Make it even if it would not count.
    #[arg(long)]
    pub anyway: bool,
    /// Let the server check it, and store nothing.
    #[arg(long, value_enum, value_name = "server")]
    pub dry_run: Option<DryRun>,
    /// How long to wait for what becomes of it.
    #[arg(long, default_value = "30s", value_parser = duration, value_name = "TIME")]
    pub timeout: Duration,
    /// Do not wait for what becomes of it.
    #[arg(long)]
    pub no_wait: bool,
    /// In another form.
    #[arg(short, long)]
    pub output: Option<Form>,
}

/// Where a dry run takes place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum DryRun {
    /// On the server, which checks everything.
    Server,
}

/// The agreement that is decided on.
pub struct Place {
    /// Its name.
    pub name: String,
    /// Its namespace.
    pub namespace: String,
    /// The agreement itself, where it was sent.
    pub sheet: Option<CustomerAgreement>,
}

impl Common {
    /// The agreement as it was sent.
    pub fn sheet(&self) -> Outcome<Option<CustomerAgreement>> {
        self.file.as_deref().map(sheet).transpose()
    }

    /// Where the agreement is.
    pub fn place(&self, server: &Server, sheet: Option<CustomerAgreement>) -> Outcome<Place> {
        let Some(sheet) = sheet else {
            let name = named(self.name.as_deref().unwrap_or_default())?.to_owned();
            return Ok(Place { name, namespace: server.namespace.clone(), sheet: None });
        };
        Ok(Place {
            name: named(sheet.metadata.name.as_deref().unwrap_or_default())?.to_owned(),
            namespace: match &sheet.metadata.namespace {
                Some(own) => namespace(own).map_err(Failure::Usage)?,
                None => server.namespace.clone(),
            },
            sheet: Some(sheet),
        })
    }
}

/// Which authority, where several fit.
#[derive(Debug, Default, Args)]
pub struct Authority {
    /// The function to act for, where several are yours.
    #[arg(long, value_name = "FUNCTION")]
    function: Option<String>,
    /// The level to act with, where several are yours; else the lowest that is enough.
    #[arg(long, value_name = "LEVEL")]
    level: Option<String>,
    /// Whom to act for, where you stand in for several, or hold the authority yourself too; else you act in person.
    #[arg(long, value_name = "USERNAME")]
    on_behalf_of: Option<String>,
}

/// Which orders, and which statements.
#[derive(Debug, Default, Args)]
pub struct Statements {
    /// State only that the terms are understood.
    #[arg(long, conflicts_with = "only_acceptable")]
    only_understood: bool,
    /// State only that the terms are acceptable.
    #[arg(long)]
    only_acceptable: bool,
    /// Leave an order out, with the reason if you like; may be given several times.
    #[arg(long, value_name = "ORDER[=REASON]", value_parser = left_out, conflicts_with = "only_understood")]
    leave_out: Vec<LeftOut>,
}

impl Statements {
    fn statements(&self) -> Vec<Statement> {
        match (self.only_understood, self.only_acceptable) {
            (true, _) => vec![Statement::Understood],
            (_, true) => vec![Statement::Acceptable],
            _ => vec![Statement::Understood, Statement::Acceptable],
        }
    }
}

fn left_out(text: &str) -> Result<LeftOut, String> {
    let (order, reason) = text.split_once('=').map_or((text, None), |(order, reason)| (order, Some(reason)));
    if order.is_empty() {
        return Err("name the order".to_owned());
    }
    Ok(LeftOut {
        order: order.to_owned(),
        reason: reason.filter(|reason| !reason.is_empty()).map(str::to_owned),
    })
}

/// A reason in your own words.
#[derive(Debug, Args)]
pub struct Reason {
    /// Why, in your own words.
    #[arg(short, long, value_name = "WORDS", value_parser = words)]
    reason: String,
}

fn words(text: &str) -> Result<String, String> {
    let length = text.chars().count();
    if text.trim().is_empty() || length > 1024 {
        return Err(format!("a reason has 1 to 1024 characters, and this one {length}"));
    }
    Ok(text.to_owned())
}

/// The arguments of `confirm`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  kubectl agreement confirm havlink-fleet
  kubectl agreement confirm havlink-fleet --leave-out 'handsets=we have enough'
  kubectl agreement confirm -f agreement-sheet.yaml        # for who may not read it")]
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
  kubectl agreement sign -f agreement-sheet.yaml           # for who may not read it")]
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

/// What shows the act that is recorded.
#[derive(Debug, Args)]
pub struct Record {
    /// Username of the representative whose act it is.
    #[arg(long = "for", value_name = "USERNAME")]
    representative: String,
    /// How it was done.
    #[arg(long, default_value = "Paper", value_name = "WORD")]
    channel: String,
    /// Where the record lies.
    #[arg(long)]
    uri: String,
    /// The record itself, such as a scan: its SHA-256 goes into the decision, the file goes nowhere.
    #[arg(long, value_name = "FILE", required_unless_present = "record_digest")]
    record: Option<PathBuf>,
    /// SHA-256 of the record, where the file is not at hand.
    #[arg(long, value_name = "sha256:...", conflicts_with = "record")]
    record_digest: Option<String>,
    /// When it was signed, as the record says.
    #[arg(long, value_name = "TIME", value_parser = time)]
    signed_at: Timestamp,
}

fn time(text: &str) -> Result<Timestamp, String> {
    text.parse().map_err(|_| format!("{text:?} is not a time; write it like 2026-11-24T10:00:00Z"))
}

impl Record {
    fn evidence(&self) -> Outcome<Evidence> {
        let digest = match (&self.record_digest, &self.record) {
            (Some(digest), _) => digest.clone(),
            (None, Some(file)) => {
                let bytes = std::fs::read(file)
                    .map_err(|error| format!("cannot read {}: {error}", file.display()))?;
                if bytes.is_empty() {
                    return Err(Failure::Error(format!("{} is empty", file.display())));
                }
                let hex: String = Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect();
                format!("sha256:{hex}")
            }
            (None, None) => {
                return Err(Failure::Usage("name the --record, or its --record-digest".to_owned()));
            }
        };
        Ok(Evidence {
            channel: self.channel.clone(),
            uri: self.uri.clone(),
            digest,
            signed_time: Time(self.signed_at),
        })
    }

    fn put(&self, act: &mut Act) -> Outcome {
        act.evidence = Some(self.evidence()?);
        act.representative = Some(self.representative.clone());
        Ok(())
    }
}

impl Confirm {
    /// Does it.
    pub async fn run(&self, connection: &Connection) -> Outcome {
        let mut act = Act::new(Action::Confirm);
        act.statements = self.statements.statements();
        act.left_out.clone_from(&self.statements.leave_out);
        decide(connection, &self.common, &act).await
    }
}

impl Decline {
    /// Does it.
    pub async fn run(&self, connection: &Connection) -> Outcome {
        decide(connection, &self.common, &Act::new(Action::Decline).because(&self.reason.reason)).await
    }
}

impl RequestChange {
    /// Does it.
    pub async fn run(&self, connection: &Connection) -> Outcome {
        let act = Act::new(Action::RequestChange).because(&self.reason.reason).with(&self.authority);
        decide(connection, &self.common, &act).await
    }
}

impl Approve {
    /// Does it.
    pub async fn run(&self, connection: &Connection) -> Outcome {
        let mut act = Act::new(Action::Approve).with(&self.authority);
        act.reason.clone_from(&self.reason);
        decide(connection, &self.common, &act).await
    }
}

impl Refuse {
    /// Does it.
    pub async fn run(&self, connection: &Connection) -> Outcome {
        let act = Act::new(Action::Refuse).because(&self.reason.reason).with(&self.authority);
        decide(connection, &self.common, &act).await
    }
}

impl Sign {
    /// Does it.
    pub async fn run(&self, connection: &Connection) -> Outcome {
        decide(connection, &self.common, &Act::new(Action::Sign)).await
    }
}

impl Countersign {
    /// Does it.
    pub async fn run(&self, connection: &Connection) -> Outcome {
        decide(connection, &self.common, &Act::new(Action::Countersign)).await
    }
}

impl Withdraw {
    /// Does it.
    pub async fn run(&self, connection: &Connection) -> Outcome {
        decide(connection, &self.common, &Act::new(Action::Withdraw).because(&self.reason.reason)).await
    }
}

impl Attest {
    /// Does it.
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
