//! The operator's own function, given the same objects again: it must find the same facts.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::differences::differences;
use super::exported_agreement::{ExportedAgreement, made};
use super::reconstructed::{Reconstructed, moved_on};
use super::report::{Claim, Statement};
use crate::decide::counted;
use crate::text;
use countersign_api::agreement_status::{self, Approval, ApprovalState, ClosedOutcome, IgnoredDecision};
use countersign_api::conditions::{cause, ignored};
use countersign_api::{Action, AgreementDecision, CustomerAgreementStatus};

/// A decision made this shortly before an irrevocable write may be missing in the list on which the write was based.
const BETWEEN_READ_AND_WRITE: SignedDuration = SignedDuration::from_secs(10);

/// Replays the agreement, and compares the result with its status.
pub(super) fn check(exported: &ExportedAgreement<'_>) -> Vec<Statement> {
    if exported.status.pinned.is_none() {
        return vec![Claim::Replay.not_checked("no rules are pinned, so nothing was evaluated")];
    }
    if exported.policy.is_none() || exported.catalogue.is_none() {
        let unknown = |claim: Claim| claim.not_checked("its rules are not in the export");
        return [Claim::Replay, Claim::Ignored, Claim::Authority].into_iter().map(unknown).collect();
    }
    let now = exported.settled().unwrap_or_else(|| last_seen(exported));
    let Replayed { evaluated, ignored } = replayed(exported, now);
    let whole: Vec<_> = evaluated.iter().chain(&ignored).cloned().collect();
    let with_ignored = Reconstructed::of(exported, whole.clone()).run(exported, now);
    let mut faults = compare(exported, &with_ignored);
    let mut statements = Vec::new();
    if faults.is_empty() {
        statements.push(Claim::Replay.ok(same(exported)));
        if !exported.status.ignored_decisions.is_empty() {
            statements.push(Claim::Ignored.ok("none of them would count"));
        }
    } else {
        let without = Reconstructed::of(exported, evaluated.clone()).run(exported, now);
        faults = compare(exported, &without);
        if faults.is_empty() {
            statements.push(Claim::Replay.ok(same(exported)));
            statements.push(wrongly_ignored(exported, &with_ignored));
        } else {
            let unsure = moved_on(exported)
                .or_else(|| other_offer_end(exported))
                .or_else(|| without_its_rules(exported, &without, now));
            statements.push(match unsure {
                Some(why) => Claim::Replay.not_checked(format!("{why}; today: {}", faults.join("; "))),
                None => Claim::Replay.fails(faults.join("; ")),
            });
            if !exported.status.ignored_decisions.is_empty() {
                statements.push(Claim::Ignored.not_checked("the replay already has another result"));
            }
        }
    }
    statements.extend(authority(exported, [whole, evaluated], now));
    statements
}

fn same(exported: &ExportedAgreement<'_>) -> &'static str {
    match (exported.sealed(), &exported.status.closed) {
        (Some(_), _) => "the same function seals it on the same facts",
        (None, Some(closed)) if waited_too_long(closed) => {
            "the same facts; how long it waited is the operator's word alone"
        }
        (None, Some(_)) => "the same function ends it in the same way",
        (None, None) => "the same function finds the same facts",
    }
}

/// Whether a wait timed out. A closed status does not show which one, and that of an earlier version not even whether it was
/// a wait or the offer.
fn waited_too_long(closed: &agreement_status::Closed) -> bool {
    closed.outcome == ClosedOutcome::Expired && closed.cause.as_deref() != Some(cause::OFFER_ENDED)
}

/// Whether it ends in the same way although more would count: while a pinned object is missing, only an end can be decided.
fn without_its_rules(
    exported: &ExportedAgreement<'_>,
    found: &CustomerAgreementStatus,
    now: Timestamp,
) -> Option<String> {
    let closed = exported.status.closed.as_ref()?;
    if found.closed.as_ref() != Some(closed) {
        return None;
    }
    let standing = counted(exported.status);
    let known = exported
        .decisions
        .iter()
        .filter(|own| own.metadata.name.as_deref().is_some_and(|name| standing.contains(&name)));
    let only_known =
        Reconstructed::of(exported, known.map(|own| Arc::clone(own)).collect()).run(exported, now);
    compare(exported, &only_known).is_empty().then(|| {
        "it ends in the same way, and more would count, unless catalogue or policy were gone then".to_owned()
    })
}

/// The end of the offer is outside the digest, and may be edited after it has passed.
fn other_offer_end(exported: &ExportedAgreement<'_>) -> Option<String> {
    let closed = exported.status.closed.as_ref().filter(|closed| closed.outcome == ClosedOutcome::Expired)?;
    let (end, now) = (closed.offer_end_time.as_ref()?, &exported.agreement.spec.offer_end_time);
    let (then, today) = (text::time(end), text::time(now));
    (end != now).then(|| format!("the offer ended at {then}, and the agreement says {today} now"))
}

/// The decisions that are given to the operator's function again.
struct Replayed {
    /// Those that count, and those of which the status says nothing.
    evaluated: Vec<Arc<AgreementDecision>>,
    /// Those that the status ignores, and that could have counted.
    ignored: Vec<Arc<AgreementDecision>>,
}

fn replayed(exported: &ExportedAgreement<'_>, now: Timestamp) -> Replayed {
    let status = exported.status;
    let counted = counted(status);
    let (mut evaluated, mut could_count) = (Vec::new(), Vec::new());
    let last_read = now.checked_sub(BETWEEN_READ_AND_WRITE).unwrap_or(now);
    for decision in &exported.decisions {
        let name = decision.metadata.name.as_deref().unwrap_or_default();
        let time = made(decision);
        let ignored = status.ignored_decisions.iter().find(|ignored| ignored.name == name);
        match ignored.map(|ignored| ignored.reason.as_str()) {
            _ if counted.contains(&name) => evaluated.push(Arc::clone(decision)),
            // Whether the admission policies were in force then is not on record.
            Some(ignored::BEFORE_GUARD) => {}
            // It may have been made after the last read.
            Some(ignored::SEALED | ignored::CLOSED) if time >= Some(last_read) => {}
            Some(_) => could_count.push(Arc::clone(decision)),
            // If an open agreement says nothing about it, the operator has not evaluated it yet.
            None if exported.settled().is_some() && time < Some(now) => evaluated.push(Arc::clone(decision)),
            None => {}
        }
    }
    Replayed { evaluated, ignored: could_count }
}

/// The latest time in the status of an open agreement.
fn last_seen(exported: &ExportedAgreement<'_>) -> Timestamp {
    let status = exported.status;
    let conditions = status.conditions.iter().map(|own| own.last_transition_time.0);
    let waits = status.waiting_for.iter().flat_map(|wait| {
        [Some(wait.asked_time.0), wait.reminded_time.as_ref().map(|time| time.0)].into_iter().flatten()
    });
    let asked = status.approvals.iter().flat_map(|step| &step.asked).map(|asked| asked.asked_time.0);
    let decided = counted(status).into_iter().filter_map(|name| exported.decision(name).and_then(made));
    conditions.chain(waits).chain(asked).chain(decided).max().unwrap_or(Timestamp::UNIX_EPOCH)
}

/// Where the facts of a status differ from those of the replay.
fn compare(exported: &ExportedAgreement<'_>, found: &CustomerAgreementStatus) -> Vec<String> {
    let said = exported.status;
    let settled = exported.settled().is_some();
    let mut faults = differences("status.confirmation", &said.confirmation, &found.confirmation);
    faults.extend(differences("status.approvals", &steps(said, settled), &steps(found, settled)));
    faults.extend(differences("status.signOff.signatures", &signatures(said), &signatures(found)));
    faults.extend(differences("status.orders", &orders(said), &orders(found)));
    faults.extend(differences("status.changeRequest", &said.change_request, &found.change_request));
    if let Some(sealed) = exported.sealed() {
        let again = found.sign_off.as_ref().and_then(|sign_off| sign_off.sealed_time.as_ref());
        if again.map(|time| time.0) != Some(sealed) {
            let ready = found.conditions.iter().find(|own| own.type_ == "Ready");
            let why = ready.map_or("", |own| own.message.as_str());
            faults.push(format!(
                "it would not be sealed, but {}: {why}",
                found.phase.as_deref().unwrap_or_default()
            ));
        }
    } else if let Some(closed) = said.closed.as_ref().filter(|closed| !waited_too_long(closed)) {
        faults.extend(differences("status.closed", &Some(closed), &found.closed));
    }
    faults
}

/// Who is asked in a step changes with time and people, and is not fixed at all before somebody was asked.
fn steps(status: &CustomerAgreementStatus, settled: bool) -> Vec<Value> {
    let step = |step: &Approval| {
        let decided = settled && matches!(step.state, ApprovalState::Approved | ApprovalState::Refused);
        let asked = decided && !step.asked.is_empty();
        json!({
            "function": step.function,
            "because": step.because,
            "decidedBy": step.decided_by,
            "state": decided.then_some(step.state),
            "level": asked.then_some(&step.level),
            "asked": asked.then_some(&step.asked),
        })
    };
    status.approvals.iter().map(step).collect()
}

fn verdicts(status: &CustomerAgreementStatus) -> Vec<&agreement_status::ApprovalVerdict> {
    status.approvals.iter().flat_map(|step| &step.decided_by).collect()
}

fn signatures(status: &CustomerAgreementStatus) -> Value {
    let signatures: Vec<_> = status.sign_off.iter().flat_map(|sign_off| &sign_off.signatures).collect();
    serde_json::to_value(signatures).unwrap_or_default()
}

fn orders(status: &CustomerAgreementStatus) -> Vec<Value> {
    let orders = status.orders.iter();
    orders
        .map(|order| json!({"id": order.id, "confirmed": order.confirmed, "reason": order.reason}))
        .collect()
}

/// Ignored decisions that would have led to another result.
fn wrongly_ignored(exported: &ExportedAgreement<'_>, with_ignored: &CustomerAgreementStatus) -> Statement {
    let claim = Claim::Ignored;
    let now = counted(with_ignored);
    let would: Vec<&IgnoredDecision> =
        exported.status.ignored_decisions.iter().filter(|own| now.contains(&own.name.as_str())).collect();
    if would.is_empty() {
        return claim
            .not_checked("with them other decisions would not count; who held what then is not on record");
    }
    let words: Vec<String> = would
        .iter()
        .map(|own| format!("`{}`, ignored as {}, would count", text::name(&own.name), text::id(&own.reason)))
        .collect();
    // Holders, signatories and aliases change: a person whose decision was ignored may hold the role by now.
    let by_people = would.iter().all(|own| {
        let spec = exported.decision(&own.name).map(|decision| &decision.spec);
        let by_role = spec.is_some_and(|spec| {
            matches!(spec.action, Action::Approve | Action::Refuse | Action::Countersign)
                || spec.function.is_some()
                || spec.on_behalf_of.is_some()
        });
        by_role && rests_on_people(&own.reason)
    });
    let closed = &exported.status.closed;
    if closed.is_some() && with_ignored.closed == *closed {
        claim.not_checked(format!(
            "it ends in the same way, and unless catalogue, policy or guard were gone then: {}",
            text::join_and(&words)
        ))
    } else if by_people {
        claim
            .not_checked(format!("{} by the people in the policy as it was exported", text::join_and(&words)))
    } else {
        claim.fails(text::join_and(&words))
    }
}

fn rests_on_people(reason: &str) -> bool {
    [
        ignored::NOT_HOLDER,
        ignored::NOT_DISTINCT,
        ignored::BOTH_SIDES,
        ignored::OWNER,
        ignored::LEVEL_INSUFFICIENT,
    ]
    .contains(&reason)
}

/// Weighs everything as if nothing stood yet, by the people in the policy as it was exported.
fn authority(
    exported: &ExportedAgreement<'_>,
    decisions: [Vec<Arc<AgreementDecision>>; 2],
    now: Timestamp,
) -> Option<Statement> {
    let claim = Claim::Authority;
    let standing: Vec<&str> = counted(exported.status);
    if standing.is_empty() {
        return None;
    }
    let again = decisions.map(|decisions| afresh(exported, decisions, now));
    let whole = again.iter().find(|found| {
        let counted = counted(found);
        standing.iter().all(|name| counted.contains(name))
    });
    if let Some(found) = whole {
        let other = differences("status.approvals", &verdicts(exported.status), &verdicts(found));
        return Some(if other.is_empty() {
            claim.ok("everybody holds what they acted with in the policy as it was exported")
        } else {
            let words = other.join("; ");
            claim.not_checked(format!("by the policy as it was exported it rests on others: {words}"))
        });
    }
    let [found, _] = &again;
    let counted = counted(found);
    let reasons: Vec<(&str, Option<&IgnoredDecision>)> = standing
        .into_iter()
        .filter(|name| !counted.contains(name))
        .map(|name| (name, found.ignored_decisions.iter().find(|own| own.name == name)))
        .collect();
    let words: Vec<String> = reasons
        .iter()
        .map(|(name, own)| {
            let why = own.map_or("it was not evaluated", |own| own.message.as_str());
            format!("`{}`: {}", text::name(name), text::excerpt(why))
        })
        .collect();
    let by_rules =
        [ignored::ORDERS_INCOMPLETE, ignored::PARTIAL_ORDERS_FORBIDDEN, ignored::ATTESTATION_FORBIDDEN];
    let against_the_rules =
        reasons.iter().any(|(_, own)| own.is_some_and(|own| by_rules.contains(&own.reason.as_str())));
    Some(if against_the_rules {
        claim.fails(words.join("; "))
    } else {
        claim
            .not_checked(format!("people change, and by the policy as it was exported: {}", words.join("; ")))
    })
}

fn afresh(
    exported: &ExportedAgreement<'_>,
    decisions: Vec<Arc<AgreementDecision>>,
    now: Timestamp,
) -> CustomerAgreementStatus {
    let mut reconstructed = Reconstructed::of(exported, decisions);
    if let Some(status) = &mut reconstructed.agreement.status {
        status.change_request = None;
        status.sign_off = None;
        status.approvals.iter_mut().for_each(|step| step.decided_by.clear());
        if let Some(confirmation) = &mut status.confirmation {
            confirmation.decisions.clear();
        }
    }
    reconstructed.run(exported, now)
}
