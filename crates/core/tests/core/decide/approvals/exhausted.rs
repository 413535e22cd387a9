//! Every level stayed silent.

use countersign_api::agreement_status::{ApprovalState, ClosedOutcome, EndsWith};
use countersign_api::delegation_policy::OnTimeout;
use testkit::people::{DESK, IVAN, PAUL};
use testkit::world::World;

use super::{ask_for_change, at, exhausted, fleet, held_by, levels_asked, refuse, step, strict, told, whom};

/// When the top stayed silent it stalls and every level that was asked may still decide.
#[test]
fn when_the_top_stayed_silent_it_stalls_and_all_may_still_decide() {
    for still in [true, false] {
        for (who, level) in [(DESK, "L1"), (IVAN, "L2"), (PAUL, "L3")] {
            let mut world = exhausted(|policy| {
                policy.spec.rules.escalation.earlier_level_may_still_decide = still;
            });
            assert_eq!(
                (world.phase(), step(&world, "finance").state),
                ("Escalated", ApprovalState::Exhausted)
            );
            assert_eq!(world.condition("Stalled").0, "True");
            assert_eq!(world.condition("Stalled").1, "EscalationExhausted");
            assert_eq!(told(&world, "EscalationExhausted"), 1);
            let wait = &world.status().waiting_for[0];
            assert_eq!((wait.wait_end_time.clone(), wait.ends_with), (None, Some(EndsWith::Offer)));
            assert_eq!(wait.deadline_time.as_ref().unwrap().0, at("2027-12-01T08:00:00Z"));
            world.pass(86_400 * 30);
            assert_eq!(world.settle(), 0, "nothing moves any more by itself");
            world.approve(who, "finance", level);
            world.settle();
            assert_eq!(
                (world.last_ignored(), step(&world, "finance").state),
                ("", ApprovalState::Approved),
                "{level}"
            );
            assert_eq!(world.condition("Stalled").1, "");
            assert_eq!(step(&world, "sales").state, ApprovalState::Waiting);
        }
    }
}

#[test]
fn after_the_top_one_may_still_refuse_or_ask_for_a_change() {
    let mut world = exhausted(strict);
    refuse(&mut world, DESK, "finance", "L1");
    // Exhausted at 09:02:10; this was made five seconds later.
    world.settle();
    assert_eq!(world.phase(), "Refused");
    let mut world = exhausted(strict);
    ask_for_change(&mut world, IVAN, "finance", "L2");
    world.settle();
    assert_eq!(world.phase(), "Revising");
    assert_eq!(world.condition("Stalled").1, "", "it is the author's turn");
}

#[test]
fn an_exhausted_escalation_ends_with_the_offer() {
    let mut world = exhausted(|_| {});
    world.now = at("2027-12-01T08:00:02Z");
    world.approve(DESK, "finance", "L1");
    world.settle();
    assert_eq!((world.last_ignored(), world.phase()), ("Late", "Escalated"));
    world.pass(3);
    world.settle();
    assert_eq!(world.phase(), "Expired");
    let mut world = exhausted(|_| {});
    world.now = at("2027-12-01T08:00:00Z");
    world.approve(DESK, "finance", "L1");
    world.pass(4);
    world.settle();
    assert_eq!(step(&world, "finance").state, ApprovalState::Approved);
}

#[test]
fn an_offer_that_ended_while_the_operator_was_down_asks_nobody_any_more() {
    let mut world = World::escalated_fleet();
    world.now = at("2027-12-02T08:00:00Z");
    world.settle();
    assert_eq!((world.phase(), levels_asked(&world, "finance")), ("Expired", vec!["L1".to_owned()]));
    assert_eq!((told(&world, "ApprovalEscalated"), told(&world, "OfferExpired")), (0, 1));
}

#[test]
fn a_holder_named_after_all_stayed_silent_is_asked() {
    let mut world = exhausted(|policy| {
        // One more level than anybody holds.
        let finance =
            policy.spec.rules.ladders.iter_mut().find(|ladder| ladder.function == "finance").unwrap();
        let mut board = finance.levels[2].clone();
        (board.name, board.title) = ("L4".into(), "Board".into());
        finance.levels.push(board);
    });
    assert_eq!(step(&world, "finance").state, ApprovalState::Exhausted);
    world.rules(|policy| held_by(policy, "finance", "L4", &["chair"]));
    world.settle();
    assert_eq!(levels_asked(&world, "finance"), ["L1", "L2", "L3", "L4"]);
    assert_eq!(world.condition("Stalled").1, "");
}

#[test]
fn the_offer_expires_with_the_wait_where_the_policy_says_so() {
    let mut world = fleet(|policy| policy.spec.rules.escalation.on_timeout = OnTimeout::Expire);
    world.now = at("2026-11-25T09:02:04Z");
    world.settle();
    assert_eq!(world.phase(), "Escalated");
    assert!(world.condition("Ready").2.ends_with("until 2026-11-25T09:02:00Z, then the offer expires"));
    world.pass(1);
    world.settle();
    assert_eq!((world.phase(), levels_asked(&world, "finance")), ("Expired", vec!["L1".to_owned()]));
    let closed = world.status().closed.clone().unwrap();
    assert_eq!((closed.outcome, closed.reason.as_str()), (ClosedOutcome::Expired, "nobody approved in time"));

    let mut world = fleet(|policy| policy.spec.rules.escalation.on_timeout = OnTimeout::Expire);
    world.now = at("2026-11-25T09:02:00Z");
    world.approve(DESK, "finance", "L1");
    world.pass(5);
    world.settle();
    assert_eq!(world.phase(), "Escalated", "in time, though seen when the clock had run out");
}

#[test]
fn once_every_level_stayed_silent_all_that_were_asked_are_waited_for() {
    let world = exhausted(|_| {});
    let everybody = ["deal-desk", "i.novak", "p.adeyemi"].map(str::to_owned).to_vec();
    assert_eq!(whom(&world), [("Chief Financial Officer (finance L3)", everybody)]);
}
