//! The arguments that several of the deciding commands take.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};
use countersign_api::CustomerAgreement;
use countersign_api::agreement_decision::Statement;

use super::draft::LeftOut;
use super::sheet::sheet;
use crate::connection::{Server, duration, namespace};
use crate::failure::{Failure, Outcome};
use crate::fetch::named;
use crate::output::Form;

/// The arguments of all of them.
#[derive(Debug, Args)]
pub struct Common {
    /// Name of the agreement.
    #[arg(value_name = "AGREEMENT", required_unless_present = "file")]
    name: Option<String>,
    /// The agreement as it was sent to you, if you may not read it in the cluster: the output of `show --for customer -o
    /// yaml`; `-` is standard input.
    #[arg(short, long, value_name = "FILE", conflicts_with = "name")]
    file: Option<PathBuf>,
    /// Decide only if the agreement still has this digest, which you read.
    #[arg(long, value_name = "sha256:...")]
    pub digest: Option<String>,
    /// Do not ask for confirmation. For scripts.
    #[arg(short, long)]
    pub yes: bool,
    /// Make the decision even if it would not count.
    #[arg(long)]
    pub anyway: bool,
    /// Let the server validate it, and store nothing.
    #[arg(long, value_enum, value_name = "server")]
    pub dry_run: Option<DryRun>,
    /// How long to wait for the operator's answer.
    #[arg(long, default_value = "30s", value_parser = duration, value_name = "TIME")]
    pub timeout: Duration,
    /// Do not wait for the operator's answer.
    #[arg(long)]
    pub no_wait: bool,
    /// Output format.
    #[arg(short, long)]
    pub output: Option<Form>,
}

/// Where a dry run takes place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum DryRun {
    /// On the server, which validates everything.
    Server,
}

/// The agreement that is decided on.
pub struct Place {
    /// Its name.
    pub name: String,
    /// Its namespace.
    pub namespace: String,
    /// The agreement itself, if it was sent as a file.
    pub sheet: Option<CustomerAgreement>,
}

impl Common {
    /// Reads the agreement as it was sent.
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

/// Which authority, if several fit.
#[derive(Debug, Default, Args)]
pub struct Authority {
    /// The function to act for, if you hold several.
    #[arg(long, value_name = "FUNCTION")]
    pub function: Option<String>,
    /// The level to act with, if you hold several; by default the lowest that is enough.
    #[arg(long, value_name = "LEVEL")]
    pub level: Option<String>,
    /// Whom to act for, if you stand in for several people or hold the authority yourself too; by default you act in person.
    #[arg(long, value_name = "USERNAME")]
    pub on_behalf_of: Option<String>,
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
    /// Leave an order out, with an optional reason; may be given several times.
    #[arg(long, value_name = "ORDER[=REASON]", value_parser = left_out, conflicts_with = "only_understood")]
    pub leave_out: Vec<LeftOut>,
}

impl Statements {
    /// What a Confirm states.
    pub fn statements(&self) -> Vec<Statement> {
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
    pub reason: String,
}

/// Checks that a decision has room for a reason.
pub fn words(text: &str) -> Result<String, String> {
    let length = text.chars().count();
    if text.trim().is_empty() || length > 1024 {
        return Err(format!("a reason must have 1 to 1024 characters, and this one has {length}"));
    }
    Ok(text.to_owned())
}
