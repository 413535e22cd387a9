//! A manager may ask for a change of the terms.

use countersign_api::Action;
use countersign_api::agreement_status::{ApprovalState, WaitingAction};
use testkit::people::{BRANDT, DESK, IVAN, KIM, MARY, Somebody};
use testkit::world::World;

use super::{
    DORA, PATEL, ask_for_change, asked, at, decide, named, sales_is_asked, states, step, substituted, told,
};

#[test]
fn who_could_approve_now_may_ask_for_a_change() {
    for (who, function, level) in [(DESK, "finance", "L1"), (IVAN, "finance", "L2")] {
        let mut world = World::escalated_fleet();
        let decision = ask_for_change(&mut world, who, function, level);
        assert_eq!(world.settle(), 1);
        assert_eq!(world.phase(), "Revising");
        let change = world.status().change_request.clone().unwrap();
        assert_eq!((change.decision, change.username.as_str()), (decision, who.0));
        assert_eq!((change.reason.as_str(), change.time.0), ("the discount is too high", world.now));
        assert_eq!(world.status().waiting_for[0].action, WaitingAction::Edit);
    }
}

#[test]
fn who_could_not_approve_now_may_not_ask_for_a_change() {
    for (who, function, level, reason) in [
        (MARY, "sales", "L3", "OutOfTurn"),
        (MARY, "finance", "L1", "NotHolder"),
        (Somebody("d.desk", &[]), "finance", "L1", "NotHolder"),
        (PATEL, "finance", "L1", "OwnerMayNotApprove"),
        (BRANDT, "legal", "L2", "OutOfTurn"),
    ] {
        let mut world = World::escalated_fleet();
        ask_for_change(&mut world, who, function, level);
        world.settle();
        assert_eq!((world.last_ignored(), world.phase()), (reason, "Escalated"), "{} {function}", who.0);
    }
}

#[test]
fn a_change_that_a_manager_asks_for_after_the_offer_ended_is_late() {
    let mut world = World::escalated_fleet();
    world.now = at("2027-12-01T08:00:01Z");
    ask_for_change(&mut world, DESK, "finance", "L1");
    world.settle();
    assert_eq!((world.last_ignored(), world.phase()), ("Late", "Escalated"));
}

#[test]
fn a_substitute_may_ask_for_a_change_too() {
    let mut world = sales_is_asked(|policy| {
        substituted(policy, "m.osei", "k.jensen", &[], "2026-11-24T00:00:00Z", "2026-11-25T00:00:00Z");
    });
    decide(&mut world, Action::RequestChange, KIM, ("sales", "L3"), Some("m.osei"));
    world.settle();
    assert_eq!(world.phase(), "Revising");
    assert_eq!(world.status().change_request.clone().unwrap().username, "k.jensen");
}

#[test]
fn a_change_asked_for_before_its_turn_does_not_count_when_the_turn_comes() {
    let mut world = World::escalated_fleet();
    ask_for_change(&mut world, MARY, "sales", "L3");
    world.settle();
    world.pass(60).approve(DESK, "finance", "L1");
    world.settle();
    assert_eq!((world.phase(), step(&world, "sales").state), ("Escalated", ApprovalState::Waiting));
    assert_eq!(world.status().change_request, None);
}

/// A change asked for while the step was open counts though seen after the approval.
#[test]
fn a_change_asked_for_in_an_open_step_counts_though_seen_later() {
    for (made, phase) in [("2026-11-24T09:03:00Z", "Revising"), ("2026-11-24T09:04:01Z", "Escalated")] {
        let mut world = World::escalated_fleet();
        world.pass(60).approve(DESK, "finance", "L1");
        world.settle();
        world.now = at(made);
        ask_for_change(&mut world, DORA, "finance", "L1");
        world.now = at("2026-11-24T09:05:00Z");
        world.settle();
        assert_eq!(world.phase(), phase, "{made}");
    }
}

/// While the terms are revised nobody is asked and no level is passed over.
#[test]
fn while_the_terms_are_revised_no_level_is_passed_over() {
    let mut world = World::escalated_fleet();
    ask_for_change(&mut world, DESK, "finance", "L1");
    world.settle();
    let before = asked(&world, "finance");
    world.now = at("2026-11-28T09:00:00Z");
    assert_eq!(world.settle(), 0);
    world.edit(|agreement| agreement.spec.title = "Fleet SIMs".to_owned());
    world.settle();
    assert_eq!((world.phase(), asked(&world, "finance")), ("Revising", before));
    assert_eq!(told(&world, "ApprovalEscalated"), 0);

    let mut world = World::escalated_fleet();
    world.approve(DORA, "finance", "L1");
    ask_for_change(&mut world, DESK, "finance", "L1");
    world.settle();
    assert_eq!(
        states(&world),
        named([("finance L1", ApprovalState::Approved), ("sales L3", ApprovalState::Next)])
    );
    assert_eq!((world.phase(), asked(&world, "sales")), ("Revising", vec![]));
}
