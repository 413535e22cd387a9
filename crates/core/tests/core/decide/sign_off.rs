//! S3, S7: both sides sign, in the policy's order, and nobody for both.

use std::sync::Arc;

use countersign_api::Action;
use countersign_api::agreement_status::WaitingAction;
use countersign_api::delegation_policy::{Alias, Countersignature, Required, SignOffOrder};
use countersign_core::decide::{Evidence, Plan};
use testkit::people::{DESK, EVA, JONAS, LEA, MARY, OMAR, RITA, Somebody};
use testkit::world::World;

fn confirmed_with(order: SignOffOrder) -> World {
    let mut world = World::fibre();
    world.rules(|policy| policy.spec.rules.sign_off.order = order);
    world.settle();
    world.pass(60).confirm(EVA);
    world.settle();
    world.pass(60);
    world
}

fn waits(world: &World) -> Vec<(WaitingAction, &str)> {
    world.status().waiting_for.iter().map(|wait| (wait.action, wait.who.as_str())).collect()
}

/// The customer signs first then the provider and then it is sealed and passed on.
#[test]
fn the_customer_signs_then_the_provider_then_it_is_sealed() {
    let mut world = World::confirmed_fibre();
    assert_eq!(waits(&world), [(WaitingAction::Sign, "Eva Lund")]);
    world.act(EVA, Action::Sign);
    assert_eq!(world.settle(), 1);
    assert_eq!(waits(&world), [(WaitingAction::Countersign, "Jonas Berg")]);
    world.pass(60).act(JONAS, Action::Countersign);
    assert_eq!(world.settle(), 2, "sealed, then agreed");
    assert_eq!(world.phase(), "Agreed");
    assert_eq!(world.condition("Ready").0, "True");
    assert_eq!(world.orders.len(), 1);
}

/// A countersignature before the customer signed is out of turn and may be given again.
#[test]
fn a_countersignature_before_the_customer_signed_is_out_of_turn() {
    let mut world = confirmed_with(SignOffOrder::CustomerFirst);
    world.act(JONAS, Action::Countersign);
    world.settle();
    assert_eq!(world.last_ignored(), "OutOfTurn");
    world.pass(60).act(EVA, Action::Sign);
    world.settle();
    assert_eq!(world.phase(), "AwaitingSignOff");
    world.pass(60).act(JONAS, Action::Countersign);
    world.settle();
    assert_eq!(world.phase(), "Agreed");
}

#[test]
fn the_same_second_counts_as_in_turn() {
    let mut world = confirmed_with(SignOffOrder::CustomerFirst);
    world.act(JONAS, Action::Countersign);
    world.act(EVA, Action::Sign);
    world.settle();
    assert_eq!(world.phase(), "Agreed");
}

#[test]
fn the_provider_signs_first_where_the_policy_says_so() {
    let mut world = confirmed_with(SignOffOrder::ProviderFirst);
    assert_eq!(waits(&world), [(WaitingAction::Countersign, "Jonas Berg")]);
    world.act(EVA, Action::Sign);
    world.settle();
    assert_eq!(world.last_ignored(), "OutOfTurn");
    world.pass(60).act(JONAS, Action::Countersign);
    world.settle();
    assert_eq!(waits(&world), [(WaitingAction::Sign, "Eva Lund")]);
    world.pass(60).act(EVA, Action::Sign);
    world.settle();
    assert_eq!(world.phase(), "Agreed");
}

#[test]
fn both_are_asked_at_once_where_any_may_begin() {
    for first in [EVA, JONAS] {
        let mut world = confirmed_with(SignOffOrder::Any);
        assert_eq!(world.status().waiting_for.len(), 2);
        let (a, b) = if first.0 == EVA.0 {
            ((EVA, Action::Sign), (JONAS, Action::Countersign))
        } else {
            ((JONAS, Action::Countersign), (EVA, Action::Sign))
        };
        world.act(a.0, a.1);
        assert_eq!(world.settle(), 1);
        world.pass(60).act(b.0, b.1);
        world.settle();
        assert_eq!(world.phase(), "Agreed");
    }
}

#[test]
fn a_waived_countersignature_leaves_the_customer_alone_to_sign() {
    for order in [SignOffOrder::CustomerFirst, SignOffOrder::ProviderFirst, SignOffOrder::Any] {
        let mut world = World::fibre();
        world.rules(|policy| {
            policy.spec.rules.sign_off.order = order;
            policy.spec.rules.sign_off.countersignature = Countersignature::Waived;
        });
        world.settle();
        world.pass(60).confirm(EVA);
        world.settle();
        assert_eq!(waits(&world), [(WaitingAction::Sign, "Eva Lund")], "{order:?}");
        world.pass(60).act(EVA, Action::Sign);
        world.settle();
        assert_eq!(world.phase(), "Agreed");
    }
}

/// Every signatory must sign where the policy says all and one is enough where it says any.
#[test]
fn every_signatory_signs_or_one_as_the_policy_says() {
    for (required, still_open) in [(Required::All, "AwaitingSignOff"), (Required::Any, "Agreed")] {
        let mut world = World::fibre();
        world.edit(|agreement| {
            let mut second = agreement.spec.customer.representatives[0].clone();
            second.name = "Omar Diallo".to_owned();
            second.username = OMAR.0.to_owned();
            second.roles = vec![countersign_api::customer_agreement::RepresentativeRole::Signatory];
            agreement.spec.customer.representatives.push(second);
        });
        world.rules(|policy| policy.spec.rules.sign_off.customers = required);
        world.settle();
        world.pass(60).confirm(EVA);
        world.settle();
        world.pass(60).act(OMAR, Action::Sign);
        world.settle();
        world.pass(60).act(JONAS, Action::Countersign);
        world.settle();
        assert_eq!(world.phase(), still_open, "{required:?}");
        if required == Required::All {
            assert_eq!(world.last_ignored(), "OutOfTurn");
            world.pass(60).act(EVA, Action::Sign);
            world.pass(60).act(JONAS, Action::Countersign);
            world.settle();
            assert_eq!(world.phase(), "Agreed");
        }
    }
}

#[test]
fn a_signature_names_the_confirmation_and_not_the_terms() {
    let mut world = World::confirmed_fibre();
    let mut spec = world.draft(EVA, Action::Sign);
    spec.agreement_ref.digest = world.terms_digest();
    world.store(spec);
    world.settle();
    assert_eq!(world.last_ignored(), "Stale");
}

#[test]
fn only_signatories_sign_and_only_the_providers_signatories_countersign() {
    let stranger = Somebody("mallory", &["account-managers"]);
    for (who, action) in [
        (OMAR, Action::Sign),
        (JONAS, Action::Sign),
        (EVA, Action::Countersign),
        (stranger, Action::Countersign),
    ] {
        let mut world = World::confirmed_fibre();
        if action == Action::Countersign {
            world.act(EVA, Action::Sign);
            world.pass(60);
        }
        world.act(who, action);
        world.settle();
        assert_eq!(world.last_ignored(), "NotHolder", "{} {action:?}", who.0);
        assert_eq!(world.phase(), "AwaitingSignOff");
    }
}

/// Who countersigns without an approval must hold the authority that made it unnecessary.
#[test]
fn who_countersigns_without_an_approval_must_hold_its_authority() {
    let mut world = World::confirmed_fibre();
    world.act(EVA, Action::Sign);
    world.pass(60);
    let jonas_without_his_group = Somebody("j.berg", &[]);
    world.act(jonas_without_his_group, Action::Countersign);
    world.settle();
    assert_eq!(world.last_ignored(), "NotHolder");
    assert!(world.ignored()[0].message.contains("sales L1"), "{}", world.ignored()[0].message);
    world.pass(60).act(JONAS, Action::Countersign);
    world.settle();
    assert_eq!(world.phase(), "Agreed");
}

#[test]
fn a_higher_level_may_countersign_too() {
    let mut world = World::confirmed_fibre();
    world.edit(|agreement| {
        let mut rita = agreement.spec.provider.signatories[0].clone();
        (rita.name, rita.username) = ("Rita Lind".to_owned(), RITA.0.to_owned());
        agreement.spec.provider.signatories.push(rita);
    });
    world.act(EVA, Action::Sign);
    world.pass(60).act(RITA, Action::Countersign);
    world.settle();
    assert_eq!(world.phase(), "Agreed");
}

#[test]
fn nobody_signs_for_both_sides_not_even_under_an_alias() {
    let mut world = World::confirmed_fibre();
    world.act(EVA, Action::Sign);
    world.settle();
    // Named a signatory after the customer confirmed; the edit voids nothing, and helps nobody.
    world.rules(|policy| {
        policy.spec.aliases.push(Alias { username: EVA.0.to_owned(), aliases: vec!["e.lund".to_owned()] });
    });
    world.edit(|agreement| {
        let mut eva = agreement.spec.provider.signatories[0].clone();
        eva.username = "e.lund".to_owned();
        agreement.spec.provider.signatories.push(eva);
    });
    world.pass(60).act(Somebody("e.lund", &["account-managers"]), Action::Countersign);
    world.settle();
    assert_eq!(world.last_ignored(), "BothSides");
}

#[test]
fn a_signature_that_counted_stands_when_its_maker_loses_the_role() {
    let mut world = World::confirmed_fibre();
    world.rules(|policy| policy.spec.rules.sign_off.order = SignOffOrder::Any);
    world.settle();
    world.act(JONAS, Action::Countersign);
    world.settle();
    world.rules(|policy| policy.spec.holders.retain(|holder| holder.function != "sales"));
    world.edit(|agreement| agreement.spec.provider.signatories[0].username = MARY.0.to_owned());
    world.settle();
    world.pass(60).act(EVA, Action::Sign);
    world.settle();
    assert_eq!(world.phase(), "Agreed");
}

#[test]
fn a_signature_is_not_counted_twice() {
    let mut world = World::confirmed_fibre();
    world.act(EVA, Action::Sign);
    world.pass(1).act(EVA, Action::Sign);
    world.settle();
    assert_eq!(world.last_ignored(), "AlreadySigned");
    assert_eq!(world.status().sign_off.as_ref().unwrap().signatures.len(), 1);
}

#[test]
fn nothing_is_sealed_from_a_stale_list() {
    let mut world = World::confirmed_fibre();
    world.act(EVA, Action::Sign);
    world.pass(60).act(JONAS, Action::Countersign);
    let plan = world.plan_at(world.now, false);
    assert_eq!(plan, Plan::Need(Evidence::FreshDecisions));
    // The fresh read brings a Decline that the cache did not have.
    world.act_because(EVA, Action::Decline, "we found somebody else");
    world.settle();
    assert_eq!((world.phase(), world.orders.len()), ("Declined", 0));
}

#[test]
fn a_decision_after_sealing_is_shown_as_too_late() {
    let mut world = World::agreed_fibre();
    let before = world.status().clone();
    world.pass(60).act_because(EVA, Action::Decline, "we changed our mind");
    assert_eq!(world.settle(), 1);
    assert_eq!((world.phase(), world.last_ignored()), ("Agreed", "Sealed"));
    assert_eq!(world.status().sign_off, before.sign_off);
}

#[test]
fn fleet_is_countersigned_by_a_signatory_who_also_approved() {
    let mut world = World::escalated_fleet();
    world.approve(DESK, "finance", "L1");
    world.settle();
    world.pass(60).approve(MARY, "sales", "L3");
    world.settle();
    assert_eq!(world.phase(), "AwaitingSignOff");
    world.pass(60).act(LEA, Action::Sign);
    world.settle();
    world.pass(60).act(MARY, Action::Countersign);
    world.settle();
    assert_eq!(world.phase(), "Agreed");
    let made: Vec<_> = world.orders.iter().map(|order: &Arc<_>| order.spec.order_id.as_str()).collect();
    assert_eq!(made, ["sims"]);
}
