//! A level that stays silent is passed over.

use countersign_api::agreement_status::ApprovalState;
use countersign_api::delegation_policy::OnTimeout;
use countersign_core::decide::Guard;
use testkit::people::{DESK, IVAN, LEA, OMAR, RITA};
use testkit::world::World;

use super::{asked, at, exhausted, finance_l2_is_asked, fleet, levels_asked, step, strict, told, whom};

/// Five seconds after its time a silent level is passed over and the next one is asked.
#[test]
fn five_seconds_after_its_time_a_silent_level_is_passed_over() {
    let mut world = World::escalated_fleet();
    world.now = at("2026-11-24T21:02:00Z");
    assert_eq!(world.settle(), 1, "the reminder");
    assert_eq!(world.wake, Some(at("2026-11-25T09:02:05Z")));
    world.now = at("2026-11-25T09:02:04Z");
    assert_eq!(world.settle(), 0);
    world.pass(1);
    assert_eq!(world.settle(), 1);
    let finance = step(&world, "finance");
    assert_eq!((finance.level.as_str(), finance.state), ("L2", ApprovalState::Waiting));
    assert_eq!(
        asked(&world, "finance"),
        [
            ("L1".to_owned(), at("2026-11-24T09:02:00Z"), at("2026-11-25T09:02:00Z")),
            ("L2".to_owned(), at("2026-11-25T09:02:05Z"), at("2026-11-27T09:02:05Z")),
        ]
    );
    assert_eq!(whom(&world), [("Finance partner (finance L2)", vec!["i.novak".to_owned()])]);
    let wait = &world.status().waiting_for[0];
    assert_eq!(wait.asked_time.0, at("2026-11-25T09:02:05Z"));
    assert_eq!(wait.deadline_time.as_ref().unwrap().0, at("2026-11-27T09:02:05Z"));
    assert_eq!(wait.reminded_time, None, "it is a new wait");
    assert_eq!((told(&world, "ApprovalEscalated"), told(&world, "ApprovalRequested")), (1, 1));
    assert_eq!(world.condition("Stalled").1, "");
    world.pass(60).approve(IVAN, "finance", "L2");
    world.settle();
    assert_eq!(step(&world, "finance").state, ApprovalState::Approved);
}

#[test]
fn an_approval_in_the_last_second_counts_though_the_clock_has_moved_on() {
    let mut world = World::escalated_fleet();
    world.now = at("2026-11-25T09:02:00Z");
    world.approve(DESK, "finance", "L1");
    world.pass(3_600);
    world.settle();
    assert_eq!(levels_asked(&world, "finance"), ["L1"]);
    assert_eq!(step(&world, "finance").state, ApprovalState::Approved);
}

#[test]
fn a_level_that_stayed_silent_decides_later_only_where_the_policy_lets_it() {
    for still in [true, false] {
        let mut world = finance_l2_is_asked(|policy| {
            policy.spec.rules.escalation.earlier_level_may_still_decide = still;
        });
        world.approve(DESK, "finance", "L1");
        world.settle();
        let expected =
            if still { ("", ApprovalState::Approved) } else { ("LevelInsufficient", ApprovalState::Waiting) };
        assert_eq!((world.last_ignored(), step(&world, "finance").state), expected);
    }
}

#[test]
fn a_level_below_the_one_that_was_needed_never_decides() {
    for mut world in [exhausted(|_| {}), exhausted(strict)] {
        world.approve(DESK, "finance", "L1");
        world.settle();
        world.pass(60).approve(RITA, "sales", "L2");
        world.settle();
        assert_eq!(world.last_ignored(), "LevelInsufficient");
    }
}

/// What a level decided before the next was asked counts though seen later.
#[test]
fn what_a_level_decided_in_time_counts_though_seen_later() {
    // In time, in the seconds of grace, and in the very second in which the next level was asked.
    for made in
        ["2026-11-24T10:00:00Z", "2026-11-25T09:02:00Z", "2026-11-25T09:02:03Z", "2026-11-25T09:02:05Z"]
    {
        let mut world = finance_l2_is_asked(strict);
        let seen = world.now;
        world.now = at(made);
        world.approve(DESK, "finance", "L1");
        world.now = seen;
        world.settle();
        assert_eq!(world.last_ignored(), "", "{made}");
        assert_eq!(step(&world, "finance").state, ApprovalState::Approved, "{made}");
    }
    let mut world = finance_l2_is_asked(strict);
    let seen = world.now;
    world.now = at("2026-11-25T09:02:06Z");
    world.approve(DESK, "finance", "L1");
    world.now = seen;
    world.settle();
    assert_eq!(world.last_ignored(), "LevelInsufficient");
}

/// While the operator was down no level lost its time and none was jumped over.
#[test]
fn while_the_operator_was_down_no_level_lost_its_time() {
    let mut world = World::escalated_fleet();
    world.now = at("2026-12-20T08:00:00Z");
    assert_eq!(world.settle(), 1);
    assert_eq!(
        asked(&world, "finance")[1..],
        [("L2".to_owned(), at("2026-12-20T08:00:00Z"), at("2026-12-22T08:00:00Z"))]
    );
    assert_eq!(told(&world, "Reminder"), 0, "the level that is asked now has all of its time");
}

/// A confirmation that was seen late does not cost the managers their time.
#[test]
fn a_confirmation_seen_late_does_not_cost_the_managers_their_time() {
    let mut world = World::fleet();
    world.settle();
    world.pass(60).confirm(OMAR);
    world.confirm(LEA);
    world.now = at("2026-11-28T09:00:00Z");
    world.settle();
    assert_eq!(
        asked(&world, "finance"),
        [("L1".to_owned(), at("2026-11-28T09:00:00Z"), at("2026-11-29T09:00:00Z"))]
    );
}

#[test]
fn while_the_guard_is_down_no_level_is_passed_over() {
    let mut world = World::escalated_fleet();
    world.guard = Guard::Inactive { because: "the binding is gone".into() };
    world.now = at("2026-11-26T09:00:00Z");
    world.settle();
    assert_eq!(levels_asked(&world, "finance"), ["L1"]);
    world.guard = Guard::Active { since: None };
    world.settle();
    assert_eq!(levels_asked(&world, "finance"), ["L1", "L2"]);
}

#[test]
fn where_silence_ends_the_offer_an_answer_after_it_is_late() {
    for (after, ignored, phase) in [(0, "", "Escalated"), (1, "Late", "Expired")] {
        let mut world = fleet(|policy| policy.spec.rules.escalation.on_timeout = OnTimeout::Expire);
        let end = world.status().approvals[0].asked[0].wait_end_time.clone().unwrap().0;
        world.now = end;
        world.pass(after).approve(DESK, "finance", "L1");
        world.pass(3_600).settle();
        assert_eq!((world.last_ignored(), world.phase()), (ignored, phase), "{after} s after the end");
    }
}
