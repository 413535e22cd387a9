//! The decisions that people make, right and wrong.

use std::sync::Arc;

use countersign_api::agreement_decision::{
    DecidedAgreement, Evidence, OrderConfirmation, OrderDecision, Statement,
};
use countersign_api::agreement_status::{Waiting, WaitingAction};
use countersign_api::customer_agreement::Order;
use countersign_api::subject::SubjectKind;
use countersign_api::{Action, AgreementDecision, AgreementDecisionSpec};
use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use kube::core::ObjectMeta;

use super::{ACTIONS, CLERK, How, PEOPLE, Wrong};
use crate::decision;
use crate::scenario::FUNCTIONS;
use crate::world::World;

/// A decision on the terms that says no more than it must.
fn blank(world: &World, username: &str, groups: &[&str], action: Action) -> AgreementDecisionSpec {
    let terms = world.status().terms.as_ref().unwrap();
    let agreement = DecidedAgreement {
        name: world.agreement.metadata.name.clone().unwrap(),
        uid: world.agreement.metadata.uid.clone().unwrap(),
        revision: terms.revision,
        digest: terms.digest.clone(),
    };
    let reason = Some("so it is".to_owned());
    AgreementDecisionSpec { reason, ..decision::draft(agreement, username, groups, action) }
}

/// What somebody who is waited for decides.
pub(super) fn answer(world: &World, wait: &Waiting, who: usize, how: &How) -> Option<AgreementDecisionSpec> {
    let subject = &wait.subjects.get(who % wait.subjects.len().max(1))?;
    let name = subject.subject.name.as_str();
    let (username, groups) = match subject.subject.kind {
        SubjectKind::User => (name.to_owned(), Vec::new()),
        SubjectKind::Group => (format!("{name}-{who}"), vec![name]),
    };
    let action = match (how.objection, wait.action) {
        (1, WaitingAction::Confirm) => Action::Decline,
        (1, WaitingAction::Approve) => Action::Refuse,
        (2, WaitingAction::Confirm | WaitingAction::Approve | WaitingAction::Sign) => Action::RequestChange,
        (1 | 3, WaitingAction::Sign) | (3, WaitingAction::Confirm | WaitingAction::Countersign) => {
            Action::Withdraw
        }
        _ => wait.action.decision()?,
    };
    let mut decision = blank(world, &username, &groups, action);
    if Some(action) == wait.action.decision() || action == Action::Refuse {
        decision.agreement_ref.digest.clone_from(wait.digest.as_ref()?);
    }
    if wait.action == WaitingAction::Approve {
        (decision.function, decision.level) = (Some(wait.function.clone()?), Some(wait.level.clone()?));
        decision.on_behalf_of.clone_from(&subject.on_behalf_of);
    }
    finish(world, &mut decision, how);
    Some(decision)
}

/// What anybody may try.
pub(super) fn anything(
    world: &World,
    who: usize,
    action: Action,
    function: usize,
    how: &How,
) -> AgreementDecisionSpec {
    let (username, groups) = PEOPLE[who];
    let mut decision = blank(world, username, groups, action);
    let status = world.status();
    let confirmation = status.confirmation.as_ref().and_then(|c| c.digest.clone());
    let waits = status.waiting_for.iter();
    let asked = waits.filter(|w| w.action == WaitingAction::Approve).find_map(|w| w.digest.clone());
    let digest = match action {
        Action::Sign | Action::Countersign => confirmation,
        Action::Approve | Action::Refuse => asked.or(confirmation),
        _ => None,
    };
    if let Some(digest) = digest {
        decision.agreement_ref.digest = digest;
    }
    let by_authority = matches!(action, Action::Approve | Action::Refuse)
        || (action == Action::RequestChange && function < FUNCTIONS.len());
    if by_authority {
        let step = status.approvals.get(function % status.approvals.len().max(1));
        let fallback = FUNCTIONS[function % FUNCTIONS.len()];
        decision.function = Some(step.map_or(fallback, |step| &step.function).to_owned());
        decision.level = Some(step.map_or("L3", |step| &step.level).to_owned());
    }
    finish(world, &mut decision, how);
    decision
}

/// Says what a decision of its kind has to say, and spoils it where it should be spoilt.
fn finish(world: &World, decision: &mut AgreementDecisionSpec, how: &How) {
    if decision.action == Action::Confirm {
        let statements = [(1, Statement::Understood), (2, Statement::Acceptable)].into_iter();
        decision.statements =
            statements.filter(|(bit, _)| how.statements & bit != 0).map(|(_, statement)| statement).collect();
        if decision.statements.contains(&Statement::Acceptable) {
            let outcome = |(n, order): (usize, &Order)| OrderDecision {
                id: order.id.clone(),
                outcome: if how.left_out >> n & 1 == 1 {
                    OrderConfirmation::NotConfirmed
                } else {
                    OrderConfirmation::Confirmed
                },
                reason: None,
            };
            decision.orders = world.agreement.spec.orders.iter().enumerate().map(outcome).collect();
        }
    }
    if how.attested && matches!(decision.action, Action::Confirm | Action::Sign | Action::Decline) {
        decision.on_behalf_of = Some(decision.decided_by.username.clone());
        "clerk".clone_into(&mut decision.decided_by.username);
        decision.evidence = Some(Evidence {
            channel: "Paper".to_owned(),
            uri: "archive:1".to_owned(),
            digest: format!("sha256:{}", "a".repeat(64)),
            signed_time: Time(world.now),
        });
    }
    if let Some(wrong) = how.wrong {
        spoil(decision, wrong);
    }
}

fn spoil(decision: &mut AgreementDecisionSpec, wrong: Wrong) {
    let named = &mut decision.agreement_ref;
    match wrong {
        Wrong::Digest => named.digest = format!("sha256:{}", "0".repeat(64)),
        Wrong::Revision => named.revision += 100,
        Wrong::Uid => named.uid.push_str("-other"),
        Wrong::Name => named.name.push_str("-other"),
        Wrong::Orders => drop(decision.orders.pop()),
        Wrong::Level => decision.level = decision.level.as_ref().map(|_| "L1".to_owned()),
    }
}

/// A decision that looks right and is about something else, made at some time.
pub fn somebody_elses(
    world: &World,
    (who, action): (usize, usize),
    wrong: Wrong,
    time: Timestamp,
) -> Arc<AgreementDecision> {
    let how = How {
        wrong: Some(wrong),
        left_out: 0,
        statements: 3,
        attested: who == CLERK,
        objection: 0,
        after: 0,
    };
    let asked = world.status().waiting_for.first().and_then(|wait| answer(world, wait, who, &how));
    let spec = match asked {
        Some(answer) if action.is_multiple_of(2) => answer,
        _ => anything(world, who, ACTIONS[action % ACTIONS.len()], who, &how),
    };
    Arc::new(AgreementDecision {
        metadata: ObjectMeta {
            name: Some("about-something-else".to_owned()),
            namespace: world.agreement.metadata.namespace.clone(),
            uid: Some("uid-of-something-else".to_owned()),
            creation_timestamp: Some(Time(time)),
            ..ObjectMeta::default()
        },
        spec,
    })
}
