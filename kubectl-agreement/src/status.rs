//! `status`: the state of agreements, whom they wait for and until when.

use clap::Args;
use countersign_api::CustomerAgreement;
use jiff::Timestamp;
use kube::api::ListParams;
use kube::{Api, Error};

use crate::clock;
use crate::connection::{Connection, Server};
use crate::failure::Outcome;
use crate::fetch::{list, plain_name};
use crate::layout::{BOLD, Table, paragraph};
use crate::output::{self, Form, say};
use crate::watch::Changes;
use countersign_core::text;

/// The arguments of `status`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  kubectl agreement status
  kubectl agreement status norrland-timber-fibre
  kubectl agreement status norrland-timber-fibre --watch")]
pub struct Status {
    /// Name of the agreement; without it, all are listed.
    #[arg(value_name = "AGREEMENT")]
    name: Option<String>,
    /// List the agreements of all namespaces.
    #[arg(short = 'A', long, conflicts_with = "name")]
    all_namespaces: bool,
    /// Keep watching, and show it again after every change.
    #[arg(short, long)]
    watch: bool,
    /// Output format.
    #[arg(short, long)]
    output: Option<Form>,
}

impl Status {
    pub async fn run(&self, connection: &Connection) -> Outcome {
        let server = connection.connect().await?;
        let mut seen = self.read(&server).await?;
        say(&self.shown(&seen, &server, clock::now())?);
        if !self.watch {
            return Ok(());
        }
        loop {
            let namespaces = if self.all_namespaces { Vec::new() } else { vec![server.namespace.clone()] };
            let changes = Changes::open(&server, &namespaces, self.name.as_deref().map(plain_name)).await?;
            let again = self.read(&server).await?;
            if again == seen {
                changes.next().await?;
                continue;
            }
            seen = again;
            say(&format!("\n{}", self.shown(&seen, &server, clock::now())?));
        }
    }

    async fn read(&self, server: &Server) -> Outcome<Vec<CustomerAgreement>> {
        if let Some(name) = &self.name {
            return Ok(vec![server.agreement(name).await?]);
        }
        let api: Api<CustomerAgreement> =
            if self.all_namespaces { server.cluster_wide() } else { server.here() };
        let mut all =
            list(&api, &ListParams::default()).await.map_err(|error: Error| server.failure(&error))?;
        let key = |agreement: &CustomerAgreement| {
            (agreement.metadata.namespace.clone(), agreement.metadata.name.clone())
        };
        all.sort_by_key(key);
        Ok(all)
    }

    fn shown(&self, seen: &[CustomerAgreement], server: &Server, now: Timestamp) -> Outcome<String> {
        match (self.output, seen) {
            (Some(Form::Name), _) => Ok(seen.iter().map(output::name).collect()),
            (Some(form @ (Form::Json | Form::Yaml)), [one]) if self.name.is_some() => {
                output::machine(form, &output::object(one)?)
            }
            (Some(form @ (Form::Json | Form::Yaml)), _) => output::machine(
                form,
                &output::items(&seen.iter().map(output::object).collect::<Outcome<Vec<_>>>()?),
            ),
            (None, [one]) if self.name.is_some() => Ok(details(one, now)),
            (_, []) => {
                let place = if self.all_namespaces {
                    "in any namespace".to_owned()
                } else {
                    format!("in the namespace {}", server.namespace)
                };
                Ok(paragraph(&format!("There is no agreement {place}."), "", ""))
            }
            (form, _) => Ok(self.table(seen, form == Some(Form::Wide), now)),
        }
    }

    fn table(&self, seen: &[CustomerAgreement], wide: bool, now: Timestamp) -> String {
        let mut table = Table::default().giving_way("AGREEMENT", 4).whole("PHASE");
        table = table.giving_way("WAITING FOR", 8).whole("LEFT");
        if wide {
            table = table.whole("REV").whole("TERMS").whole("VALUE").whole("CUSTOMER").whole("OFFER ENDS");
        }
        for agreement in seen {
            let status = agreement.status.clone().unwrap_or_default();
            let name = agreement.metadata.name.clone().unwrap_or_default();
            let key = match &agreement.metadata.namespace {
                Some(namespace) if self.all_namespaces => format!("{namespace}/{name}"),
                _ => name,
            };
            let deadlines = status.waiting_for.iter().filter_map(|wait| wait.deadline_time.as_ref());
            let left = deadlines.map(|time| time.0).min().map(|until| text::left(until, now));
            let mut cells = vec![
                key,
                status.phase.unwrap_or_else(|| "Pending".to_owned()),
                text::excerpt(&status.waiting_on.unwrap_or_default()),
                left.unwrap_or_default(),
            ];
            if wide {
                let value =
                    status.value.and_then(|value| Some(format!("{} {}", value.currency, value.total?)));
                cells.push(status.terms.map_or_else(String::new, |terms| terms.revision.to_string()));
                cells.push(status.classification.map_or_else(String::new, |class| format!("{class:?}")));
                cells.push(value.unwrap_or_default());
                cells.push(text::name(&agreement.spec.customer.name));
                cells.push(text::moment(agreement.spec.offer_end_time.0, now));
            }
            table.row(cells);
        }
        table.render(wide)
    }
}

/// One agreement in detail.
fn details(agreement: &CustomerAgreement, now: Timestamp) -> String {
    let status = agreement.status.clone().unwrap_or_default();
    let name = agreement.metadata.name.as_deref().unwrap_or_default();
    let phase = status.phase.as_deref().unwrap_or("Pending");
    let mut out = format!("{BOLD}{}{BOLD:#}", paragraph(&format!("{name}: {phase}"), "", "  "));
    let mut fact = |name: &str, value: &str| {
        out.push_str(&paragraph(value, &format!("  {name:<12} "), "               "));
    };
    fact("title", &text::name(&agreement.spec.title));
    fact("customer", &text::name(&agreement.spec.customer.name));
    fact("offer", &text::left_until(agreement.spec.offer_end_time.0, now));
    if let Some(class) = status.classification {
        let deviations = text::count(status.deviations.len(), "deviation");
        fact("terms", &format!("{class:?}, {deviations}"));
    }
    if let Some((currency, total)) = status.value.and_then(|value| Some((value.currency, value.total?))) {
        fact("value", &format!("{currency} {total}"));
    }
    for wait in &status.waiting_for {
        let left = wait.deadline_time.as_ref().map(|until| format!(": {}", text::left_until(until.0, now)));
        let who = text::people(&wait.who);
        fact("waits for", &format!("{who} to {}{}", wait.action.verb(), left.unwrap_or_default()));
    }
    if let Some(change) = &status.change_request {
        fact("change", &format!("{} asks: {}", text::user(&change.username), text::reason(&change.reason)));
    }
    for condition in &status.conditions {
        fact(
            &condition.type_,
            &format!("{} ({}) {}", condition.status, condition.reason, text::passage(&condition.message)),
        );
    }
    if let Some(closed) = &status.closed {
        fact(
            "ended",
            &format!(
                "{:?} {}: {}",
                closed.outcome,
                text::moment(closed.time.0, now),
                text::passage(&closed.reason)
            ),
        );
    }
    for order in &status.orders {
        let word = match (order.confirmed, &order.order_request_name) {
            (None, _) => "not confirmed yet".to_owned(),
            (Some(false), _) => "left out".to_owned(),
            (Some(true), None) => "confirmed".to_owned(),
            (Some(true), Some(request)) => format!("passed on as {request}"),
        };
        fact("order", &format!("{} {word}", text::id(&order.id)));
    }
    if let Some(terms) = &status.terms {
        fact("revision", &terms.revision.to_string());
        fact("digest", "of the terms:");
        out.push_str(&format!("  {}\n", terms.digest));
    }
    if let Some(digest) = status.confirmation.as_ref().and_then(|confirmation| confirmation.digest.as_ref()) {
        out.push_str(&format!("  {:<12} of the confirmation:\n  {digest}\n", "digest"));
    }
    if !status.ignored_decisions.is_empty() {
        let count = text::count(status.ignored_decisions.len(), "decision");
        out.push_str(&paragraph(
            &format!("{count} without effect: `kubectl agreement history {name}` says why."),
            "",
            "",
        ));
    }
    out
}
