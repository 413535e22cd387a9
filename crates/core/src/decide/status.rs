//! From the facts of an open agreement to its status: facts, conditions, phase last.

use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;

use super::commit::{self, Step};
use super::conditions::Conditions;
use super::decisions::counted;
use super::evaluation::Evaluation;
use super::facts::Facts;
use super::fault::{Fault, FaultKind};
use super::observed::{Guard, Observed};
use super::rules::Rules;
use super::stage::Stage;
use super::waiting;
use crate::text;
use countersign_api::CustomerAgreementStatus;
use countersign_api::agreement_status::{
    ApprovalState, Classification, Confirmation, EndsWith, SignOff, Waiting, WaitingAction,
};
use countersign_api::conditions::{condition, phase, reason};
use countersign_api::delegation_policy::OnTimeout;

/// The status of an open agreement; with `end` or `seal` the irrevocable step is in it.
pub(crate) fn of(
    observed: &Observed<'_>,
    facts: Facts<'_>,
    step: Step,
    now: Timestamp,
) -> CustomerAgreementStatus {
    let before = observed.agreement.status.clone().unwrap_or_default();
    let mut status = found(observed, &facts, before);
    let mut conditions = Conditions::of(observed.agreement, now);
    describe(observed, &facts, &status, &mut conditions);
    match step {
        Step::None => {
            status.phase = Some(phase_of(facts.stage).to_owned());
            status.waiting_on = waiting_on(observed, &facts);
            status.waiting_for = facts.waits;
        }
        Step::End(end) => commit::close(&mut status, &mut conditions, end, now),
        Step::Seal => commit::seal(observed, &mut status, &mut conditions, now),
    }
    if status.decided_time.is_none() {
        status.decided_time = facts.decisions.first_of(&counted(&status)).map(Time);
    }
    status.ignored_decisions = facts.decisions.ignored.newest();
    status.conditions = conditions.finish();
    status
}

const fn phase_of(stage: Stage) -> &'static str {
    match stage {
        Stage::Invalid | Stage::RulesGone => phase::PENDING,
        Stage::Revising => phase::REVISING,
        Stage::Confirmation => phase::AWAITING_CONFIRMATION,
        Stage::Escalation => phase::ESCALATED,
        Stage::SignOff | Stage::Complete => phase::AWAITING_SIGN_OFF,
    }
}

/// Deviations that status has room for. A term may deviate twice, by its value and by its words.
const MOST_DEVIATIONS: usize = 200;

/// Everything but conditions, phase and waits.
fn found(
    observed: &Observed<'_>,
    facts: &Facts<'_>,
    before: CustomerAgreementStatus,
) -> CustomerAgreementStatus {
    let spec = &observed.agreement.spec;
    let mut status = CustomerAgreementStatus {
        observed_generation: observed.agreement.metadata.generation,
        terms: Some(facts.revision.clone()),
        pinned: facts.pinned().cloned(),
        decided_time: before.decided_time.clone(),
        change_request: facts.change.clone(),
        owners: before.owners.clone(),
        amended_by: before.amended_by.clone(),
        superseded_by: before.superseded_by.clone(),
        ..CustomerAgreementStatus::default()
    };
    if !status.owners.contains(&spec.provider.owner_username) && status.owners.len() < 64 {
        status.owners.push(spec.provider.owner_username.clone());
    }
    let evaluation = match &facts.rules {
        Rules::Found(evaluation) => evaluation,
        Rules::Faulty(_) => return status,
        // Without its rules nothing can be evaluated anew: what was found under them is kept.
        Rules::Gone(_) => return carried(before, status),
    };
    let Evaluation { assessment, confirmed, approved, signed, .. } = evaluation;
    let deviations = &assessment.classed.deviations;
    status.classification =
        Some(if deviations.is_empty() { Classification::Standard } else { Classification::NonStandard });
    status.deviations = deviations.iter().take(MOST_DEVIATIONS).cloned().collect();
    status.value = Some(assessment.valued.shown.clone());
    status.approvals.clone_from(&approved.steps);
    if !confirmed.decisions.is_empty() {
        status.confirmation = Some(Confirmation {
            digest: evaluation.confirmation_digest.clone(),
            understood_time: confirmed.understood.map(Time),
            acceptable_time: confirmed.acceptable.map(Time),
            decisions: confirmed.decisions.clone(),
        });
    }
    if !signed.signatures.is_empty() {
        status.sign_off = Some(SignOff { signatures: signed.signatures.clone(), sealed_time: None });
    }
    status.orders.clone_from(&confirmed.orders);
    status
}

/// What was found under rules that are gone now.
fn carried(before: CustomerAgreementStatus, fresh: CustomerAgreementStatus) -> CustomerAgreementStatus {
    CustomerAgreementStatus {
        observed_generation: fresh.observed_generation,
        terms: fresh.terms,
        pinned: fresh.pinned,
        decided_time: fresh.decided_time,
        owners: fresh.owners,
        ..before
    }
}

fn describe(
    observed: &Observed<'_>,
    facts: &Facts<'_>,
    status: &CustomerAgreementStatus,
    conditions: &mut Conditions<'_>,
) {
    valid(facts, conditions);
    confirmation(observed, facts, conditions);
    approval(facts, conditions);
    sign_off(facts, status, conditions);
    orders_and_handover(facts, conditions);
    ready(observed, facts, conditions);
}

fn valid(facts: &Facts<'_>, conditions: &mut Conditions<'_>) {
    match (facts.worst_fault(), facts.rules.found()) {
        (Some(kind), _) => {
            conditions.set(condition::VALID, false, kind.reason(), faults_in_words(facts.faults()));
        }
        (None, Some(evaluation)) => {
            let deviations = &evaluation.assessment.classed.deviations;
            // A term may deviate by its value and by its words.
            let mut terms: Vec<String> =
                deviations.iter().map(|deviation| format!("`{}`", deviation.term_id)).collect();
            terms.dedup();
            if deviations.is_empty() {
                conditions.set(condition::VALID, true, reason::STANDARD_TERMS, "every term is standard");
            } else {
                let verb = if terms.len() == 1 { "deviates" } else { "deviate" };
                let message = format!(
                    "{} {verb} from the standard: {}",
                    text::count(terms.len(), "term"),
                    text::join_and(&terms)
                );
                conditions.set(condition::VALID, true, reason::NON_STANDARD_TERMS, message);
            }
        }
        (None, None) => conditions.keep(condition::VALID),
    }
}

/// Every fault, numbered if there are several.
fn faults_in_words(faults: &[Fault]) -> String {
    const SHOWN: usize = 30;
    match faults {
        [one] => one.message.clone(),
        many => {
            let listed = many
                .iter()
                .take(SHOWN)
                .enumerate()
                .map(|(n, fault)| format!("({}) {}", n + 1, fault.message));
            let more = many.len().checked_sub(SHOWN).filter(|more| *more > 0);
            let all: Vec<String> = listed
                .chain(more.map(|more| format!("and {more} more, shown once these are fixed")))
                .collect();
            format!("{}: {}", text::count(many.len(), "fault"), all.join("; "))
        }
    }
}

fn confirmation(observed: &Observed<'_>, facts: &Facts<'_>, conditions: &mut Conditions<'_>) {
    let confirmed = match &facts.rules {
        Rules::Found(evaluation) => &evaluation.confirmed,
        Rules::Gone(_) => return,
        Rules::Faulty(_) => {
            for type_ in [condition::UNDERSTOOD, condition::ACCEPTABLE] {
                let message = "the customer is asked once the terms are valid";
                conditions.set(type_, false, reason::TERMS_INVALID, message);
            }
            return;
        }
    };
    let so_far = |by: &[String]| {
        if by.is_empty() { String::new() } else { format!("; so far by {}", text::join_and(by)) }
    };
    match confirmed.understood {
        Some(_) => {
            let message = format!("by {}", text::join_and(&confirmed.understood_by));
            conditions.set(condition::UNDERSTOOD, true, reason::UNDERSTOOD, message);
        }
        None => {
            let message = format!(
                "the customer has yet to say that the terms are understood{}",
                so_far(&confirmed.understood_by)
            );
            conditions.set(condition::UNDERSTOOD, false, reason::AWAITING_CONFIRMATION, message);
        }
    }
    match confirmed.acceptable {
        Some(_) if confirmed.complete.is_some() => {
            let all = observed.agreement.spec.orders.len();
            let orders = if all == 0 {
                String::new()
            } else {
                format!("; {} of {} confirmed", confirmed.confirmed_orders().len(), text::count(all, "order"))
            };
            let contradicted = if confirmed.contradicted.is_empty() {
                String::new()
            } else {
                let ids: Vec<String> = confirmed.contradicted.iter().map(|id| format!("`{id}`")).collect();
                format!(
                    "; representatives contradict each other about {}, so it is not confirmed",
                    text::join_and(&ids)
                )
            };
            let message = format!("to {}{orders}{contradicted}", text::join_and(&confirmed.acceptable_by));
            conditions.set(condition::ACCEPTABLE, true, reason::ACCEPTABLE, message);
        }
        Some(_) => {
            conditions.set(
                condition::ACCEPTABLE,
                true,
                reason::ACCEPTABLE,
                format!("to {}", text::join_and(&confirmed.acceptable_by)),
            );
        }
        None => {
            let message = format!(
                "the customer has yet to say that the terms are acceptable{}",
                so_far(&confirmed.acceptable_by)
            );
            conditions.set(condition::ACCEPTABLE, false, reason::AWAITING_CONFIRMATION, message);
        }
    }
}

fn approval(facts: &Facts<'_>, conditions: &mut Conditions<'_>) {
    let Evaluation { assessment, approved: progress, .. } = match &facts.rules {
        Rules::Found(evaluation) => evaluation,
        Rules::Gone(_) => return,
        Rules::Faulty(_) => {
            let message = "it is known once the terms are valid";
            conditions.set(condition::APPROVED, false, reason::TERMS_INVALID, message);
            return;
        }
    };
    let steps = &progress.steps;
    if steps.is_empty() {
        let within: Vec<String> =
            assessment.requirements.exercised.iter().map(|a| format!("{} {}", a.function, a.level)).collect();
        let message = if within.is_empty() {
            "no circumstance asks for approval".to_owned()
        } else {
            format!("all of it lies within {}, which whoever countersigns must hold", text::join_and(&within))
        };
        conditions.set(condition::APPROVED, true, reason::NOT_REQUIRED, message);
        return;
    }
    let named = |wanted: ApprovalState| -> Vec<String> {
        steps
            .iter()
            .filter(|step| step.state == wanted)
            .map(|step| format!("{} {}", step.function, step.level))
            .collect()
    };
    let approved = named(ApprovalState::Approved);
    if approved.len() == steps.len() && progress.complete.is_some() {
        conditions.set(
            condition::APPROVED,
            true,
            reason::APPROVED,
            format!("by {}", text::join_and(&approved)),
        );
        return;
    }
    let mut parts = vec![format!("{} of {}", approved.len(), text::count(steps.len(), "approval"))];
    let say = |names: Vec<String>, one: &str, many: &str| {
        (!names.is_empty())
            .then(|| format!("{} {}", text::join_and(&names), if names.len() == 1 { one } else { many }))
    };
    parts.extend(say(named(ApprovalState::Waiting), "is asked", "are asked"));
    parts.extend(say(
        named(ApprovalState::Exhausted),
        "stayed silent, as did every level above",
        "stayed silent, as did every level above",
    ));
    parts.extend(say(named(ApprovalState::Refused), "refused", "refused"));
    parts.extend(say(named(ApprovalState::Next), "is next", "are next"));
    let (head, rest) = (parts.remove(0), parts.join("; "));
    conditions.set(condition::APPROVED, false, reason::AWAITING_APPROVAL, format!("{head}: {rest}"));
}

fn sign_off(facts: &Facts<'_>, status: &CustomerAgreementStatus, conditions: &mut Conditions<'_>) {
    let given = status.sign_off.as_ref().map_or(0, |sign_off| sign_off.signatures.len());
    let signed = format!("{} so far", text::count(given, "signature"));
    let (reason, message) = match facts.stage {
        Stage::RulesGone => return conditions.keep(condition::SIGNED_OFF),
        Stage::Invalid => {
            (reason::TERMS_INVALID, "signatures are asked for once the terms are valid".to_owned())
        }
        Stage::Revising => {
            (reason::CHANGE_REQUESTED, "signatures are asked for once the terms have changed".to_owned())
        }
        Stage::Confirmation => {
            (reason::AWAITING_CONFIRMATION, "signatures are asked for after confirmation".to_owned())
        }
        Stage::Escalation => {
            (reason::AWAITING_APPROVAL, "signatures are asked for after approval".to_owned())
        }
        Stage::SignOff | Stage::Complete => (reason::AWAITING_SIGNATURE, signed),
    };
    conditions.set(condition::SIGNED_OFF, false, reason, message);
}

fn orders_and_handover(facts: &Facts<'_>, conditions: &mut Conditions<'_>) {
    let confirmed = facts.rules.found().map(|evaluation| &evaluation.confirmed);
    let confirmed = confirmed.filter(|confirmed| confirmed.complete.is_some());
    let message = match confirmed.map(|confirmed| confirmed.confirmed_orders().len()) {
        Some(0) => "no order was confirmed; none follows sign-off".to_owned(),
        Some(orders) => format!("{} will be made after sign-off", text::count(orders, "order request")),
        None => "order requests are made after sign-off".to_owned(),
    };
    conditions.set(condition::ORDERS_ISSUED, false, reason::NOT_SIGNED_OFF, &message);
    conditions.set(condition::HANDED_OVER, false, reason::NOT_SIGNED_OFF, &message);
}

fn ready(observed: &Observed<'_>, facts: &Facts<'_>, conditions: &mut Conditions<'_>) {
    if let Guard::Inactive { because } = &observed.guard {
        let held = if facts.decisions.held_back == 0 {
            String::new()
        } else {
            format!("; {} held back", text::count(facts.decisions.held_back, "decision"))
        };
        let message = format!(
            "the admission policies are not in force ({because}), so no decision is counted{held}; an admin must install them again"
        );
        conditions.set(condition::READY, false, reason::GUARD_INACTIVE, &message);
        conditions.stalled(reason::GUARD_INACTIVE, message);
        return;
    }
    if let Rules::Gone(gone) = &facts.rules {
        conditions.set(condition::READY, false, gone.reason, &gone.message);
        conditions.stalled(gone.reason, &gone.message);
        return;
    }
    let reason = match facts.stage {
        Stage::RulesGone | Stage::Invalid => {
            let kind = facts.worst_fault().unwrap_or(FaultKind::TermsInvalid);
            let message = faults_in_words(facts.faults());
            conditions.set(condition::READY, false, kind.reason(), &message);
            conditions.stalled(kind.reason(), message);
            return;
        }
        Stage::Revising => reason::CHANGE_REQUESTED,
        Stage::Confirmation => reason::AWAITING_CONFIRMATION,
        Stage::Escalation => reason::AWAITING_APPROVAL,
        Stage::SignOff | Stage::Complete => reason::AWAITING_SIGNATURE,
    };
    let message = match &facts.change {
        Some(change) => format!(
            "{} asked for a change: {}; edit the terms, or raise `spec.offerVersion` to offer them unchanged",
            text::user(&change.username),
            change.reason
        ),
        None => waits_in_words(facts),
    };
    conditions.set(condition::READY, false, reason, &message);
    let mut steps = facts.rules.found().into_iter().flat_map(|evaluation| &evaluation.approved.steps);
    if facts.stage == Stage::Escalation && steps.any(|step| step.state == ApprovalState::Exhausted) {
        let message = format!(
            "{message}; every level was asked and nobody answered: reach one of them, or name another holder in the policy"
        );
        conditions.stalled(reason::ESCALATION_EXHAUSTED, message);
    }
}

fn waits_in_words(facts: &Facts<'_>) -> String {
    let words: Vec<String> = facts.waits.iter().map(|wait| wait_in_words(facts, wait)).collect();
    format!("waiting for {}", words.join("; and for "))
}

fn wait_in_words(facts: &Facts<'_>, wait: &Waiting) -> String {
    let act = match wait.action {
        WaitingAction::Confirm => " to confirm",
        WaitingAction::Approve => " to approve",
        WaitingAction::Sign => " to sign",
        WaitingAction::Countersign => " to countersign",
        WaitingAction::Edit => " to edit the terms",
    };
    let until =
        wait.deadline_time.as_ref().map_or_else(String::new, |end| format!(" until {}", text::time(end)));
    let then = match wait.ends_with {
        Some(EndsWith::Offer) => ", when the offer ends",
        Some(EndsWith::Wait) if waiting::ends_the_offer(wait.action) => ", then the offer expires",
        Some(EndsWith::Wait) => {
            match facts.rules.found().map(|found| found.rules.policy.spec.rules.escalation.on_timeout) {
                Some(OnTimeout::Expire) => ", then the offer expires",
                _ => ", then the next level is asked",
            }
        }
        None => "",
    };
    let vacant = if wait.action == WaitingAction::Approve && wait.subjects.is_empty() {
        " (nobody who may approve holds that level now; name a holder in the policy)"
    } else {
        ""
    };
    format!("{}{vacant}{act}{until}{then}", wait.who)
}

fn waiting_on(observed: &Observed<'_>, facts: &Facts<'_>) -> Option<String> {
    if matches!(observed.guard, Guard::Inactive { .. }) || facts.stage == Stage::RulesGone {
        return Some("an admin, see Stalled".to_owned());
    }
    match facts.worst_fault() {
        Some(kind) if !kind.is_the_authors() => Some("an admin, see Stalled".to_owned()),
        _ => waiting::in_one_line(&observed.agreement.spec, &facts.waits),
    }
}
