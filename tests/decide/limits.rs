//! What people can overdo still fits what the server takes: a status that it refuses is a standstill that nobody is told of.
//!
//! The world holds every status that any test writes against the schema; here are the longest ones.

use countersign::api::Action;
use countersign::api::customer_agreement::{Order, Term};
use countersign::api::standard_terms::StandardTerm;

use crate::world::{EVA, JONAS, World};

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
    world.settle();
    world.pass(60).confirm(EVA);
    world.settle();
    world.pass(60).act(EVA, Action::Sign);
    world.settle();
    world.pass(60).act(JONAS, Action::Countersign);
    world.settle();
    assert_eq!((world.phase(), world.orders.len()), ("Agreed", 100));
}
