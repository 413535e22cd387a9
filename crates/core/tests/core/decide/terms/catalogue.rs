//! Which catalogue an agreement may name, and when it is valid.

use countersign_api::standard_terms::LifecycleState;
use jiff::{SignedDuration, Timestamp};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use testkit::world::World;

use super::{fault_in, fault_of, spec_fault};

#[test]
fn the_catalogue_must_be_there_active_allowed_and_of_the_right_type() {
    let missing = fault_of(|world| world.terms = None);
    assert_eq!(
        missing.1,
        "`spec.standardTermsRef.name` \"b2b-2026-1\" does not exist; name a StandardTerms that does"
    );
    let retired = fault_of(|world| {
        world.terms.as_mut().unwrap().spec.lifecycle_state = LifecycleState::Retired;
    });
    assert_eq!(retired.1, "`spec.standardTermsRef.name` \"b2b-2026-1\" is Retired; name an Active one");
    let forbidden = fault_of(|world| {
        world.rules(|policy| {
            policy.spec.rules.standard_terms.allowed = vec!["b2b-2025".to_owned(), "b2b-2026-2".to_owned()];
        });
    });
    assert_eq!(
        forbidden.1,
        "`spec.standardTermsRef.name` \"b2b-2026-1\" is not allowed by the policy; permitted is `b2b-2025` or `b2b-2026-2`"
    );
    let wrong_type = spec_fault(|agreement| agreement.spec.agreement_type = "Trial".to_owned());
    assert_eq!(
        wrong_type,
        "`spec.agreementType` \"Trial\" is not one that the catalogue \"b2b-2026-1\" is for; permitted is Commercial, Framework or Amendment"
    );
    for fault in [missing, retired, forbidden] {
        assert_eq!(fault.0, "TermsInvalid");
    }
}

#[test]
fn a_catalogue_that_is_not_valid_yet_is_looked_at_again_when_it_is() {
    let mut world = World::fibre();
    let start: Timestamp = "2026-12-01T00:00:00Z".parse().unwrap();
    world.terms.as_mut().unwrap().spec.valid_period.as_mut().unwrap().start_time = Time(start);
    world.settle();
    assert_eq!(
        fault_in(&world).1,
        "`spec.standardTermsRef.name` \"b2b-2026-1\" is not valid before 2026-12-01T00:00:00Z"
    );
    assert_eq!(world.wake, Some(start));
    world.now = start - SignedDuration::from_secs(1);
    assert_eq!(world.settle(), 0);
    world.now = start;
    assert_eq!(world.settle(), 1);
    assert_eq!(world.phase(), "AwaitingConfirmation");
}

#[test]
fn a_catalogue_is_valid_to_the_last_instant_of_its_period() {
    let end: Timestamp = "2026-11-24T09:00:00Z".parse().unwrap();
    let mut world = World::fibre();
    world.terms.as_mut().unwrap().spec.valid_period.as_mut().unwrap().end_time = Some(Time(end));
    world.settle();
    assert_eq!(world.phase(), "AwaitingConfirmation");
    let (_, message) = fault_of(|world| {
        world.terms.as_mut().unwrap().spec.valid_period.as_mut().unwrap().end_time = Some(Time(end));
        world.pass(1);
    });
    assert_eq!(message, "`spec.standardTermsRef.name` \"b2b-2026-1\" was valid until 2026-11-24T09:00:00Z");
}

#[test]
fn a_faulty_agreement_is_looked_at_again_when_its_catalogue_runs_out() {
    let mut world = World::fibre();
    let end = world.now + SignedDuration::from_secs(3_600);
    world.terms.as_mut().unwrap().spec.valid_period.as_mut().unwrap().end_time = Some(Time(end));
    world.edit(|agreement| agreement.spec.terms[0].value = Some("soon".to_owned()));
    world.settle();
    assert_eq!(world.wake, Some(end + SignedDuration::from_secs(1)));
    world.now = end;
    assert_eq!(world.settle(), 0);
    world.pass(1);
    assert_eq!(world.settle(), 1);
    assert!(fault_in(&world).1.starts_with("2 faults: "));
}
