//! A refusal ends it.

use countersign_api::Action;
use countersign_api::agreement_status::{ApprovalState, ClosedOutcome};
use testkit::people::{CARLA, DESK, IVAN, LEA, MARY, RITA};
use testkit::world::World;

use super::{DORA, PATEL, at, fleet, levels_asked, parallel, refuse, sales_is_asked, step, told};

#[test]
fn one_refusal_ends_it_in_its_makers_words_whatever_others_approved() {
    for (others, who, function, level) in [(false, DESK, "finance", "L1"), (true, MARY, "sales", "L3")] {
        let mut world = fleet(|policy| policy.spec.rules.escalation.quorum = 2);
        if others {
            world.approve(DESK, "finance", "L1");
            world.approve(DORA, "finance", "L1");
            world.settle();
            world.pass(60);
        }
        let decision = refuse(&mut world, who, function, level);
        assert_eq!(world.settle(), 1);
        assert_eq!(world.phase(), "Refused");
        let closed = world.status().closed.clone().unwrap();
        assert_eq!(
            (closed.outcome, closed.reason.as_str()),
            (ClosedOutcome::Refused, "the discount is too high")
        );
        assert_eq!((closed.time.0, closed.decisions), (world.now, vec![decision]));
        assert_eq!(step(&world, function).state, ApprovalState::Refused);
        assert_eq!(world.condition("Approved").1, "Refused");
        assert_eq!(world.condition("Stalled").1, "", "a business outcome is no fault");
        assert_eq!((told(&world, "ApprovalRefused"), told(&world, "AgreementRefused")), (1, 1));
        assert_eq!(world.status().waiting_for, []);
        // Final: nothing moves it any more, neither people nor time.
        let mut spec = world.decisions[0].spec.clone();
        spec.action = Action::Approve;
        spec.decided_by.username = IVAN.0.to_owned();
        (spec.function, spec.level) = (Some("finance".into()), Some("L2".into()));
        world.pass(60).store(spec);
        world.settle();
        assert_eq!((world.phase(), world.last_ignored()), ("Refused", "Closed"));
        world.pass(86_400 * 400);
        assert_eq!(world.settle(), 0);
    }
}

#[test]
fn a_refusal_takes_the_same_authority_as_an_approval() {
    for (who, level, reason) in [
        (RITA, "L2", "LevelInsufficient"),
        (RITA, "L3", "NotHolder"),
        (PATEL, "L3", "OwnerMayNotApprove"),
        (LEA, "L3", "BothSides"),
    ] {
        let mut world = sales_is_asked(|_| {});
        refuse(&mut world, who, "sales", level);
        world.settle();
        assert_eq!((world.last_ignored(), world.phase()), (reason, "Escalated"), "{}", who.0);
    }
}

#[test]
fn a_refusal_before_its_turn_is_out_of_turn() {
    let mut world = World::escalated_fleet();
    refuse(&mut world, MARY, "sales", "L3");
    world.settle();
    assert_eq!((world.last_ignored(), world.phase()), ("OutOfTurn", "Escalated"));
}

#[test]
fn a_refusal_counts_until_the_agreement_is_sealed_also_from_who_approved() {
    for who in [CARLA, MARY] {
        let mut world = sales_is_asked(|_| {});
        world.approve(MARY, "sales", "L3");
        world.settle();
        world.pass(60).act(LEA, Action::Sign);
        world.settle();
        assert_eq!(world.phase(), "AwaitingSignOff");
        world.pass(60);
        refuse(&mut world, who, "sales", "L3");
        world.settle();
        assert_eq!(world.phase(), "Refused", "{}", who.0);
    }
}

#[test]
fn of_an_approval_and_a_refusal_in_one_second_the_refusal_counts() {
    for refusal_first in [true, false] {
        let mut world = World::escalated_fleet();
        if refusal_first {
            refuse(&mut world, DORA, "finance", "L1");
            world.approve(DESK, "finance", "L1");
        } else {
            world.approve(DESK, "finance", "L1");
            refuse(&mut world, DORA, "finance", "L1");
        }
        world.settle();
        assert_eq!(world.phase(), "Refused");
    }
}

#[test]
fn a_refusal_asks_nobody_else_in_the_same_breath() {
    let mut world = fleet(parallel);
    refuse(&mut world, DESK, "finance", "L1");
    world.now = at("2026-11-28T09:00:00Z");
    world.settle();
    assert_eq!((world.phase(), levels_asked(&world, "sales")), ("Refused", vec!["L3".to_owned()]));
    assert_eq!(told(&world, "ApprovalEscalated"), 0);
}
