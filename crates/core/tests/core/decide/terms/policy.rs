//! Which policy holds in a namespace.

use std::sync::Arc;

use countersign_api::delegation_policy::{Calendar, Weekday};
use countersign_api::standard_terms::LifecycleState;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{LabelSelectorRequirement, Time};
use testkit::world::World;

use super::fault_of;

const NO_POLICY: &str =
    "no Active DelegationPolicy selects this namespace; an admin must make one, or label the namespace";

#[test]
fn without_a_policy_that_selects_the_namespace_nobody_is_asked() {
    let no_policy = ("NoPolicy".to_owned(), NO_POLICY.to_owned());
    assert_eq!(fault_of(|world| world.policies.clear()), no_policy);
    let retired = fault_of(|world| {
        world.rules(|policy| policy.spec.lifecycle_state = LifecycleState::Retired);
    });
    assert_eq!(retired, no_policy);
    let going = fault_of(|world| {
        let now = Time(world.now);
        world.rules(|policy| policy.metadata.deletion_timestamp = Some(now));
    });
    assert_eq!(going, no_policy);
    let elsewhere = fault_of(|world| {
        world.rules(|policy| {
            let labels = [("market".to_owned(), "north".to_owned())].into();
            policy.spec.namespace_selector.match_labels = Some(labels);
        });
    });
    assert_eq!(elsewhere, no_policy);
    let unreadable = fault_of(|world| {
        world.rules(|policy| {
            policy.spec.namespace_selector.match_expressions = Some(vec![LabelSelectorRequirement {
                key: "market".to_owned(),
                operator: "Likes".to_owned(),
                values: None,
            }]);
        });
    });
    assert_eq!(unreadable, no_policy, "a selector that cannot be read selects nothing");
}

#[test]
fn a_policy_selects_by_the_labels_of_the_namespace() {
    let mut world = World::fibre();
    world.rules(|policy| {
        let labels = [("market".to_owned(), "north".to_owned())].into();
        policy.spec.namespace_selector.match_labels = Some(labels);
    });
    world.labels.insert("market".to_owned(), "north".to_owned());
    world.settle();
    assert_eq!(world.phase(), "AwaitingConfirmation");
}

#[test]
fn two_policies_for_one_namespace_are_both_named() {
    let (reason, message) = fault_of(|world| {
        let mut second = (*world.policies[0]).clone();
        second.metadata.name = Some("a-second".to_owned());
        second.metadata.uid = Some("policy-2".to_owned());
        world.policies.push(Arc::new(second));
    });
    assert_eq!(reason, "PolicyConflict");
    assert_eq!(
        message,
        "exactly one Active DelegationPolicy must select this namespace, and `a-second` and `b2b-2026` do; an admin must retire one"
    );
}

#[test]
fn a_calendar_that_cannot_be_read_is_no_policy() {
    let (reason, message) = fault_of(|world| {
        world.rules(|policy| {
            policy.spec.rules.calendar = Some(Calendar {
                time_zone: "Europe/Sundsvall".to_owned(),
                work_days: vec![Weekday::Monday],
                holidays: vec!["2026-02-30".to_owned()],
            });
        });
    });
    assert_eq!(reason, "NoPolicy");
    assert_eq!(
        message,
        "2 faults: (1) `rules.calendar.timeZone` \"Europe/Sundsvall\" must be an IANA time zone; \
         (2) `rules.calendar.holidays` \"2026-02-30\" must be a date, such as 2026-12-25"
    );
}

#[test]
fn nothing_is_said_about_a_policy_that_is_not_there() {
    let fault = fault_of(|world| {
        world.policies.clear();
        world.edit(|agreement| agreement.spec.provider.signatories.clear());
    });
    assert_eq!(fault, ("NoPolicy".to_owned(), NO_POLICY.to_owned()));
}
