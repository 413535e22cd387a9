//! What people can overdo still fits what the server takes: a status that it refuses is a standstill that nobody is told of.

//!
//! The world holds every status that any test writes against the schema; here are the longest ones.

use countersign_api::Action;
use countersign_api::customer_agreement::{Order, Term};
use countersign_api::standard_terms::StandardTerm;
use testkit::people::{EVA, JONAS};
use testkit::world::World;

#[test]
fn a_hundred_and_fifty_confirmations_and_signatures_in_one_second_fit() {
    let mut world = World::fibre();
    world.settle();
    for _ in 0..150 {
        world.confirm(EVA);
    }
    world.settle();
    assert_eq!(world.phase(), "AwaitingSignOff");
    for _ in 0..150 {
        world.act(EVA, Action::Sign);
    }
    world.settle();
    assert_eq!(world.status().sign_off.as_ref().unwrap().signatures.len(), 1);
    assert_eq!(world.ignored().len(), 20, "the newest");
}

#[test]
fn two_hundred_terms_that_deviate_by_value_and_by_words_fit() {
    let mut world = World::fibre();
    let catalogue = world.terms.as_mut().unwrap();
    let (standard, term) = (catalogue.spec.terms[0].clone(), world.agreement.spec.terms[0].clone());
    for n in 0..193 {
        let id = format!("term-{n}");
        catalogue.spec.terms.push(StandardTerm { id: id.clone(), ..standard.clone() });
        let (value, text) = (Some("45".to_owned()), Some("in other words".to_owned()));
        world.agreement.spec.terms.push(Term { id, value, text, ..term.clone() });
    }
    world.settle();
    assert_eq!(world.phase(), "AwaitingConfirmation");
    assert_eq!(world.status().deviations.len(), 200);
}

fn bytes(world: &World) -> usize {
    serde_json::to_vec(world.status()).unwrap().len()
}

/// Two hundred terms a hundred orders and all that people write stay below 64 kib.
#[test]
fn the_largest_agreement_stays_below_64_kib() {
    let mut world = World::fibre();
    let long = "שלום 日本語 🚀 ".repeat(100).chars().take(1_000).collect::<String>();
    let catalogue = world.terms.as_mut().unwrap();
    let (standard, term) = (catalogue.spec.terms[0].clone(), world.agreement.spec.terms[0].clone());
    for n in 0..193 {
        let id = format!("a-term-with-a-name-that-is-as-long-as-it-may-be-in-this-kind-{n}");
        catalogue.spec.terms.push(StandardTerm { id: id.clone(), ..standard.clone() });
        world.agreement.spec.terms.push(Term {
            id,
            value: Some("45".to_owned()),
            text: Some(long.clone()),
            ..term.clone()
        });
    }
    let order = world.agreement.spec.orders[0].clone();
    world.agreement.spec.orders =
        (0..100).map(|n| Order { id: format!("order-{n:03}"), ..order.clone() }).collect();
    world.rules(|policy| policy.spec.rules.ladders[0].levels[3].limits = None);
    world.settle();
    assert_eq!(world.phase(), "AwaitingConfirmation");
    assert!(bytes(&world) < 65_536, "{}", bytes(&world));
    assert_eq!(world.condition("Valid").2.split_once(' ').unwrap().0, "193");

    for _ in 0..20 {
        world.act_because(JONAS, Action::Decline, &long);
    }
    let ids: Vec<String> = world.agreement.spec.orders.iter().map(|order| order.id.clone()).collect();
    let left_out: Vec<(&str, &str)> = ids.iter().map(|id| (id.as_str(), long.as_str())).collect();
    world.pass(60).confirm_but(EVA, &left_out);
    world.settle();
    assert_eq!(world.phase(), "Escalated");
    assert!(bytes(&world) < 65_536, "{}", bytes(&world));
    let reasons = world.status().orders.iter().map(|order| order.reason.as_deref().unwrap());
    assert!(reasons.clone().all(|reason| reason.starts_with("שלום") && reason.ends_with('…')));
    world.pass(60).act_because(EVA, Action::Decline, &long);
    world.settle();
    assert_eq!(world.phase(), "Declined");
    assert!(bytes(&world) < 65_536, "{}", bytes(&world));
}

#[test]
fn what_is_short_enough_is_not_shortened() {
    let mut world = World::fibre();
    world.settle();
    let long = "x".repeat(1_024);
    world.act_because(EVA, Action::Decline, &long);
    world.settle();
    assert_eq!(world.status().closed.as_ref().unwrap().reason, long);
}

#[test]
fn a_hundred_orders_are_passed_on() {
    let mut world = World::fibre();
    world.edit(|agreement| {
        let order = agreement.spec.orders[0].clone();
        agreement.spec.orders =
            (0..100).map(|n| Order { id: format!("order-{n:03}"), ..order.clone() }).collect();
    });
    world.rules(|policy| policy.spec.rules.auto_within[0].level = "L4".to_owned());
    world.rules(|policy| policy.spec.holders[0].level = "L4".to_owned());
    world.agreed();
    assert_eq!((world.phase(), world.orders.len()), ("Agreed", 100));
}
