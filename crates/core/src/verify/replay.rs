//! The operator's own function, given the same objects again: it must come to the same facts.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::report::{Claim, Statement};
use super::rules::differences;
use super::{Subject, made};
use crate::decide::{
    Changes, Gathered, Guard, Observed, Plan, RuleBook, assess, counted, decide, name_requests,
};
use crate::text;
use countersign_api::agreement_status::{
    self, Approval, ApprovalState, ClosedOutcome, Deviation, IgnoredDecision,
};
use countersign_api::conditions::ignored;
use countersign_api::{
    Action, AgreementDecision, CustomerAgreement, CustomerAgreementStatus, DelegationPolicy, OrderRequest,
};

/// What is stored so shortly before an irrevocable write may come after the list that the write rests on.
const BETWEEN_READ_AND_WRITE: SignedDuration = SignedDuration::from_secs(10);

/// How the reason begins where an offer ended by its own time.
const OFFER_ENDED: &str = "the offer ended at ";

/// Everything that is handed to the operator's function.
struct Scene {
    agreement: CustomerAgreement,
    decisions: Vec<Arc<AgreementDecision>>,
    policies: Vec<Arc<DelegationPolicy>>,
    related: Vec<Arc<CustomerAgreement>>,
    labels: BTreeMap<String, String>,
}

impl Scene {
    /// The agreement as it stood before it became irrevocable.
    fn of(subject: &Subject<'_>, decisions: Vec<Arc<AgreementDecision>>) -> Self {
        let mut agreement = subject.agreement.clone();
        agreement.metadata.deletion_timestamp = None;
        if let Some(status) = &mut agreement.status {
            status.closed = None;
            status.agreed_time = None;
            if let Some(sign_off) = &mut status.sign_off {
                sign_off.sealed_time = None;
            }
            for order in &mut status.orders {
                order.order_request_name = None;
                order.uid = None;
            }
        }
        Self {
            agreement,
            decisions,
            policies: subject.policy.into_iter().cloned().collect(),
            related: related(subject),
            labels: BTreeMap::new(),
        }
    }

    fn observed<'s>(&'s self, subject: &'s Subject<'_>) -> Observed<'s> {
        Observed {
            agreement: &self.agreement,
            decisions: &self.decisions,
            policies: &self.policies,
            namespace_labels: &self.labels,
            standard_terms: subject.catalogue.map(AsRef::as_ref),
            related: &self.related,
            orders: &[],
            refused: &[],
            guard: Guard::Active { since: None },
            evidence: Gathered::ALL,
        }
    }

    fn run(&self, subject: &Subject<'_>, now: Timestamp) -> CustomerAgreementStatus {
        match decide(&self.observed(subject), now) {
            Plan::Write(Changes { status: Some(status), .. }) => *status,
            Plan::Write(_) | Plan::Rest { .. } | Plan::Need(_) => {
                self.agreement.status.clone().unwrap_or_default()
            }
        }
    }
}

/// Agreements that this one names or is compared with, as they stood when it became irrevocable.
fn related(subject: &Subject<'_>) -> Vec<Arc<CustomerAgreement>> {
    let mut names: BTreeSet<&str> = subject.agreement.spec.links().map(|(_, name)| name).collect();
    names.extend(subject.status.value.iter().flat_map(|value| &value.compared_with).map(String::as_str));
    let settled = subject.settled();
    let before = |time: Timestamp| settled.is_none_or(|settled| time < settled);
    let others = subject.export.agreements.iter().filter(|other| {
        other.metadata.namespace == subject.agreement.metadata.namespace
            && other.metadata.name.as_deref().is_some_and(|name| names.contains(name))
            && other.metadata.uid != subject.agreement.metadata.uid
    });
    let then = |other: &Arc<CustomerAgreement>| {
        let mut other = (**other).clone();
        if let Some(status) = &mut other.status {
            if status.closed.as_ref().is_some_and(|closed| !before(closed.time.0)) {
                status.closed = None;
            }
            let successor = status.superseded_by.as_ref().and_then(|name| {
                subject.export.agreements.iter().find(|own| own.metadata.name.as_ref() == Some(name))
            });
            let sealed =
                successor.and_then(|own| own.status.as_ref()?.sign_off.as_ref()?.sealed_time.as_ref());
            if settled.is_some() && sealed.is_none_or(|sealed| !before(sealed.0)) {
                status.superseded_by = None;
            }
        }
        Arc::new(other)
    };
    others.map(then).collect()
}

/// Why what an agreement is compared with cannot be put together again.
pub(super) fn moved_on(subject: &Subject<'_>) -> Option<String> {
    let compared = subject.status.value.iter().flat_map(|value| &value.compared_with).map(String::as_str);
    let own: BTreeSet<&str> = subject.agreement.spec.links().map(|(_, name)| name).collect();
    let all: BTreeSet<&str> = own.iter().copied().chain(compared).collect();
    let there = |name: &&str| {
        subject.export.agreements.iter().any(|other| {
            other.metadata.namespace == subject.agreement.metadata.namespace
                && other.metadata.name.as_deref() == Some(*name)
        })
    };
    let missing: Vec<String> =
        all.iter().filter(|name| !there(name)).map(|name| format!("`{}`", text::name(name))).collect();
    if !missing.is_empty() {
        return Some(format!(
            "{}, which it names or is compared with, is not in the export",
            text::join_and(&missing)
        ));
    }
    let others: Vec<String> = all.difference(&own).map(|name| format!("`{}`", text::name(name))).collect();
    (!others.is_empty()).then(|| format!("what {} was worth then is not on record", text::join_and(&others)))
}

/// What the rules make of the agreement.
pub(super) struct Assessed {
    pub(super) deviations: Vec<Deviation>,
    pub(super) value: agreement_status::Value,
    /// Function and lowest level of each approval that is needed.
    pub(super) needs: Vec<(String, String)>,
}

/// Class, value and requirements by the rules in the export, for the orders that remain.
pub(super) fn assessed(subject: &Subject<'_>) -> Option<Assessed> {
    let (policy, terms) = (subject.policy?, subject.catalogue?);
    let scene = Scene::of(subject, Vec::new());
    let seen = scene.observed(subject);
    let book = RuleBook { terms, policy };
    let confirmed = subject.confirmed_orders();
    let remaining = subject.confirmation_digest().map(|_| &confirmed);
    let found = assess(&seen, remaining, book);
    // Managers who were asked before the customer decided on all orders.
    let verdicts = subject.status.approvals.iter().flat_map(|step| &step.decided_by);
    let mut asked = verdicts.filter_map(|own| subject.decision(&own.decision)).peekable();
    let on_terms = asked.peek().is_some()
        && asked.all(|decision| decision.spec.agreement_ref.digest == subject.terms_digest());
    let approvals = if on_terms {
        assess(&seen, None, book).requirements.approvals
    } else {
        found.requirements.approvals
    };
    Some(Assessed {
        deviations: found.classed.deviations,
        value: found.valued.shown,
        needs: approvals.into_iter().map(|need| (need.function, need.level)).collect(),
    })
}

/// Replays the agreement, and says what came of it.
pub(super) fn check(subject: &Subject<'_>) -> Vec<Statement> {
    if subject.status.pinned.is_none() {
        return vec![Claim::Replay.not_checked("no rules are pinned, so nothing was weighed")];
    }
    if subject.policy.is_none() || subject.catalogue.is_none() {
        let unknown = |claim: Claim| claim.not_checked("its rules are not in the export");
        return [Claim::Replay, Claim::Ignored, Claim::Authority].into_iter().map(unknown).collect();
    }
    let now = subject.settled().unwrap_or_else(|| last_seen(subject));
    let Heard { weighed, told } = heard(subject, now);
    let whole: Vec<_> = weighed.iter().chain(&told).cloned().collect();
    let with_told = Scene::of(subject, whole.clone()).run(subject, now);
    let mut faults = compare(subject, &with_told);
    let mut statements = Vec::new();
    if faults.is_empty() {
        statements.push(Claim::Replay.ok(same(subject)));
        if !subject.status.ignored_decisions.is_empty() {
            statements.push(Claim::Ignored.ok("none of them would count"));
        }
    } else {
        let without = Scene::of(subject, weighed.clone()).run(subject, now);
        faults = compare(subject, &without);
        if faults.is_empty() {
            statements.push(Claim::Replay.ok(same(subject)));
            statements.push(wrongly_ignored(subject, &with_told));
        } else {
            let unsure = moved_on(subject)
                .or_else(|| other_offer_end(subject))
                .or_else(|| without_its_rules(subject, &without, now));
            statements.push(match unsure {
                Some(why) => Claim::Replay.not_checked(format!("{why}; today: {}", faults.join("; "))),
                None => Claim::Replay.fails(faults.join("; ")),
            });
            if !subject.status.ignored_decisions.is_empty() {
                statements.push(Claim::Ignored.not_checked("the replay comes to something else already"));
            }
        }
    }
    statements.extend(authority(subject, [whole, weighed], now));
    statements
}

fn same(subject: &Subject<'_>) -> &'static str {
    match (subject.sealed(), &subject.status.closed) {
        (Some(_), _) => "the same function seals it on the same facts",
        (None, Some(closed)) if waited_too_long(closed) => {
            "the same facts; until when it was waited is the operator's word"
        }
        (None, Some(_)) => "the same function ends it in the same way",
        (None, None) => "the same function finds the same facts",
    }
}

/// The wait that ran over is gone from a closed status.
fn waited_too_long(closed: &agreement_status::Closed) -> bool {
    closed.outcome == ClosedOutcome::Expired && !closed.reason.starts_with(OFFER_ENDED)
}

/// It ended in the same way, and more would count: while a pinned rule is gone, only an end can be decided.
fn without_its_rules(
    subject: &Subject<'_>,
    found: &CustomerAgreementStatus,
    now: Timestamp,
) -> Option<String> {
    let closed = subject.status.closed.as_ref()?;
    if found.closed.as_ref() != Some(closed) {
        return None;
    }
    let standing = counted(subject.status);
    let known = subject
        .decisions
        .iter()
        .filter(|own| own.metadata.name.as_deref().is_some_and(|name| standing.contains(&name)));
    let only_known = Scene::of(subject, known.map(|own| Arc::clone(own)).collect()).run(subject, now);
    compare(subject, &only_known).is_empty().then(|| {
        "it ends in the same way, and more would count, unless catalogue or policy were gone then".to_owned()
    })
}

/// The end of the offer is outside the digest, and may be edited after it has passed.
fn other_offer_end(subject: &Subject<'_>) -> Option<String> {
    let closed = subject.status.closed.as_ref().filter(|closed| closed.outcome == ClosedOutcome::Expired)?;
    let end = closed.reason.strip_prefix(OFFER_ENDED)?;
    let now = text::time(&subject.agreement.spec.offer_end_time);
    (end != now).then(|| format!("the offer ended at {}, and the agreement says {now} now", text::value(end)))
}

/// Decisions that are handed in again.
struct Heard {
    /// Those that count, and those of which the status says nothing.
    weighed: Vec<Arc<AgreementDecision>>,
    /// Those that the status ignores, and that could have counted.
    told: Vec<Arc<AgreementDecision>>,
}

fn heard(subject: &Subject<'_>, now: Timestamp) -> Heard {
    let status = subject.status;
    let counted = counted(status);
    let (mut weighed, mut told) = (Vec::new(), Vec::new());
    let last_read = now.checked_sub(BETWEEN_READ_AND_WRITE).unwrap_or(now);
    for decision in &subject.decisions {
        let name = decision.metadata.name.as_deref().unwrap_or_default();
        let time = made(decision);
        let ignored = status.ignored_decisions.iter().find(|ignored| ignored.name == name);
        match ignored.map(|ignored| ignored.reason.as_str()) {
            _ if counted.contains(&name) => weighed.push(Arc::clone(decision)),
            // Nobody can tell any more whether the policies were in force.
            Some(ignored::BEFORE_GUARD) => {}
            // It may have come after the last read.
            Some(ignored::SEALED | ignored::CLOSED) if time >= Some(last_read) => {}
            Some(_) => told.push(Arc::clone(decision)),
            // One that an open agreement says nothing about was not looked at yet.
            None if subject.settled().is_some() && time < Some(now) => weighed.push(Arc::clone(decision)),
            None => {}
        }
    }
    Heard { weighed, told }
}

/// The last time that an open agreement knows of.
fn last_seen(subject: &Subject<'_>) -> Timestamp {
    let status = subject.status;
    let conditions = status.conditions.iter().map(|own| own.last_transition_time.0);
    let waits = status.waiting_for.iter().flat_map(|wait| {
        [Some(wait.asked_time.0), wait.reminded_time.as_ref().map(|time| time.0)].into_iter().flatten()
    });
    let asked = status.approvals.iter().flat_map(|step| &step.asked).map(|asked| asked.asked_time.0);
    let decided = counted(status).into_iter().filter_map(|name| subject.decision(name).and_then(made));
    conditions.chain(waits).chain(asked).chain(decided).max().unwrap_or(Timestamp::UNIX_EPOCH)
}

/// Where the facts of a status differ from those of the replay.
fn compare(subject: &Subject<'_>, found: &CustomerAgreementStatus) -> Vec<String> {
    let said = subject.status;
    let settled = subject.settled().is_some();
    let mut faults = differences("status.confirmation", &said.confirmation, &found.confirmation);
    faults.extend(differences("status.approvals", &steps(said, settled), &steps(found, settled)));
    faults.extend(differences("status.signOff.signatures", &signatures(said), &signatures(found)));
    faults.extend(differences("status.orders", &orders(said), &orders(found)));
    faults.extend(differences("status.changeRequest", &said.change_request, &found.change_request));
    if let Some(sealed) = subject.sealed() {
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

/// Who is asked in a step moves with time and people; what nobody was asked yet is not even fixed.
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

/// Ignored decisions with which the agreement would have come out otherwise.
fn wrongly_ignored(subject: &Subject<'_>, with_told: &CustomerAgreementStatus) -> Statement {
    let claim = Claim::Ignored;
    let now = counted(with_told);
    let would: Vec<&IgnoredDecision> =
        subject.status.ignored_decisions.iter().filter(|own| now.contains(&own.name.as_str())).collect();
    if would.is_empty() {
        return claim
            .not_checked("with them other decisions would not count; who held what then is not on record");
    }
    let words: Vec<String> = would
        .iter()
        .map(|own| format!("`{}`, ignored as {}, would count", text::name(&own.name), text::id(&own.reason)))
        .collect();
    // Holders, signatories and aliases change: somebody who was ignored may hold the role by now.
    let by_people = would.iter().all(|own| {
        let spec = subject.decision(&own.name).map(|decision| &decision.spec);
        let by_role = spec.is_some_and(|spec| {
            matches!(spec.action, Action::Approve | Action::Refuse | Action::Countersign)
                || spec.function.is_some()
                || spec.on_behalf_of.is_some()
        });
        by_role && rests_on_people(&own.reason)
    });
    let closed = &subject.status.closed;
    if closed.is_some() && with_told.closed == *closed {
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
    subject: &Subject<'_>,
    decisions: [Vec<Arc<AgreementDecision>>; 2],
    now: Timestamp,
) -> Option<Statement> {
    let claim = Claim::Authority;
    let standing: Vec<&str> = counted(subject.status);
    if standing.is_empty() {
        return None;
    }
    let again = decisions.map(|decisions| afresh(subject, decisions, now));
    let whole = again.iter().find(|found| {
        let counted = counted(found);
        standing.iter().all(|name| counted.contains(name))
    });
    if let Some(found) = whole {
        let other = differences("status.approvals", &verdicts(subject.status), &verdicts(found));
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
            let why = own.map_or("it is not weighed", |own| own.message.as_str());
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
    subject: &Subject<'_>,
    decisions: Vec<Arc<AgreementDecision>>,
    now: Timestamp,
) -> CustomerAgreementStatus {
    let mut scene = Scene::of(subject, decisions);
    if let Some(status) = &mut scene.agreement.status {
        status.change_request = None;
        status.sign_off = None;
        status.approvals.iter_mut().for_each(|step| step.decided_by.clear());
        if let Some(confirmation) = &mut status.confirmation {
            confirmation.decisions.clear();
        }
    }
    scene.run(subject, now)
}

/// The order requests that follow from a sealed agreement, as the operator would make them.
pub(super) fn order_requests(subject: &Subject<'_>) -> Vec<OrderRequest> {
    let Some(sealed) = subject.sealed() else { return Vec::new() };
    let mut scene = Scene::of(subject, Vec::new());
    let mut status = subject.status.clone();
    status.closed = None;
    status.agreed_time = None;
    status.orders.iter_mut().for_each(|order| order.uid = None);
    name_requests(subject.agreement, &mut status);
    scene.agreement.status = Some(status);
    match decide(&scene.observed(subject), sealed) {
        Plan::Write(changes) => changes.orders,
        Plan::Rest { .. } | Plan::Need(_) => Vec::new(),
    }
}
