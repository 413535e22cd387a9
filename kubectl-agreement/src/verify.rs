//! `verify`: checks that statuses follow from specs, decisions and rules.

use clap::{Args, ValueEnum};
use countersign_api::{AgreementDecision, CustomerAgreement, DelegationPolicy, OrderRequest, StandardTerms};
use countersign_core::verify::{Export, verify};
use kube::api::ListParams;
use serde_json::Value;

use crate::connection::{Connection, Server};
use crate::failure::{Failure, Outcome};
use crate::fetch::{list, plain_name};
use crate::output::{self, say};

/// The arguments of `verify`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  kubectl agreement verify
  kubectl agreement verify norrland-timber-fibre -o json")]
pub struct Verify {
    /// Names of the agreements; without any, all in the namespace.
    #[arg(value_name = "AGREEMENT")]
    names: Vec<String>,
    /// Output format.
    #[arg(short, long)]
    output: Option<ReportForm>,
    /// Fail as well if something could not be checked.
    #[arg(long)]
    strict: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum ReportForm {
    Json,
    Yaml,
}

impl Verify {
    pub async fn run(&self, connection: &Connection) -> Outcome {
        let server = connection.connect().await?;
        for name in &self.names {
            server.agreement(name).await?;
        }
        let mut report = verify(&export(&server).await?);
        if !self.names.is_empty() {
            report.agreements.retain(|own| self.names.iter().any(|name| plain_name(name) == own.name));
            report.strays.clear();
        }
        if report.agreements.is_empty() && report.strays.is_empty() {
            return Err(Failure::Error(format!(
                "there is no agreement in the namespace {}",
                server.namespace
            )));
        }
        let report = report.sum_up();
        match self.output {
            None => say(&report.to_string()),
            Some(form) => {
                let value: Value = serde_json::to_value(&report)
                    .map_err(|error| format!("the report cannot be written: {error}"))?;
                let form = if form == ReportForm::Yaml { output::Form::Yaml } else { output::Form::Json };
                say(&output::machine(form, &value)?);
            }
        }
        let holds = if self.strict { report.holds_whole() } else { report.holds() };
        if holds { Ok(()) } else { Err(Failure::Error("some checks failed; see the report".to_owned())) }
    }
}

/// What an export of the namespace would contain. What the user may not read is not checked, and the report says so.
async fn export(server: &Server) -> Outcome<Export> {
    let all = ListParams::default();
    let mut items: Vec<Value> = Vec::new();
    let agreements =
        list(&server.here::<CustomerAgreement>(), &all).await.map_err(|error| server.failure(&error))?;
    items.extend(agreements.iter().map(output::object).collect::<Outcome<Vec<_>>>()?);
    let decisions =
        list(&server.here::<AgreementDecision>(), &all).await.map_err(|error| server.failure(&error))?;
    items.extend(decisions.iter().map(output::object).collect::<Outcome<Vec<_>>>()?);
    let requests = server.permitted(list(&server.here::<OrderRequest>(), &all).await)?;
    items.extend(requests.iter().flatten().map(output::object).collect::<Outcome<Vec<_>>>()?);
    let catalogues = server.permitted(list(&server.cluster_wide::<StandardTerms>(), &all).await)?;
    items.extend(catalogues.iter().flatten().map(output::object).collect::<Outcome<Vec<_>>>()?);
    let policies = server.permitted(list(&server.cluster_wide::<DelegationPolicy>(), &all).await)?;
    items.extend(policies.iter().flatten().map(output::object).collect::<Outcome<Vec<_>>>()?);
    let mut export = Export::default();
    export.read(&server.url, &output::items(&items).to_string());
    Ok(export)
}
