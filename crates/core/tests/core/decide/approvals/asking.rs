//! Who is asked, for what, and why.

use countersign_api::Action;
use countersign_api::agreement_status::{ApprovalState, EndsWith, WaitingAction};
use countersign_api::references::Authority;
use countersign_api::subject::SubjectKind;
use testkit::people::{BRANDT, DESK, LEA, MARY, OMAR};
use testkit::world::World;

use super::{asked, at, fleet, named, states, step, told, verdicts, whom};

#[test]
fn the_fleet_asks_finance_first_and_then_sales_and_says_why() {
    let mut world = World::escalated_fleet();
    assert_eq!(world.phase(), "Escalated");
    assert_eq!(
        states(&world),
        named([("finance L1", ApprovalState::Waiting), ("sales L3", ApprovalState::Next)])
    );
    assert_eq!(
        step(&world, "finance").because,
        ["`payment-days` is 45, the standard is up to 30 (band pay-45)"]
    );
    assert_eq!(
        step(&world, "sales").because,
        [
            "discount 30 % exceeds sales L2 (20 %)",
            "contract value EUR 322560.00 exceeds sales L1 (EUR 250000.00)"
        ]
    );
    assert_eq!(
        asked(&world, "finance"),
        [("L1".to_owned(), at("2026-11-24T09:02:00Z"), at("2026-11-25T09:02:00Z"))]
    );
    assert_eq!(asked(&world, "sales"), [], "nobody is asked before it is their turn");
    world.approve(DESK, "finance", "L1");
    assert_eq!(world.settle(), 1);
    assert_eq!(
        states(&world),
        named([("finance L1", ApprovalState::Approved), ("sales L3", ApprovalState::Waiting)])
    );
    assert_eq!(
        asked(&world, "sales"),
        [("L3".to_owned(), at("2026-11-24T09:03:00Z"), at("2026-11-27T09:03:00Z"))]
    );
    world.pass(60).approve(MARY, "sales", "L3");
    assert_eq!(world.settle(), 1);
    assert_eq!(world.phase(), "AwaitingSignOff");
    assert_eq!(
        world.condition("Approved"),
        ("True".into(), "Approved".into(), "by finance L1 and sales L3".into())
    );
    assert_eq!(verdicts(&world, "finance"), [("d.desk".into(), "Group deal-desk".into(), None)]);
    assert_eq!(verdicts(&world, "sales"), [("m.osei".into(), "User m.osei".into(), None)]);
    assert_eq!((told(&world, "ApprovalRequested"), told(&world, "ApprovalGiven")), (2, 2));
}

/// The deal desk is waited for by title function and level until its time is over.
#[test]
fn the_deal_desk_is_waited_for_by_title_function_and_level() {
    let world = World::escalated_fleet();
    let wait = world.status().waiting_for[0].clone();
    assert_eq!(world.status().waiting_for.len(), 1);
    assert_eq!((wait.who.as_str(), wait.action), ("Deal desk (finance L1)", WaitingAction::Approve));
    assert_eq!(whom(&world), [("Deal desk (finance L1)", vec!["deal-desk".to_owned()])]);
    assert_eq!(wait.subjects[0].subject.kind, SubjectKind::Group);
    assert_eq!(wait.digest, Some(world.confirmation_digest()));
    assert_eq!(wait.asked_time.0, at("2026-11-24T09:02:00Z"));
    assert_eq!(wait.deadline_time.unwrap().0, at("2026-11-25T09:02:00Z"));
    assert_eq!(wait.ends_with, Some(EndsWith::Wait));
    assert_eq!(world.status().waiting_on.as_deref(), Some("Deal desk (finance L1) since 24 Nov"));
}

#[test]
fn what_lies_within_the_policys_own_authority_needs_nobodys_approval() {
    let mut world = fleet(|policy| {
        let authority =
            |function: &str, level: &str| Authority { function: function.into(), level: level.into() };
        policy.spec.rules.auto_within = vec![authority("finance", "L1"), authority("sales", "L3")];
    });
    assert_eq!(world.phase(), "AwaitingSignOff");
    assert_eq!(world.status().approvals, []);
    assert_eq!(world.condition("Approved").1, "NotRequired");
    world.approve(MARY, "sales", "L3");
    world.settle();
    assert_eq!(world.last_ignored(), "NotRequired");
}

#[test]
fn one_level_below_what_it_takes_the_policys_own_authority_is_not_enough() {
    let world = fleet(|policy| {
        policy.spec.rules.auto_within = vec![Authority { function: "sales".into(), level: "L2".into() }];
    });
    assert_eq!(
        states(&world),
        named([("finance L1", ApprovalState::Waiting), ("sales L3", ApprovalState::Next)])
    );
}

#[test]
fn an_approval_for_a_function_that_nobody_asks_for_is_not_required() {
    let mut world = World::escalated_fleet();
    world.approve(BRANDT, "legal", "L2");
    world.settle();
    assert_eq!((world.last_ignored(), world.phase()), ("NotRequired", "Escalated"));
}

#[test]
fn who_is_asked_for_what_is_told_with_the_digest_to_copy() {
    let mut world = World::fleet();
    let asks = |world: &World| -> Vec<(WaitingAction, Option<String>)> {
        world.status().waiting_for.iter().map(|wait| (wait.action, wait.digest.clone())).collect()
    };
    world.settle();
    let terms = Some(world.terms_digest());
    assert_eq!(asks(&world), [(WaitingAction::Confirm, terms.clone())]);
    world.pass(60).confirm(OMAR);
    world.settle();
    assert_eq!(world.status().confirmation.as_ref().unwrap().digest, None, "it exists once it is complete");
    world.confirm(LEA);
    world.settle();
    let confirmation = Some(world.confirmation_digest());
    assert_ne!(confirmation, terms);
    assert_eq!(asks(&world), [(WaitingAction::Approve, confirmation.clone())]);
    world.pass(60).approve(DESK, "finance", "L1");
    world.pass(60).approve(MARY, "sales", "L3");
    world.settle();
    assert_eq!(asks(&world), [(WaitingAction::Sign, confirmation.clone())]);
    world.pass(60).act(LEA, Action::Sign);
    world.settle();
    assert_eq!(asks(&world), [(WaitingAction::Countersign, confirmation)]);
    world.act_because(LEA, Action::RequestChange, "cheaper");
    world.settle();
    assert_eq!(asks(&world), [(WaitingAction::Edit, terms)]);
}
