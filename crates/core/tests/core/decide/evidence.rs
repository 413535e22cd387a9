//! Which evidence is asked for before what.

use countersign_api::Action;
use countersign_core::decide::{Evidence, Gathered, Plan};

use testkit::people::{EVA, JONAS, NINA};
use testkit::world::{World, changes};

const NONE: Gathered = Gathered { guard_trial: false, fresh_decisions: false, linked_agreements: false };

#[test]
fn nothing_counts_for_the_first_time_before_a_trial_of_the_guard() {
    let mut world = World::fibre();
    assert!(matches!(world.decide(world.now, NONE), Plan::Write(_)), "terms take no trial");
    world.settle();
    world.pass(60).confirm(EVA);
    let trial = Plan::Need(Evidence::GuardTrial);
    assert_eq!(world.decide(world.now, NONE), trial);
    // What is read after a trial may have been let through after it.
    let read_since = NONE.with(Evidence::GuardTrial).with(Evidence::FreshDecisions);
    assert_eq!(world.decide(world.now, read_since), trial);
    assert!(matches!(world.decide(world.now, NONE.with(Evidence::GuardTrial)), Plan::Write(_)));
}

#[test]
fn what_does_not_count_takes_no_trial() {
    let mut world = World::fibre();
    world.settle();
    world.pass(60).confirm(NINA);
    let Plan::Write(changes) = world.decide(world.now, NONE) else { panic!("it takes evidence") };
    assert_eq!(changes.status.unwrap().ignored_decisions.len(), 1);
}

/// Another operator may have counted it, and the watch of this one does not show it yet.
#[test]
fn a_decision_that_counts_is_taken_back_only_on_a_fresh_read() {
    let mut world = World::confirmed_fibre();
    world.act(EVA, Action::Sign);
    world.settle();
    let all = world.decisions.clone();
    for behind in 0..all.len() {
        world.decisions.truncate(behind);
        let fresh = Plan::Need(Evidence::FreshDecisions);
        assert_eq!(world.plan_at(world.now, false), fresh, "the watch shows {behind} decisions");
        let taken_back = changes(world.plan_at(world.now, true)).status.unwrap();
        assert_ne!((&taken_back.confirmation, &taken_back.sign_off), {
            let status = world.status();
            (&status.confirmation, &status.sign_off)
        });
        world.decisions.clone_from(&all);
    }
    assert_eq!(changes(world.plan_at(world.now, false)).status, None);
}

/// Whatever the server has, decisions on other terms do not count.
#[test]
fn a_new_revision_takes_no_fresh_read() {
    let mut world = World::confirmed_fibre();
    world.edit(|agreement| agreement.spec.offer_version += 1);
    let changes = changes(world.plan_at(world.now, false));
    assert_eq!(changes.status.unwrap().confirmation, None);
}

#[test]
fn what_names_another_agreement_is_sealed_only_with_the_other_one_read() {
    let amended = World::agreed_fibre().agreement;
    for named in [false, true] {
        let mut world = World::fibre();
        world.agreement.metadata.name = Some("next".to_owned());
        world.agreement.metadata.uid = Some("agreement-2".to_owned());
        let mut other = amended.clone();
        other.metadata.name = Some("first".to_owned());
        world.related = vec![other.into()];
        world.now += jiff::SignedDuration::from_hours(1);
        if named {
            let reference = countersign_api::references::AgreementNameRef { name: "first".to_owned() };
            world.agreement.spec.supersedes_ref = Some(reference);
        }
        world.confirmed().signed_by_the_customer();
        world.pass(60).act(JONAS, Action::Countersign);
        let mut asked = Vec::new();
        let mut evidence = NONE;
        while let Plan::Need(more) = world.decide(world.now, evidence) {
            asked.push(more);
            evidence = evidence.with(more);
        }
        let mut expected = vec![Evidence::FreshDecisions, Evidence::GuardTrial];
        if named {
            expected.insert(0, Evidence::LinkedAgreements);
        }
        assert_eq!(asked, expected);
        world.settle();
        assert_eq!(world.phase(), "Agreed");
    }
}
