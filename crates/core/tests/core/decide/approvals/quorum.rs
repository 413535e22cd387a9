//! How many must approve.

use countersign_api::agreement_status::ApprovalState;
use testkit::people::{CARLA, DESK, IVAN};

use super::{DORA, asked, at, fleet, quorum_of, sales_is_asked, step, verdicts};

#[test]
fn as_many_must_approve_as_the_quorum_of_that_function_and_level_says() {
    let mut world = fleet(|policy| {
        policy.spec.rules.escalation.quorum = 2;
        quorum_of(policy, "sales", "L3", 1);
        quorum_of(policy, "sales", "L4", 3);
    });
    assert_eq!((step(&world, "finance").quorum, step(&world, "sales").quorum), (2, 1));
    world.approve(DESK, "finance", "L1");
    world.settle();
    assert_eq!(step(&world, "finance").state, ApprovalState::Waiting);
    assert_eq!(asked(&world, "sales"), []);
    world.pass(60).approve(DORA, "finance", "L1");
    world.settle();
    assert_eq!(step(&world, "finance").state, ApprovalState::Approved);
    assert_eq!(verdicts(&world, "finance").len(), 2);
    // A higher level that is not the one asked counts by the quorum of the level asked.
    world.pass(60).approve(CARLA, "sales", "L4");
    world.settle();
    assert_eq!(world.phase(), "AwaitingSignOff");
}

#[test]
fn one_more_than_the_quorum_is_told_that_it_was_already_approved() {
    let mut world = sales_is_asked(|_| {});
    world.approve(DORA, "finance", "L1");
    world.settle();
    assert_eq!(world.last_ignored(), "AlreadyApproved");
    assert_eq!(verdicts(&world, "finance").len(), 1);
}

#[test]
fn the_next_level_brings_its_own_quorum_and_earlier_approvals_count_on() {
    let mut world = fleet(|policy| {
        quorum_of(policy, "finance", "L1", 3);
        quorum_of(policy, "finance", "L2", 2);
    });
    world.approve(DESK, "finance", "L1");
    world.settle();
    world.now = at("2026-11-25T09:02:05Z");
    world.settle();
    assert_eq!((step(&world, "finance").level.as_str(), step(&world, "finance").quorum), ("L2", 2));
    assert_eq!(verdicts(&world, "finance").len(), 1);
    world.pass(60).approve(IVAN, "finance", "L2");
    world.settle();
    assert_eq!(step(&world, "finance").state, ApprovalState::Approved);
}

#[test]
fn silence_does_not_approve_where_the_next_level_has_a_smaller_quorum() {
    let mut world = fleet(|policy| quorum_of(policy, "finance", "L1", 2));
    world.approve(DESK, "finance", "L1");
    world.settle();
    world.now = at("2026-11-25T09:02:05Z");
    world.settle();
    let finance = step(&world, "finance");
    assert_eq!((finance.level.as_str(), finance.quorum, finance.state), ("L2", 1, ApprovalState::Waiting));
    world.pass(60).approve(IVAN, "finance", "L2");
    world.settle();
    assert_eq!(step(&world, "finance").state, ApprovalState::Approved);
}

/// A quorum that was reached in time stands though it was seen after the next level was asked.
#[test]
fn a_quorum_that_was_reached_in_time_counts_though_seen_later() {
    let mut world = fleet(|policy| quorum_of(policy, "finance", "L2", 2));
    world.now = at("2026-11-25T09:02:05Z");
    world.settle();
    assert_eq!(step(&world, "finance").quorum, 2);
    world.now = at("2026-11-25T09:02:00Z");
    world.approve(DESK, "finance", "L1");
    world.now = at("2026-11-25T09:02:20Z");
    world.settle();
    assert_eq!(step(&world, "finance").state, ApprovalState::Approved);
}

/// Too few approvals do not become enough by silence though they were seen after it.
#[test]
fn too_few_approvals_do_not_become_enough_by_silence() {
    let mut world = fleet(|policy| quorum_of(policy, "finance", "L1", 2));
    world.now = at("2026-11-25T09:02:05Z");
    world.settle();
    assert_eq!((step(&world, "finance").level.as_str(), step(&world, "finance").quorum), ("L2", 1));
    // One of two, in time, and seen when the level that needs one is asked.
    world.now = at("2026-11-24T10:00:00Z");
    world.approve(DESK, "finance", "L1");
    world.now = at("2026-11-25T09:02:20Z");
    world.settle();
    assert_eq!((world.last_ignored(), step(&world, "finance").state), ("", ApprovalState::Waiting));
    world.pass(60).approve(IVAN, "finance", "L2");
    world.settle();
    assert_eq!(step(&world, "finance").state, ApprovalState::Approved);
}
