//! `history`: everything that happened to an agreement, with every decision; for those that do not count, why.

use std::collections::BTreeMap;
use std::sync::Arc;

use clap::Args;
use countersign_api::{Action, AgreementDecision, CustomerAgreement};
use countersign_core::decide::dry_run::{Effect, effect};
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::clock;
use crate::connection::Connection;
use crate::failure::Outcome;
use crate::layout::{BOLD, DIM, paragraph};
use crate::output::{self, Form, say};
use countersign_core::text;

/// The arguments of `history`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  kubectl agreement history norrland-timber-fibre
  kubectl agreement history norrland-timber-fibre -o json")]
pub struct History {
    /// Name of the agreement.
    #[arg(value_name = "AGREEMENT")]
    name: String,
    /// Output format.
    #[arg(short, long)]
    output: Option<Form>,
}

/// One thing that happened.
#[derive(Debug, PartialEq, Eq)]
struct Happened {
    time: Timestamp,
    what: String,
    /// Details, shown below it.
    more: Option<String>,
    /// The decision, if it was one.
    decision: Option<String>,
    /// Whether it has an effect.
    counts: bool,
}

impl History {
    pub async fn run(&self, connection: &Connection) -> Outcome {
        let server = connection.connect().await?;
        let agreement = server.agreement(&self.name).await?;
        let decisions = server.decisions(&agreement).await.map_err(|error| server.failure(&error))?;
        let happened = time_line(&agreement, &decisions);
        match self.output {
            Some(Form::Name) => {
                let made = happened.iter().filter_map(|one| one.decision.as_ref());
                say(&made
                    .map(|name| format!("agreementdecision.countersign.dev/{name}\n"))
                    .collect::<String>());
            }
            Some(form @ (Form::Json | Form::Yaml)) => {
                let lines: Vec<Value> = happened.iter().map(Happened::value).collect();
                say(&output::machine(form, &json!(lines))?);
            }
            Some(Form::Wide) | None => say(&text(&agreement, &happened, clock::now())),
        }
        Ok(())
    }
}

impl Happened {
    fn value(&self) -> Value {
        json!({
            "time": self.time.to_string(), "what": self.what, "more": self.more, "decision": self.decision,
            "counts": self.counts,
        })
    }
}

fn text(agreement: &CustomerAgreement, happened: &[Happened], now: Timestamp) -> String {
    let name = agreement.metadata.name.as_deref().unwrap_or_default();
    let mut out = format!("{BOLD}{}{BOLD:#}", paragraph(name, "", ""));
    for one in happened {
        let time = text::moment(one.time, now);
        let indent = " ".repeat(time.len() + 4);
        let mark = if one.counts { "" } else { "(no effect) " };
        out.push_str(&paragraph(&format!("{mark}{}", one.what), &format!("  {time}  "), &indent));
        for words in one.more.iter().chain(&one.decision) {
            out.push_str(&format!("{DIM}{}{DIM:#}", paragraph(words, &indent, &indent)));
        }
    }
    out
}

/// Everything, in chronological order.
fn time_line(agreement: &CustomerAgreement, decisions: &[Arc<AgreementDecision>]) -> Vec<Happened> {
    let status = agreement.status.clone().unwrap_or_default();
    let fact =
        |time: Timestamp, what: String| Happened { time, what, more: None, decision: None, counts: true };
    let mut out: Vec<Happened> =
        decisions.iter().filter_map(|decision| of_decision(agreement, decision)).collect();
    let asked = status.waiting_for.iter().map(|wait| {
        (wait.asked_time.0, format!("{} was asked to {}", text::people(&wait.who), wait.action.verb()))
    });
    out.extend(asked.map(|(time, what)| fact(time, what)));
    for step in &status.approvals {
        let higher = step.asked.iter().skip(1);
        out.extend(higher.map(|asked| {
            fact(
                asked.asked_time.0,
                format!(
                    "nobody answered in time: {} {} was asked instead",
                    text::id(&step.function),
                    text::id(&asked.level)
                ),
            )
        }));
    }
    if let Some(sealed) = status.sign_off.as_ref().and_then(|sign_off| sign_off.sealed_time.as_ref()) {
        out.push(fact(sealed.0, "signed by everybody, and sealed".to_owned()));
    }
    if let Some(agreed) = &status.agreed_time {
        out.push(fact(agreed.0, "agreed: every confirmed order was passed on".to_owned()));
    }
    if let Some(closed) = &status.closed {
        out.push(Happened {
            more: Some(text::passage(&closed.reason)),
            ..fact(closed.time.0, format!("ended: {:?}", closed.outcome))
        });
    }
    // Within one second, decisions come before their effects. Decisions never change, so their resource versions give the
    // order in which they were stored.
    let version = |one: &Happened| {
        let found = decisions.iter().find(|own| own.metadata.name == one.decision);
        found.and_then(|own| own.metadata.resource_version.as_ref()?.parse::<u64>().ok())
    };
    out.sort_by_cached_key(|one| (one.time, one.decision.is_none(), version(one)));
    if let Some(made) = agreement.metadata.creation_timestamp.as_ref() {
        out.insert(0, fact(made.0, "the agreement was made".to_owned()));
    }
    out
}

fn of_decision(agreement: &CustomerAgreement, decision: &AgreementDecision) -> Option<Happened> {
    let status = agreement.status.clone().unwrap_or_default();
    let time = decision.metadata.creation_timestamp.as_ref()?.0;
    let name = decision.metadata.name.clone().unwrap_or_default();
    let spec = &decision.spec;
    let revision = status.terms.as_ref().map_or(0, |terms| terms.revision);
    let (counts, why) = match effect(&status, &name) {
        Effect::Counts => (true, None),
        Effect::Ignored(ignored) => {
            (false, Some(format!("{}: {}", ignored.reason, text::reason(&ignored.message))))
        }
        Effect::Open if agreement.metadata.uid.as_ref() != Some(&spec.agreement_ref.uid) => {
            (false, Some("it was made for an earlier agreement of this name".to_owned()))
        }
        Effect::Open if spec.agreement_ref.revision < revision => {
            let words = format!(
                "it was made for revision {}, and the terms are at revision {revision} now",
                spec.agreement_ref.revision
            );
            (false, Some(words))
        }
        Effect::Open => (
            false,
            Some(
                "the status does not mention it: it was replaced by a later one, or the operator has not seen it yet"
                    .to_owned(),
            ),
        ),
    };
    let own_words = spec.reason.as_ref().map(|reason| format!("\"{}\"", text::reason(reason)));
    let more: Vec<String> = own_words.into_iter().chain(why).collect();
    Some(Happened {
        time,
        what: said_by(decision),
        more: (!more.is_empty()).then(|| more.join(" - ")),
        decision: Some(name),
        counts,
    })
}

/// Who did what, with which authority and for whom.
fn said_by(decision: &AgreementDecision) -> String {
    let spec = &decision.spec;
    let who = text::user(&spec.decided_by.username);
    let verb = match spec.action {
        Action::Confirm => "confirmed",
        Action::Decline => "declined",
        Action::RequestChange => "asked for other terms",
        Action::Approve => "approved",
        Action::Refuse => "refused",
        Action::Sign => "signed",
        Action::Countersign => "countersigned",
        Action::Withdraw => "withdrew it",
    };
    let authority = match (&spec.function, &spec.level) {
        (Some(function), Some(level)) => format!(" as {} {}", text::id(function), text::id(level)),
        _ => String::new(),
    };
    match (&spec.on_behalf_of, &spec.evidence) {
        (Some(whom), Some(evidence)) => {
            format!("{} {verb} ({}), recorded by {who}", text::user(whom), text::id(&evidence.channel))
        }
        (Some(whom), None) => format!("{who} {verb}{authority} for {}", text::user(whom)),
        (None, _) => {
            let left_out: BTreeMap<&str, ()> = spec
                .orders
                .iter()
                .filter(|order| {
                    order.outcome == countersign_api::agreement_decision::OrderConfirmation::NotConfirmed
                })
                .map(|order| (order.id.as_str(), ()))
                .collect();
            let names: Vec<String> = left_out.keys().map(|id| text::id(id)).collect();
            let orders =
                if names.is_empty() { String::new() } else { format!(" without {}", text::join_and(&names)) };
            let statements: Vec<String> =
                spec.statements.iter().map(|statement| format!("{statement:?}").to_lowercase()).collect();
            let statements = if statements.is_empty() {
                String::new()
            } else {
                format!(": {}", text::join_and(&statements))
            };
            format!("{who} {verb}{authority}{statements}{orders}")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decision(name: &str, version: &str, action: &str) -> Arc<AgreementDecision> {
        let decision = json!({
            "apiVersion": "countersign.dev/v1alpha1", "kind": "AgreementDecision",
            "metadata": {"name": name, "creationTimestamp": "2026-11-24T10:00:00Z", "resourceVersion": version},
            "spec": {
                "agreementRef": {"name": "a", "uid": "u", "revision": 1, "digest": "d"}, "action": action,
                "decidedBy": {"username": "e\u{1b}[31mva"},
            },
        });
        Arc::new(serde_json::from_value(decision).unwrap())
    }

    #[test]
    fn what_happened_in_one_second_stands_in_the_order_in_which_it_was_stored() {
        let mut agreement: CustomerAgreement =
            serde_saphyr::from_str(include_str!("../../examples/fibre/agreement.yaml")).unwrap();
        let decided = "2026-11-24T10:00:00Z".parse().unwrap();
        agreement.metadata.creation_timestamp =
            Some(k8s_openapi::apimachinery::pkg::apis::meta::v1::Time(decided));
        let decisions = [decision("a-1", "110", "Sign"), decision("a-2", "99", "Confirm")];
        let line = time_line(&agreement, &decisions);
        let whats: Vec<&str> = line.iter().map(|one| one.what.as_str()).collect();
        assert_eq!(whats, ["the agreement was made", "e [31mva confirmed", "e [31mva signed"]);
        let shown = text(&agreement, &line, "2026-11-25T10:00:00Z".parse().unwrap());
        let shown = anstream::adapter::strip_str(&shown).to_string();
        assert!(shown.contains("24 Nov 10:00 UTC  (no effect) e [31mva signed"), "{shown}");
    }
}
