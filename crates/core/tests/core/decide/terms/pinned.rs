//! The rules that an agreement was given stay its rules.

use std::sync::Arc;

use countersign_api::Action;
use countersign_api::standard_terms::LifecycleState;
use jiff::SignedDuration;
use testkit::people::{EVA, JONAS};
use testkit::world::World;

#[test]
fn when_the_pinned_rules_are_gone_or_replaced_everything_waits_as_it_is() {
    type Spoil = fn(&mut World);
    let spoils: [(&str, &str, Spoil); 4] = [
        ("PolicyMissing", "the DelegationPolicy `b2b-2026` (uid policy-1)", |world| world.policies.clear()),
        ("PolicyMissing", "the DelegationPolicy `b2b-2026` (uid policy-1)", |world| {
            world.rules(|policy| policy.metadata.uid = Some("policy-2".to_owned()));
        }),
        ("TermsMissing", "the StandardTerms `b2b-2026-1` (uid terms-1)", |world| world.terms = None),
        ("TermsMissing", "the StandardTerms `b2b-2026-1` (uid terms-1)", |world| {
            world.terms.as_mut().unwrap().metadata.uid = Some("terms-2".to_owned());
        }),
    ];
    for (reason, what, spoil) in spoils {
        let mut world = World::escalated_fleet();
        let (policies, terms, before) = (world.policies.clone(), world.terms.clone(), world.status().clone());
        spoil(&mut world);
        world.pass(60).settle();
        assert_eq!(world.phase(), "Pending");
        let message = format!(
            "{what} that these terms are pinned to is gone or was replaced; raise `spec.offerVersion` to offer the terms under today's rules"
        );
        for type_ in ["Ready", "Stalled"] {
            let (_, found, text) = world.condition(type_);
            assert_eq!((found.as_str(), &text), (reason, &message), "{type_}");
        }
        let status = world.status();
        assert_eq!(status.waiting_on.as_deref(), Some("an admin, see Stalled"));
        assert_eq!(status.waiting_for, before.waiting_for);
        assert_eq!(status.approvals, before.approvals);
        assert_eq!(status.confirmation, before.confirmation);
        assert_eq!(status.pinned, before.pinned);
        // And when they are back, it goes on where it stood.
        (world.policies, world.terms) = (policies, terms);
        world.pass(60).settle();
        assert_eq!((world.phase(), world.condition("Stalled").0.as_str()), ("Escalated", ""));
        assert_eq!(world.status().waiting_for, before.waiting_for);
    }
}

/// While the pinned rules are gone no answer runs late that cannot be weighed.
#[test]
fn while_the_pinned_rules_are_gone_no_answer_runs_late() {
    let mut world = World::fibre();
    world.settle();
    let policies = std::mem::take(&mut world.policies);
    let deadline = world.status().waiting_for[0].deadline_time.clone().unwrap().0;
    world.settle();
    world.pass(60).confirm(EVA);
    world.now = deadline + SignedDuration::from_secs(60);
    world.settle();
    assert_eq!((world.phase(), world.condition("Ready").1.as_str()), ("Pending", "PolicyMissing"));
    world.policies = policies;
    world.settle();
    assert_eq!(world.phase(), "AwaitingSignOff", "it was made in time");
}

#[test]
fn the_offer_ends_though_the_pinned_rules_are_gone() {
    let mut world = World::fibre();
    world.settle();
    world.policies.clear();
    world.settle();
    let end = world.agreement.spec.offer_end_time.0 + SignedDuration::from_secs(5);
    world.now = end - SignedDuration::from_secs(1);
    world.settle();
    assert_eq!((world.phase(), world.wake), ("Pending", Some(end)));
    world.now = end;
    world.settle();
    assert_eq!(world.phase(), "Expired");
}

#[test]
fn a_new_revision_is_pinned_to_the_rules_of_its_day() {
    let mut world = World::confirmed_fibre();
    let mut successor = (*world.policies[0]).clone();
    world.rules(|policy| policy.spec.lifecycle_state = LifecycleState::Retired);
    successor.metadata.name = Some("b2b-2027".to_owned());
    successor.metadata.uid = Some("policy-2".to_owned());
    world.policies.push(Arc::new(successor));
    world.settle();
    assert_eq!(world.status().pinned.as_ref().unwrap().policy.uid, "policy-1");
    world.edit(|agreement| agreement.spec.offer_version += 1);
    world.settle();
    assert_eq!(world.status().pinned.as_ref().unwrap().policy.uid, "policy-2");
    assert_eq!(world.phase(), "AwaitingConfirmation");
}

#[test]
fn rules_that_are_retired_after_they_were_pinned_go_on_to_the_end() {
    let mut world = World::confirmed_fibre();
    world.rules(|policy| policy.spec.lifecycle_state = LifecycleState::Retired);
    world.terms.as_mut().unwrap().spec.lifecycle_state = LifecycleState::Retired;
    world.act(EVA, Action::Sign);
    world.settle();
    world.pass(60).act(JONAS, Action::Countersign);
    world.settle();
    assert_eq!(world.phase(), "Agreed");
}
