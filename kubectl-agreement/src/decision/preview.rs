//! PURE: what the user decides on, and as whom, to read before the decision is made.

use std::fmt::Write as _;

use countersign_api::agreement_decision::OrderConfirmation;
use countersign_api::{Action, CustomerAgreement};
use countersign_core::decide::binding::Content;
use jiff::Timestamp;

use super::draft::Draft;
use crate::identity::Me;
use crate::layout::{BOLD, paragraph};
use countersign_core::text;

/// The decision in words.
pub fn of(agreement: &CustomerAgreement, draft: &Draft, me: &Me, now: Timestamp) -> String {
    let spec = &agreement.spec;
    let metadata = &agreement.metadata;
    let decision = &draft.decision.spec;
    let name = metadata.name.as_deref().unwrap_or_default();
    let mut out = format!("{BOLD}");
    out.push_str(&paragraph(&format!("{} {name}", verb(decision.action)), "", "  "));
    let _ = write!(out, "{BOLD:#}");
    let mut fact = |name: &str, value: &str| {
        if !value.is_empty() {
            out.push_str(&paragraph(value, &format!("  {name:<10} "), "             "));
        }
    };
    fact("title", &text::name(&spec.title));
    fact("customer", &format!("{} ({})", text::name(&spec.customer.name), text::id(&spec.customer.id)));
    fact("provider", &text::name(&spec.provider.name));
    fact("namespace", metadata.namespace.as_deref().unwrap_or_default());
    let period = &spec.agreement_period;
    let end = period
        .end_time
        .as_ref()
        .map_or("without end".to_owned(), |end| format!("to {}", text::moment(end.0, now)));
    fact("period", &format!("from {} {end}", text::moment(period.start_time.0, now)));
    let status = agreement.status.as_ref();
    if let Some(value) = status.and_then(|status| status.value.as_ref())
        && let Some(total) = &value.total
    {
        fact("value", &format!("{} {total}", value.currency));
    }
    let deviations = status.map_or(0, |status| status.deviations.len());
    if deviations > 0 {
        fact(
            "deviations",
            &format!("{deviations} from the standard terms; `kubectl agreement show` has them"),
        );
    }
    if let Some(capacity) = &draft.capacity {
        let steps = status.iter().flat_map(|status| &status.approvals);
        for step in steps.filter(|step| step.function == capacity.function) {
            for because in &step.because {
                fact("because", &text::excerpt(because));
            }
        }
    }
    for order in &decision.orders {
        let (word, why) = match order.outcome {
            OrderConfirmation::Confirmed => ("confirmed", String::new()),
            OrderConfirmation::NotConfirmed => (
                "left out",
                order.reason.as_deref().map_or_else(String::new, |why| format!(": {}", text::reason(why))),
            ),
        };
        fact("order", &format!("{} {word}{why}", text::id(&order.id)));
    }
    if decision.orders.is_empty() && draft.binding.content == Content::Confirmation {
        for order in
            status.iter().flat_map(|status| &status.orders).filter(|order| order.confirmed == Some(true))
        {
            fact("order", &format!("{} confirmed", text::id(&order.id)));
        }
    }
    if let Some(reason) = &decision.reason {
        fact("reason", &text::reason(reason));
    }
    if let Some(evidence) = &decision.evidence {
        let (channel, uri) = (text::id(&evidence.channel), text::passage(&evidence.uri));
        fact("evidence", &format!("{channel}, {uri}"));
        let _ = writeln!(out, "  {}", text::value(&evidence.digest));
    }
    let of_what = match draft.binding.content {
        Content::Terms => "of the terms",
        Content::Confirmation => "of the terms and the confirmed orders",
    };
    let _ = writeln!(out, "  revision   {}", draft.binding.revision);
    // On lines of its own, so that it can be compared and copied whole.
    let _ = write!(out, "  digest     {of_what}, computed here:\n  {}\n", draft.binding.digest);
    out.push_str(&paragraph(&you(draft, me), "", ""));
    out
}

/// Who the user is, and with which authority they act.
fn you(draft: &Draft, me: &Me) -> String {
    let mut out = format!("You are {}", text::user(&me.username));
    let decision = &draft.decision.spec;
    if let Some(capacity) = &draft.capacity {
        let _ = write!(out, ", acting as {} {}", text::id(&capacity.function), text::id(&capacity.level));
        if let Some(title) = &capacity.title {
            let _ = write!(out, " ({})", text::short_name(title));
        }
    }
    if let Some(whom) = &decision.on_behalf_of {
        let word = if draft.capacity.is_some() { "for" } else { "recording what was done by" };
        let _ = write!(out, ", {word} {}", text::user(whom));
    }
    if !decision.decided_by.groups.is_empty() {
        let groups: Vec<String> = decision.decided_by.groups.iter().map(|group| text::user(group)).collect();
        let _ = write!(out, ", as one of {}", text::join_and(&groups));
    }
    if decision.action == Action::Confirm {
        let words: Vec<&str> = decision.statements.iter().map(|statement| statement.adjective()).collect();
        let _ = write!(out, ", stating that the terms are {}", words.join(" and "));
    }
    out.push('.');
    out
}

/// The action, as the start of a sentence.
pub const fn verb(action: Action) -> &'static str {
    match action {
        Action::Confirm => "Confirm",
        Action::Decline => "Decline",
        Action::RequestChange => "Ask for a change of",
        Action::Approve => "Approve",
        Action::Refuse => "Refuse",
        Action::Sign => "Sign",
        Action::Countersign => "Countersign",
        Action::Withdraw => "Withdraw",
    }
}
