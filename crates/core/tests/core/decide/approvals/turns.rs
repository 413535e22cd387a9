//! When an approval is in turn, and which levels may decide for which.

use std::sync::Arc;

use countersign_api::agreement_status::ApprovalState;
use testkit::people::{CARLA, DESK, IVAN, JONAS, MARY, RITA};
use testkit::world::World;

use super::{DORA, asked, at, fleet, named, parallel, quorum_of, sales_is_asked, states, step, verdicts};

#[test]
fn sales_before_finance_is_out_of_turn_and_may_decide_again() {
    let mut world = World::escalated_fleet();
    world.approve(MARY, "sales", "L3");
    world.settle();
    assert_eq!(world.last_ignored(), "OutOfTurn");
    world.pass(60).approve(DESK, "finance", "L1");
    world.settle();
    assert_eq!(verdicts(&world, "sales"), [], "what came before its turn does not count later");
    world.pass(60).approve(MARY, "sales", "L3");
    world.settle();
    assert_eq!(world.phase(), "AwaitingSignOff");
}

#[test]
fn an_approval_in_the_second_in_which_its_turn_comes_counts() {
    let mut world = World::escalated_fleet();
    world.approve(MARY, "sales", "L3");
    world.approve(DESK, "finance", "L1");
    assert_eq!(world.settle(), 1);
    assert_eq!(world.phase(), "AwaitingSignOff");
}

#[test]
fn an_approval_before_the_customer_confirmed_is_out_of_turn() {
    let mut world = World::fleet();
    world.settle();
    world.pass(60).approve(DESK, "finance", "L1");
    world.settle();
    assert_eq!((world.last_ignored(), world.phase()), ("OutOfTurn", "AwaitingConfirmation"));
    world.pass(60);
    world.confirmed_without_handsets();
    assert_eq!(step(&world, "finance").state, ApprovalState::Waiting);
}

#[test]
fn in_parallel_all_are_asked_at_once_and_decide_in_any_order() {
    for sales_first in [true, false] {
        let mut world = fleet(parallel);
        let both = named([("finance L1", ApprovalState::Waiting), ("sales L3", ApprovalState::Waiting)]);
        assert_eq!(states(&world), both);
        assert_eq!(world.status().waiting_for.len(), 2);
        for function in ["finance", "sales"] {
            assert_eq!(asked(&world, function)[0].1, at("2026-11-24T09:02:00Z"));
        }
        let (first, second) = ((MARY, "sales", "L3"), (DESK, "finance", "L1"));
        let (first, second) = if sales_first { (first, second) } else { (second, first) };
        world.approve(first.0, first.1, first.2);
        world.settle();
        assert_eq!(world.phase(), "Escalated");
        assert_eq!(world.status().waiting_for.len(), 1);
        world.pass(60).approve(second.0, second.1, second.2);
        world.settle();
        assert_eq!(world.phase(), "AwaitingSignOff");
    }
}

/// A higher level decides for a lower one and a lower one not for a higher one.
#[test]
fn a_higher_level_decides_for_a_lower_one_and_not_the_other_way() {
    for (who, level, reason) in [
        (CARLA, "L4", ""),
        // Who holds L4 may act with L3.
        (CARLA, "L3", ""),
        (RITA, "L2", "LevelInsufficient"),
        (RITA, "L3", "NotHolder"),
        (JONAS, "L1", "LevelInsufficient"),
        (CARLA, "L9", "LevelInsufficient"),
    ] {
        let mut world = sales_is_asked(|_| {});
        world.approve(who, "sales", level);
        world.settle();
        assert_eq!(world.last_ignored(), reason, "{} {level}", who.0);
        let phase = if reason.is_empty() { "AwaitingSignOff" } else { "Escalated" };
        assert_eq!(world.phase(), phase, "{} {level}", who.0);
    }
}

#[test]
fn the_order_in_which_decisions_are_listed_says_nothing() {
    let mut world = fleet(|policy| quorum_of(policy, "finance", "L1", 2));
    world.approve(DESK, "finance", "L1");
    world.pass(1).approve(MARY, "sales", "L3");
    world.pass(1).approve(DORA, "finance", "L1");
    world.pass(1).approve(MARY, "sales", "L3");
    world.pass(1).approve(IVAN, "finance", "L2");
    let plan = world.plan();
    let listed: Vec<Arc<_>> = world.decisions.clone();
    for turn in 1..listed.len() {
        world.decisions.rotate_left(turn);
        assert_eq!(world.plan(), plan);
        world.decisions = listed.iter().rev().cloned().collect();
        assert_eq!(world.plan(), plan);
    }
    world.settle();
    assert_eq!(world.phase(), "AwaitingSignOff");
    let reasons: Vec<_> = world.ignored().iter().map(|i| i.reason.clone()).collect();
    assert_eq!(reasons, ["OutOfTurn", "AlreadyApproved"]);
}
