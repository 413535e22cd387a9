//! Decisions that do not count, and how they are shown.

use std::sync::Arc;

use countersign_api::{Action, AgreementDecision, AgreementDecisionSpec};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use testkit::people::{EVA, JONAS, NINA};
use testkit::world::World;

use super::{at, every_open_phase, fibre, seconds, store_with};

fn spoiled(change: impl FnOnce(&mut AgreementDecisionSpec)) -> World {
    let mut world = fibre();
    store_with(&mut world, EVA, Action::Decline, change);
    world.settle();
    assert_eq!(world.phase(), "AwaitingConfirmation");
    world
}

#[test]
fn a_decision_on_something_else_never_counts() {
    let uid = spoiled(|spec| spec.agreement_ref.uid = "agreement-0".to_owned());
    assert_eq!(
        uid.ignored()[0].message,
        "it names uid agreement-0, and this agreement's is agreement-1: decide again"
    );
    let name = spoiled(|spec| spec.agreement_ref.name = "another".to_owned());
    assert_eq!(
        name.ignored()[0].message,
        "it names the agreement \"another\", and this one is \"norrland-timber-fibre\""
    );
    let revision = spoiled(|spec| spec.agreement_ref.revision = 2);
    assert_eq!(
        revision.ignored()[0].message,
        "it was made on revision 2, and the terms are at revision 1: decide again on what they say now"
    );
    let digest = spoiled(|spec| spec.agreement_ref.digest = format!("sha256:{}", "0".repeat(64)));
    assert!(digest.ignored()[0].message.starts_with("a Decline must name the terms digest sha256:"));
    for world in [uid, name, revision, digest] {
        assert_eq!(world.last_ignored(), "Stale");
        assert_eq!(world.status().decided_time, None);
    }
}

#[test]
fn what_was_decided_on_an_earlier_agreement_of_the_name_is_history() {
    let mut world = fibre();
    store_with(&mut world, EVA, Action::Decline, |spec| spec.agreement_ref.uid = "agreement-0".to_owned());
    // The agreement is deleted and made again, after that.
    world.agreement.metadata.creation_timestamp = Some(Time(world.now + seconds(1)));
    world.pass(60);
    assert_eq!((world.settle(), world.ignored().len()), (0, 0));
}

#[test]
fn the_newest_twenty_ignored_decisions_are_shown() {
    let mut world = fibre();
    for _ in 0..25 {
        world.pass(1).act_because(NINA, Action::Decline, "no");
    }
    world.settle();
    let shown: Vec<_> = world.ignored().iter().map(|i| i.name.as_str()).collect();
    assert_eq!((shown.len(), shown[0], shown[19]), (20, "decision-006", "decision-025"));
    world.act_because(EVA, Action::Withdraw, "enough");
    world.settle();
    for _ in 0..3 {
        world.pass(1).act_because(NINA, Action::Decline, "no");
    }
    world.settle();
    let shown: Vec<_> = world.ignored().iter().map(|i| i.name.as_str()).collect();
    assert_eq!((shown.len(), shown[0], shown[19]), (20, "decision-009", "decision-029"));
}

#[test]
fn words_of_others_are_shown_on_one_line() {
    let mut world = fibre();
    world.act_because(EVA, Action::Decline, "too\r\ndear\u{1b}[31m\u{202e}");
    world.settle();
    assert_eq!(world.status().closed.as_ref().unwrap().reason, "too  dear [31m");
}

#[test]
fn who_decides_on_faulty_terms_is_told_to_decide_again() {
    let mut world = fibre();
    world.edit(|agreement| agreement.spec.terms[0].value = Some("soon".to_owned()));
    world.settle();
    world.pass(60).confirm(EVA);
    assert_eq!(world.settle(), 1);
    assert_eq!((world.last_ignored(), world.phase()), ("OutOfTurn", "Pending"));
    assert_eq!(world.ignored()[0].message, "the terms have faults; decide again once they are fixed");
}

#[test]
fn a_decision_without_a_time_is_no_decision() {
    let mut world = fibre();
    world.confirm(EVA);
    let mut timeless: AgreementDecision = (*world.decisions[0]).clone();
    timeless.metadata.creation_timestamp = None;
    world.decisions = vec![Arc::new(timeless)];
    assert_eq!(world.settle(), 0);
}

/// After the end and after sealing that is the reason whatever else is wrong.
#[test]
fn after_the_end_or_sealing_that_is_the_reason_given() {
    let mut closed = fibre();
    closed.act_because(EVA, Action::Decline, "no");
    closed.settle();
    for (world, reason) in [(closed, "Closed"), (World::agreed_fibre(), "Sealed")] {
        let wrong: [fn(&mut AgreementDecisionSpec); 4] = [
            |spec| spec.agreement_ref.revision = 7,
            |spec| spec.agreement_ref.digest = format!("sha256:{}", "0".repeat(64)),
            |spec| spec.decided_by.username = "mallory".to_owned(),
            |_| {},
        ];
        for change in wrong {
            let mut world = world.clone();
            let phase = world.phase().to_owned();
            // Late as well.
            world.now = at("2028-06-01T00:00:00Z");
            store_with(&mut world, EVA, Action::Withdraw, change);
            world.settle();
            assert_eq!((world.last_ignored(), world.phase()), (reason, phase.as_str()));
        }
    }
}

#[test]
fn nothing_is_decided_from_what_stands_in_phase() {
    let mut sealed = World::confirmed_fibre();
    sealed.act(EVA, Action::Sign);
    sealed.pass(60).act(JONAS, Action::Countersign);
    let plan = sealed.plan();
    sealed.write(&plan.status.unwrap());
    for world in every_open_phase().into_iter().chain([sealed]) {
        let right = world.status().clone();
        for phase in ["Agreed", "Withdrawn", "Pending", "AwaitingSignOff", "Whatever"] {
            let mut world = world.clone();
            world.agreement.status.as_mut().unwrap().phase = Some(phase.to_owned());
            world.agreement.status.as_mut().unwrap().waiting_on = None;
            world.settle();
            let settled = right.phase.as_deref() == Some("IssuingOrders");
            let expected = if settled { Some("Agreed") } else { right.phase.as_deref() };
            assert_eq!(world.status().phase.as_deref(), expected, "{phase} was written over it");
        }
    }
}
