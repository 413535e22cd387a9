//! Each confirmed order has one request, whatever happens in between.

use std::collections::BTreeSet;

use countersign_api::Action;
use countersign_core::decide::order_request_names;
use jiff::SignedDuration;
use proptest::prelude::*;
use testkit::people::{EVA, JONAS};
use testkit::world::World;

use super::{agreed, ids, refuse, sealed, signed, uids};

#[test]
fn a_crash_after_sealing_loses_nothing_and_makes_nothing_twice() {
    let mut world = sealed();
    let plan = world.plan();
    assert_eq!((plan.status, ids(&plan.orders)), (None, vec!["o1", "o2"]));
    assert_eq!(plan.orders, world.plan().orders, "every attempt makes the same");
    world.create(plan.orders[1].clone());
    world.pass(86_400);
    let plan = world.plan();
    assert_eq!((plan.status, ids(&plan.orders)), (None, vec!["o1"]), "only what is missing");
    world.create(plan.orders[0].clone());
    assert_eq!(world.settle(), 1);
    assert_eq!(world.phase(), "Agreed");
    assert_eq!(
        uids(&world),
        world.orders.iter().rev().map(|order| order.metadata.uid.as_deref()).collect::<Vec<_>>()
    );
    assert_eq!(world.orders[0].spec.signed_off_time, world.orders[1].spec.signed_off_time);
}

#[test]
fn it_is_agreed_only_when_every_request_is_there() {
    let mut world = sealed();
    let made = world.plan().orders;
    let before = world.status().clone();
    for type_ in ["OrdersIssued", "HandedOver", "Ready"] {
        let (status, reason, _) = world.condition(type_);
        assert_eq!((status.as_str(), reason.as_str()), ("False", "IssuingOrders"), "{type_}");
    }
    assert_eq!(world.condition("Reconciling").2, "2 order requests are being made");
    world.create(made[0].clone());
    let plan = world.plan();
    assert_eq!((plan.status, ids(&plan.orders)), (None, vec!["o2"]));
    assert_eq!((before.agreed_time, uids(&world)), (None, vec![None, None]));
    world.create(made[1].clone());
    world.settle();
    assert_eq!(world.condition("Ready").2, "signed by both sides; 2 order requests passed on");
    assert_eq!(world.condition("Reconciling").0, "");
}

#[test]
fn what_is_sealed_is_passed_on_whatever_becomes_of_rules_and_decisions() {
    let mut world = sealed();
    world.policies.clear();
    world.terms = None;
    world.decisions.clear();
    world.guard = countersign_core::decide::Guard::Inactive { because: "gone".to_owned() };
    world.now = world.agreement.spec.offer_end_time.0 + SignedDuration::from_secs(1_000);
    world.settle();
    assert_eq!((world.phase(), world.orders.len()), ("Agreed", 2));
}

#[test]
fn an_order_that_was_left_out_has_no_request() {
    let mut world = World::fibre();
    world.edit(|agreement| {
        let mut second = agreement.spec.orders[0].clone();
        second.id = "o2".to_owned();
        agreement.spec.orders.push(second);
    });
    world.settle();
    world.pass(60).confirm_but(EVA, &[("o1", "not now")]);
    world.pass(60).settle();
    world.act(EVA, Action::Sign);
    world.pass(60).act(JONAS, Action::Countersign);
    world.settle();
    assert_eq!(world.orders.len(), 1);
    assert_eq!(world.orders[0].spec.order_id, "o2");
    assert_eq!(world.status().orders[0].order_request_name, None);
    assert_eq!(world.condition("OrdersIssued").2, "1 order request passed on");
}

#[test]
fn without_orders_it_is_agreed_in_the_write_that_seals_it() {
    let mut world = signed(|world| {
        world.edit(|agreement| agreement.spec.orders.clear());
    });
    assert_eq!(world.settle(), 1);
    assert_eq!((world.phase(), world.orders.len()), ("Agreed", 0));
    for type_ in ["OrdersIssued", "HandedOver"] {
        let expected =
            ("True".to_owned(), "NoOrders".to_owned(), "the agreement has no confirmed orders".to_owned());
        assert_eq!(world.condition(type_), expected);
    }
    assert_eq!(world.condition("Ready").2, "signed by both sides; no orders to pass on");
    assert_eq!(world.wake, None);
    world.pass(1_000_000);
    assert_eq!(world.settle(), 0);
}

#[test]
fn nothing_is_looked_up_before_the_seal_and_the_same_names_after_it() {
    let world = signed(|_| {});
    assert_eq!(order_request_names(&world.agreement), Vec::<String>::new());
    let world = sealed();
    let names = order_request_names(&world.agreement);
    let planned: Vec<_> = world.plan().orders.into_iter().filter_map(|order| order.metadata.name).collect();
    assert_eq!((names.len(), &names), (2, &planned));
    assert_eq!(order_request_names(&agreed().agreement), names);
}

#[test]
fn an_edit_of_what_is_not_sealed_changes_no_request() {
    let mut world = agreed();
    let before = world.status().clone();
    world.edit(|agreement| {
        agreement.spec.title = "another title".to_owned();
        agreement.spec.document_number = Some("CA-2".to_owned());
    });
    assert_eq!(world.settle(), 1);
    let after = world.status();
    assert_eq!(after.observed_generation, before.observed_generation.map(|generation| generation + 1));
    assert_eq!((&after.orders, &after.agreed_time), (&before.orders, &before.agreed_time));
}

fn is_dns_subdomain(name: &str) -> bool {
    let label = |label: &str| {
        !label.is_empty()
            && label.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    name.len() <= 253 && name.split('.').all(label)
}

/// The name of the request for the only order.
fn name_for(agreement: &str, uid: &str, order: &str) -> String {
    let mut world = World::confirmed_fibre();
    world.agreement.metadata.name = Some(agreement.to_owned());
    world.agreement.metadata.uid = Some(uid.to_owned());
    world.agreement.status = None;
    world.decisions.clear();
    world.edit(|agreement| agreement.spec.orders[0].id = order.to_owned());
    world.settle();
    world.confirm(EVA);
    world.settle();
    world.act(EVA, Action::Sign);
    world.act(JONAS, Action::Countersign);
    world.settle();
    world.orders[0].metadata.name.clone().unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_name_is_one_that_the_server_takes_whatever_the_order_is_called(
        agreement in "[a-z0-9]([-a-z0-9.]{0,250}[a-z0-9])?",
        order in prop_oneof!["[A-Za-z0-9]([-._A-Za-z0-9]{0,61}[A-Za-z0-9])?", "\\PC{0,63}"],
    ) {
        let name = name_for(&agreement, "agreement-1", &order);
        prop_assert!(is_dns_subdomain(&name), "{}", name);
        prop_assert_eq!(&name, &name_for(&agreement, "agreement-1", &order));
    }
}

#[test]
fn no_two_orders_share_a_name() {
    let mut names = BTreeSet::new();
    // Told apart by what is hashed even where the readable part is the same.
    for (agreement, uid, order) in [
        ("fibre", "agreement-1", "o1"),
        ("fibre", "agreement-2", "o1"),
        ("fibre", "agreement-1", "O1"),
        ("fibre", "agreement-1", "o.1"),
        ("fibre", "agreement-1", "o-1"),
        ("fibre", "agreement-1", "o_1"),
        ("fibre", "agreement-11", "1"),
        ("fibre", "agreement-1", "11"),
    ] {
        assert!(names.insert(name_for(agreement, uid, order)), "{agreement} {uid} {order}");
    }
    // And by what was confirmed: other orders beside it, another revision.
    let mut world = sealed();
    world.settle();
    let with_two = world.orders[0].metadata.name.clone().unwrap();
    let alone = World::agreed_fibre().orders[0].metadata.name.clone().unwrap();
    assert_ne!(with_two, alone);
    let mut offered_again = World::fibre();
    offered_again.edit(|agreement| agreement.spec.offer_version = 2);
    offered_again.settle();
    offered_again.confirm(EVA);
    offered_again.settle();
    offered_again.act(EVA, Action::Sign);
    offered_again.act(JONAS, Action::Countersign);
    offered_again.settle();
    assert_ne!(offered_again.orders[0].metadata.name.as_deref(), Some(alone.as_str()));
}

/// Once it is sealed it neither expires nor is withdrawn however long the orders take.
#[test]
fn once_it_is_sealed_it_neither_expires_nor_is_withdrawn() {
    let mut world = sealed();
    world.refused = vec![refuse("o1", "quota exceeded"), refuse("o2", "quota exceeded")];
    world.settle();
    world.pass(60).act_because(EVA, Action::Withdraw, "too slow");
    world.act_because(JONAS, Action::Withdraw, "too slow");
    world.settle();
    let reasons: Vec<_> = world.ignored().iter().map(|i| i.reason.as_str()).collect();
    assert_eq!((world.phase(), reasons), ("IssuingOrders", vec!["Sealed", "Sealed"]));
    world.now = world.agreement.spec.offer_end_time.0 + SignedDuration::from_hours(24 * 400);
    world.settle();
    assert_eq!((world.phase(), world.status().closed.as_ref()), ("IssuingOrders", None));
    world.refused.clear();
    world.settle();
    assert_eq!((world.phase(), world.orders.len()), ("Agreed", 2));
}
