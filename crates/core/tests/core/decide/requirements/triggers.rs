//! Triggers: what is asked for whatever the value is.

use testkit::people::{LEA, OMAR};
use testkit::world::World;

use super::{spec_with, steps, trigger};

#[test]
fn a_trigger_holds_when_every_list_that_it_gives_matches() {
    let table = [
        (trigger(&["Enterprise"], &[], &[]), true),
        (trigger(&["Public", "Enterprise"], &[], &[]), true),
        (trigger(&["Public"], &[], &[]), false),
        (trigger(&[], &["Commercial"], &[]), true),
        (trigger(&[], &["Framework"], &[]), false),
        (trigger(&[], &[], &["Enterprise"]), true),
        (trigger(&[], &[], &["Business"]), false),
        (trigger(&["Enterprise"], &["Commercial"], &["Enterprise"]), true),
        (trigger(&["Public"], &["Commercial"], &["Enterprise"]), false),
        (trigger(&["Enterprise"], &["Framework"], &["Enterprise"]), false),
        (trigger(&["Enterprise"], &["Commercial"], &["Business"]), false),
    ];
    for (trigger, holds) in table {
        let mut world = World::fibre();
        world.rules(|policy| policy.spec.rules.triggers = vec![trigger.clone()]);
        world.settle();
        let expected = if holds { vec![("legal", "L2", vec!["trigger `probe`"])] } else { Vec::new() };
        assert_eq!(steps(&world), expected, "{trigger:?}");
    }
}

#[test]
fn a_customer_without_a_segment_is_in_none() {
    let mut world = World::fibre();
    world.rules(|policy| policy.spec.rules.triggers = vec![trigger(&["Enterprise"], &[], &[])]);
    world.edit(|agreement| agreement.spec.customer.segment = None);
    world.settle();
    assert_eq!(steps(&world), []);
}

#[test]
fn a_trigger_on_an_order_falls_when_the_order_is_left_out() {
    let mut world = World::fleet();
    world.rules(|policy| policy.spec.rules.triggers = vec![trigger(&[], &[], &["Devices"])]);
    world.edit(|agreement| agreement.spec.orders[1].category = Some("Devices".to_owned()));
    world.settle();
    assert!(steps(&world).iter().any(|step| step.0 == "legal"));
    world.pass(60).confirm_but(OMAR, &[("handsets", "buying elsewhere")]);
    world.pass(60).confirm_but(LEA, &[("handsets", "buying elsewhere")]);
    world.settle();
    assert!(!steps(&world).iter().any(|step| step.0 == "legal"));
}

#[test]
fn public_customers_are_for_legal_as_the_policy_says() {
    let world = spec_with(|spec| spec.customer.segment = Some("Public".to_owned()));
    assert_eq!(steps(&world), [("legal", "L1", vec!["trigger `public-sector`"])]);
}
