//! While the admission policies are not in force.

use countersign_api::Action;
use countersign_core::decide::Guard;
use testkit::people::EVA;
use testkit::world::World;

use super::{fibre, seconds};

#[test]
fn without_the_guard_nothing_is_counted_and_nothing_ends_by_time() {
    let mut world = fibre();
    world.guard = Guard::Inactive { because: "the policy binding was deleted".to_owned() };
    world.confirm(EVA);
    world.act_because(EVA, Action::Decline, "forged");
    world.settle();
    assert_eq!(world.phase(), "AwaitingConfirmation");
    let message = "the admission policies are not in force (the policy binding was deleted), so no decision is counted; 2 decisions held back; an admin must install them again";
    for type_ in ["Ready", "Stalled"] {
        let (_, reason, text) = world.condition(type_);
        assert_eq!((reason.as_str(), text.as_str()), ("GuardInactive", message));
    }
    assert_eq!(world.status().waiting_on.as_deref(), Some("an admin, see Stalled"));
    assert_eq!(world.ignored().len(), 0);
    world.now = world.agreement.spec.offer_end_time.0 + seconds(1_000);
    world.settle();
    assert_eq!((world.phase(), world.status().closed.as_ref()), ("AwaitingConfirmation", None));
    let mut escalated = World::escalated_fleet();
    escalated.guard = Guard::Inactive { because: "gone".to_owned() };
    escalated.pass(10 * 86_400).settle();
    assert_eq!(escalated.status().approvals[0].asked.len(), 1);
}

/// What was decided while the guard was away never counts though the policies are the same.
#[test]
fn what_was_decided_while_the_guard_was_away_never_counts() {
    let mut world = fibre();
    let since = Guard::Active { since: Some(world.now - seconds(3_600)) };
    world.guard = Guard::Inactive { because: "a forged decision was let through".to_owned() };
    world.settle();
    world.pass(60).confirm(EVA);
    world.settle();
    world.guard = since.clone();
    world.pass(60).settle();
    assert_eq!((world.last_ignored(), world.phase()), ("BeforeGuard", "AwaitingConfirmation"));
    assert_eq!(world.settle(), 0, "and not at the next look either");
    world.pass(60).confirm(EVA);
    world.settle();
    assert_eq!(world.phase(), "AwaitingSignOff");
}

/// What was decided before the guard was back is decided again unless it stands.
#[test]
fn what_was_decided_before_the_guard_was_back_is_decided_again() {
    let mut world = World::confirmed_fibre();
    world.act(EVA, Action::Sign);
    let back = world.now;
    world.guard = Guard::Active { since: Some(back) };
    world.now = back + seconds(9);
    world.act(EVA, Action::Sign);
    world.settle();
    let reasons: Vec<_> = world.ignored().iter().map(|i| i.reason.as_str()).collect();
    assert_eq!(reasons, ["BeforeGuard", "BeforeGuard"]);
    assert!(world.status().confirmation.is_some(), "what counted before stands");
    world.now = back + seconds(10);
    world.act(EVA, Action::Sign);
    world.settle();
    assert_eq!(world.last_ignored(), "");
    assert_eq!(world.status().sign_off.as_ref().unwrap().signatures.len(), 1);
}
