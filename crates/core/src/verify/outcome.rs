//! Sealing, ends and phase, and the times of the decisions that count.

use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;

use super::exported_agreement::{CLOCKS_DIFFER, ExportedAgreement, made};
use super::report::{Claim, Statement};
use crate::decide::{counted, outcome_word};
use crate::text;
use countersign_api::Action;
use countersign_api::agreement_status::{ApprovalState, ClosedOutcome, Side};
use countersign_api::conditions::{cause, condition, phase};
use countersign_api::delegation_policy::{EscalationTiming, SignOffOrder};

/// Whether phase, sealing and end follow from the facts, and nothing that counts was made too early or too late.
pub(super) fn check(exported: &ExportedAgreement<'_>) -> Vec<Statement> {
    vec![outcome(exported), times(exported)]
}

fn outcome(exported: &ExportedAgreement<'_>) -> Statement {
    let status = exported.status;
    let mut faults = Vec::new();
    let mut must = |holds: bool, words: &str| {
        if !holds {
            faults.push(words.to_owned());
        }
    };
    let sealed = exported.sealed();
    let closed = status.closed.as_ref();
    let approved = status.approvals.iter().all(|step| step.state == ApprovalState::Approved);
    must(sealed.is_none() || closed.is_none(), "it is sealed, and it ended without agreement");
    if sealed.is_some() {
        must(exported.confirmation_digest().is_some(), "it is sealed, and confirmation is not complete");
        must(approved, "it is sealed, and not every step is Approved");
        must(status.change_request.is_none(), "it is sealed, and a change was asked for");
        must(status.pinned.is_some(), "it is sealed, and no rules are pinned");
    }
    must(sealed.is_some() || status.agreed_time.is_none(), "it is agreed, and not sealed");
    let agreed = status.agreed_time.is_some();
    let ready = status.conditions.iter().find(|own| own.type_ == condition::READY);
    must(
        ready.is_some_and(|own| own.status == "True") == agreed,
        "`Ready` must be True when it is agreed, and only then",
    );
    let word = match (sealed, closed, agreed) {
        (_, Some(closed), _) => Some(outcome_word(closed.outcome)),
        (Some(_), None, true) => Some(phase::AGREED),
        (Some(_), None, false) => Some(phase::ISSUING_ORDERS),
        (None, None, _) => None,
    };
    let said = status.phase.as_deref().unwrap_or_default();
    let finals = [
        phase::AGREED,
        phase::ISSUING_ORDERS,
        phase::DECLINED,
        phase::REFUSED,
        phase::WITHDRAWN,
        phase::EXPIRED,
    ];
    match word {
        Some(word) => must(said == word, &format!("the phase must be {word}, and is {:?}", text::id(said))),
        None => must(
            !finals.contains(&said),
            &format!("the phase is {:?}, and the facts say otherwise", text::id(said)),
        ),
    }
    if let Some(closed) = closed {
        let ended_by = match closed.outcome {
            ClosedOutcome::Expired => 0,
            ClosedOutcome::Withdrawn | ClosedOutcome::Declined | ClosedOutcome::Refused => 1,
        };
        must(
            closed.decisions.len() == ended_by,
            &format!(
                "{} takes {ended_by} decision, and {} are named",
                outcome_word(closed.outcome),
                closed.decisions.len()
            ),
        );
        if let Some(word) = closed.cause.as_deref() {
            must(
                (word == cause::DECISION) == (ended_by == 1),
                "the cause of its end does not fit the outcome",
            );
        }
        must(
            (closed.cause.as_deref() == Some(cause::OFFER_ENDED)) == closed.offer_end_time.is_some(),
            "`status.closed.offerEndTime` must be there when the offer ended, and only then",
        );
        if closed.outcome == ClosedOutcome::Refused {
            let refused = status.approvals.iter().any(|step| {
                step.state == ApprovalState::Refused
                    && step.decided_by.iter().any(|own| closed.decisions.contains(&own.decision))
            });
            must(refused, "no step was refused by the decision that ended it");
        }
    }
    let because = match (sealed, closed) {
        (Some(sealed), _) => format!("{said}, sealed {}", text::time(&Time(sealed))),
        (None, Some(closed)) => format!("{said} {}", text::time(&closed.time)),
        (None, None) => format!("{said}, neither sealed nor ended"),
    };
    Claim::Outcome.unless(&faults, because)
}

fn times(exported: &ExportedAgreement<'_>) -> Statement {
    let status = exported.status;
    let mut faults = Vec::new();
    let after = |what: &str, time: Timestamp, than: &str, other: Timestamp| {
        format!("{what} was made {}, after {than} {}", text::time(&Time(time)), text::time(&Time(other)))
    };
    let born = exported.agreement.metadata.creation_timestamp.as_ref().map(|time| time.0);
    let settled = exported.settled();
    let offer_end = exported.agreement.spec.offer_end_time.0;
    for name in counted(status) {
        let Some(time) = exported.decision(name).and_then(made) else { continue };
        let what = format!("`{}`", text::name(name));
        if let Some(born) = born.filter(|born| time < *born) {
            faults.push(format!(
                "{what} is older than the agreement, which was made {}",
                text::time(&Time(born))
            ));
        }
        if let Some(end) = settled.filter(|end| time > end.checked_add(CLOCKS_DIFFER).unwrap_or(*end)) {
            faults.push(after(&what, time, "it was irrevocable", end));
        }
        if time > offer_end {
            faults.push(after(&what, time, "the end of the offer", offer_end));
        }
        if let Some(first) = status.decided_time.as_ref().filter(|first| time < first.0) {
            faults.push(format!("{what} was made before `status.decidedTime` {}", text::time(first)));
        }
    }
    if status.decided_time.is_none() && !counted(status).is_empty() {
        faults.push("decisions count, and `status.decidedTime` is missing".to_owned());
    }
    if let (Some(sealed), Some(agreed)) = (exported.sealed(), &status.agreed_time)
        && agreed.0 < sealed
    {
        faults.push("it was agreed before it was sealed".to_owned());
    }
    faults.extend(turns(exported));
    faults.dedup();
    Claim::Times.unless(&faults, "in order, and in time for the offer")
}

/// Whether the sides acted in turn. An amendment may need another approval after a signature, if other amendments join it.
fn turns(exported: &ExportedAgreement<'_>) -> Vec<String> {
    let status = exported.status;
    let compared = status.value.as_ref().is_some_and(|value| !value.compared_with.is_empty());
    let Some(rules) = exported.policy.map(|policy| &policy.spec.rules).filter(|_| !compared) else {
        return Vec::new();
    };
    let time = |name: &String| exported.decision(name).and_then(made);
    let confirmed =
        status.confirmation.iter().flat_map(|c| &c.decisions).filter_map(|own| time(&own.decision)).max();
    let verdicts = status.approvals.iter().flat_map(|step| &step.decided_by);
    let approved: Vec<Timestamp> = verdicts
        .filter(|own| {
            exported.decision(&own.decision).is_some_and(|decision| decision.spec.action == Action::Approve)
        })
        .filter_map(|own| time(&own.decision))
        .collect();
    let signed = |side: Side| -> Vec<Timestamp> {
        let all = status.sign_off.iter().flat_map(|sign_off| &sign_off.signatures);
        all.filter(|own| own.side == side).filter_map(|own| time(&own.decision)).collect()
    };
    let (customer, provider) = (signed(Side::Customer), signed(Side::Provider));
    let mut faults = Vec::new();
    let mut order = |first: Option<Timestamp>, then: &[Timestamp], words: &str| {
        if let (Some(first), Some(then)) = (first, then.iter().min())
            && *then < first
        {
            faults.push(words.to_owned());
        }
    };
    let both: Vec<Timestamp> = customer.iter().chain(&provider).copied().collect();
    order(confirmed, &both, "a signature was made before the customer had confirmed");
    order(approved.iter().max().copied(), &both, "a signature was made before the last approval");
    if rules.escalation.timing == EscalationTiming::AfterConfirmation {
        order(confirmed, &approved, "an approval was made before the customer had confirmed");
    }
    match rules.sign_off.order {
        SignOffOrder::CustomerFirst => {
            order(customer.iter().max().copied(), &provider, "the provider signed before the customer");
        }
        SignOffOrder::ProviderFirst => {
            order(provider.iter().max().copied(), &customer, "the customer signed before the provider");
        }
        SignOffOrder::Any => {}
    }
    faults
}
