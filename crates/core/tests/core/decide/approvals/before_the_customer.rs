//! Managers who are asked before the customer.

use countersign_api::Action;
use countersign_api::agreement_status::ApprovalState;
use countersign_api::delegation_policy::{DelegationPolicy, EscalationTiming};
use testkit::people::{CARLA, DESK, LEA, MARY, OMAR, Somebody};
use testkit::world::World;

use super::{asked, at, held_by, levels_asked, named, states, verdicts};

fn managers_first(policy: &mut DelegationPolicy) {
    policy.spec.rules.escalation.timing = EscalationTiming::BeforeConfirmation;
}

/// Both steps approved on the terms, and the customer is asked.
fn approved_before_the_customer() -> World {
    let mut world = World::fleet();
    world.rules(managers_first);
    world.settle();
    world.pass(60).approve(DESK, "finance", "L1");
    world.settle();
    world.pass(60).approve(MARY, "sales", "L3");
    world.settle();
    world.pass(60);
    world
}

#[test]
fn managers_who_are_asked_before_the_customer_decide_on_the_terms() {
    let mut world = World::fleet();
    world.rules(managers_first);
    world.settle();
    assert_eq!(world.phase(), "Escalated");
    assert_eq!(world.status().waiting_for[0].digest, Some(world.terms_digest()));
    assert_eq!(world.condition("Approved").1, "AwaitingApproval");
    world.pass(60).confirm(OMAR);
    world.settle();
    assert_eq!(world.last_ignored(), "OutOfTurn");
    world.pass(60).approve(DESK, "finance", "L1");
    world.settle();
    world.pass(60).approve(MARY, "sales", "L3");
    world.settle();
    assert_eq!(world.phase(), "AwaitingConfirmation");
    assert_eq!(world.status().confirmation, None, "who confirmed too early is asked again");
    assert_eq!(world.status().waiting_for[0].who, "Omar Diallo and Lea Vogt");
}

#[test]
fn a_confirm_in_the_second_of_the_last_approval_is_in_turn() {
    let mut world = World::fleet();
    world.rules(managers_first);
    world.settle();
    world.pass(60).approve(DESK, "finance", "L1");
    world.settle();
    world.pass(60).confirm(OMAR);
    world.approve(MARY, "sales", "L3");
    world.settle();
    assert_eq!((world.phase(), world.ignored().len()), ("AwaitingConfirmation", 0));
    assert_eq!(world.status().waiting_for[0].who, "Lea Vogt");
}

#[test]
fn a_customer_who_leaves_nothing_out_keeps_the_approvals_on_the_terms() {
    let mut world = approved_before_the_customer();
    let before = world.status().approvals.clone();
    world.confirm(OMAR);
    world.confirm(LEA);
    world.settle();
    assert_eq!(world.phase(), "AwaitingSignOff");
    assert_eq!(world.status().approvals, before);
    assert_eq!(world.ignored().len(), 0);
}

/// A customer who leaves an order out voids them and managers decide on the confirmation.
#[test]
fn a_customer_who_leaves_an_order_out_voids_the_approvals() {
    let mut world = approved_before_the_customer();
    let on_terms = world.draft(MARY, Action::Confirm).agreement_ref.digest;
    world.confirm_but(OMAR, &[("handsets", "buying elsewhere")]);
    world.confirm_but(LEA, &[("handsets", "buying elsewhere")]);
    world.settle();
    assert_eq!(world.phase(), "Escalated");
    assert_eq!(
        states(&world),
        named([("finance L1", ApprovalState::Waiting), ("sales L3", ApprovalState::Next)])
    );
    assert_eq!(asked(&world, "finance")[0].1, world.now, "it is another question");
    assert_eq!((verdicts(&world, "finance"), verdicts(&world, "sales")), (vec![], vec![]));
    assert_eq!(world.status().waiting_for[0].digest, Some(world.confirmation_digest()));
    let reasons: Vec<_> = world.ignored().iter().map(|i| (i.username.clone(), i.reason.clone())).collect();
    assert_eq!(reasons, [("d.desk".into(), "Stale".into()), ("m.osei".into(), "Stale".into())]);
    // The old digest does not do any more.
    let mut spec = world.draft(DESK, Action::Approve);
    (spec.function, spec.level) = (Some("finance".into()), Some("L1".into()));
    spec.agreement_ref.digest = on_terms;
    world.pass(60).store(spec);
    world.settle();
    assert_eq!(world.last_ignored(), "Stale");
    // The same people may decide again: it is no second approval.
    world.pass(60).approve(DESK, "finance", "L1");
    world.settle();
    world.pass(60).approve(MARY, "sales", "L3");
    world.settle();
    assert_eq!(world.phase(), "AwaitingSignOff");
    assert_eq!(world.condition("Acceptable").2, "to Omar Diallo and Lea Vogt; 1 of 2 orders confirmed");
}

#[test]
fn the_second_round_goes_on_when_who_approved_in_the_first_has_left() {
    let mut world = approved_before_the_customer();
    world.confirm_but(OMAR, &[("handsets", "buying elsewhere")]);
    world.confirm_but(LEA, &[("handsets", "buying elsewhere")]);
    world.settle();
    let digest = world.confirmation_digest();
    world.rules(|policy| held_by(policy, "sales", "L3", &["n.new"]));
    world.settle();
    assert_eq!((world.phase(), world.confirmation_digest()), ("Escalated", digest));
    world.pass(60).approve(DESK, "finance", "L1");
    world.settle();
    world.pass(60).approve(Somebody("n.new", &[]), "sales", "L3");
    world.settle();
    assert_eq!(world.phase(), "AwaitingSignOff");
}

#[test]
fn silence_before_the_customer_is_asked_moves_up_too() {
    let mut world = World::fleet();
    world.rules(managers_first);
    world.settle();
    world.now = at("2026-11-25T09:00:05Z");
    world.settle();
    assert_eq!(
        (world.phase(), levels_asked(&world, "finance")),
        ("Escalated", vec!["L1".into(), "L2".into()])
    );
}

/// A refusal on the terms ends it though it was seen with the confirmation that leaves an order out.
#[test]
fn a_refusal_on_the_terms_ends_it_though_seen_with_the_confirmation() {
    for (refused_first, phase) in [(true, "Refused"), (false, "Escalated")] {
        let mut world = approved_before_the_customer();
        if refused_first {
            refuse_the_terms(&mut world);
        }
        world.pass(60).confirm_but(OMAR, &[("handsets", "buying elsewhere")]);
        world.confirm_but(LEA, &[("handsets", "buying elsewhere")]);
        if !refused_first {
            world.pass(60);
            refuse_the_terms(&mut world);
        }
        world.settle();
        assert_eq!(world.phase(), phase);
    }
}

/// A refusal on the terms by who holds the level only in the second round is stale.
#[test]
fn a_refusal_on_the_terms_by_a_holder_of_the_second_round_is_stale() {
    let mut world = approved_before_the_customer();
    world.rules(|policy| policy.spec.holders.retain(|holder| holder.level != "L4"));
    refuse_the_terms(&mut world);
    world.settle();
    assert_eq!((world.last_ignored(), world.phase()), ("NotHolder", "AwaitingConfirmation"));
    world.pass(60).confirm_but(OMAR, &[("handsets", "buying elsewhere")]);
    world.confirm_but(LEA, &[("handsets", "buying elsewhere")]);
    world.settle();
    world.rules(|policy| held_by(policy, "sales", "L4", &[CARLA.0]));
    world.settle();
    assert_eq!(world.phase(), "Escalated");
}

fn refuse_the_terms(world: &mut World) {
    let terms = world.terms_digest();
    let mut spec = world.draft(CARLA, Action::RequestChange);
    spec.action = Action::Refuse;
    (spec.function, spec.level) = (Some("sales".into()), Some("L4".into()));
    spec.reason = Some("not at this price".into());
    assert_eq!(spec.agreement_ref.digest, terms);
    world.store(spec);
}
