//! Which other agreements may be named.

use std::sync::Arc;

use countersign_api::CustomerAgreement;
use jiff::{SignedDuration, Timestamp};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use testkit::world::World;

use super::{agreed_agreement, fault_in, fault_of, refers_to, term};

/// What an agreement refers to is with the same customer agreed and in force.
#[test]
fn what_an_agreement_names_has_the_same_customer_and_is_in_force() {
    type Spoil = fn(&mut CustomerAgreement);
    let fields: [(&str, Spoil); 3] = [
        ("amendsRef", |agreement| {
            agreement.spec.agreement_type = "Amendment".to_owned();
            agreement.spec.amends_ref = refers_to("the-first");
        }),
        ("supersedesRef", |agreement| agreement.spec.supersedes_ref = refers_to("the-first")),
        ("parentRef", |agreement| agreement.spec.parent_ref = refers_to("the-first")),
    ];
    let spoils: [(&str, Spoil); 4] = [
        ("is with another customer, \"ORG-1234\"", |other| other.spec.customer.id = "ORG-1234".to_owned()),
        ("is not Agreed", |other| other.status = None),
        ("is not Agreed", |other| other.status.as_mut().unwrap().agreed_time = None),
        ("is superseded by \"the-second\"", |other| {
            other.status.as_mut().unwrap().superseded_by = Some("the-second".to_owned());
        }),
    ];
    for (field, refer) in fields {
        let missing = fault_of(|world| {
            world.edit(refer);
        });
        let expected = format!("`spec.{field}.name` \"the-first\" does not exist");
        assert_eq!(missing, ("LinkInvalid".to_owned(), expected));
        for (expected, spoil) in &spoils {
            let fault = fault_of(|world| {
                let mut other = agreed_agreement("the-first");
                spoil(&mut other);
                world.related.push(Arc::new(other));
                world.pass(1).edit(refer);
            });
            let expected = format!("`spec.{field}.name` \"the-first\" {expected}");
            assert_eq!(fault, ("LinkInvalid".to_owned(), expected));
        }
        let mut world = World::fibre();
        world.related.push(Arc::new(agreed_agreement("the-first")));
        world.edit(refer);
        world.settle();
        assert_eq!(world.phase(), "AwaitingConfirmation", "{field}");
    }
}

#[test]
fn an_agreement_is_amended_only_while_its_period_lasts() {
    let end: Timestamp = "2026-11-24T10:00:00Z".parse().unwrap();
    let mut world = World::fibre();
    let mut other = agreed_agreement("the-first");
    other.spec.agreement_period.end_time = Some(Time(end));
    world.related.push(Arc::new(other));
    world.edit(|agreement| {
        agreement.spec.agreement_type = "Amendment".to_owned();
        agreement.spec.amends_ref = refers_to("the-first");
        agreement.spec.terms = vec![term("payment-days", Some("soon"), None)];
    });
    world.settle();
    assert!(!fault_in(&world).1.contains("the-first"));
    assert_eq!(world.wake, Some(end + SignedDuration::from_secs(1)));
    world.now = end + SignedDuration::from_secs(1);
    world.edit(|agreement| agreement.spec.terms[0].value = Some("30".to_owned()));
    world.settle();
    let message = "`spec.amendsRef.name` \"the-first\" was in force until 2026-11-24T10:00:00Z";
    assert_eq!(fault_in(&world), ("LinkInvalid".to_owned(), message.to_owned()));
}

#[test]
fn what_ended_long_ago_may_be_superseded() {
    let mut world = World::fibre();
    let mut other = agreed_agreement("the-first");
    other.spec.agreement_period.end_time = Some(Time(Timestamp::UNIX_EPOCH));
    world.related.push(Arc::new(other));
    world.edit(|agreement| agreement.spec.supersedes_ref = refers_to("the-first"));
    world.settle();
    assert_eq!(world.phase(), "AwaitingConfirmation");
}

#[test]
fn an_agreement_may_supersede_what_it_has_superseded_already() {
    let mut world = World::fibre();
    let mut other = agreed_agreement("the-first");
    other.status.as_mut().unwrap().superseded_by = world.agreement.metadata.name.clone();
    world.related.push(Arc::new(other));
    world.edit(|agreement| agreement.spec.supersedes_ref = refers_to("the-first"));
    world.settle();
    assert_eq!(world.phase(), "AwaitingConfirmation");
}
