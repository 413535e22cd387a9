//! What is said when something is wrong, and who is waited for.

use std::sync::Arc;

use countersign_api::agreement_status::WaitingAction;
use countersign_api::customer_agreement::RepresentativeRole;
use countersign_api::delegation_policy::{Calendar, Weekday};
use testkit::world::World;

use super::{agreed_agreement, fault_in, fault_of, refers_to, spec_fault, term};

#[test]
fn every_fault_is_said_at_once() {
    let mut world = World::fibre();
    world.edit(|agreement| {
        let spec = &mut agreement.spec;
        spec.terms.retain(|term| term.id != "payment-days");
        spec.terms.push(term("unlimited-liability", Some("true"), None));
        spec.orders[0].items[0].discount_percent = None;
        spec.customer.representatives[0].roles = vec![RepresentativeRole::Confirmer];
        spec.parent_ref = refers_to("nowhere");
    });
    world.settle();
    let (reason, message) = fault_in(&world);
    assert_eq!(reason, "TermsInvalid");
    assert_eq!(
        message,
        "5 faults: (1) `spec.orders[o1].items[01].discountPercent` must be given for a priced item; \"0\" if there is no discount; \
         (2) `spec.customer.representatives` must have one with the role Signatory; \
         (3) `spec.parentRef.name` \"nowhere\" does not exist; \
         (4) `spec.terms[unlimited-liability].value` \"true\" is prohibited; permitted is false; \
         (5) `spec.terms` must have `payment-days` (Payment period); the standard is up to 30"
    );
}

#[test]
fn more_faults_than_a_message_holds_are_counted() {
    let message = spec_fault(|agreement| {
        let item = agreement.spec.orders[0].items[0].clone();
        agreement.spec.orders[0].items = vec![item; 36];
    });
    assert!(message.starts_with("35 faults: (1) "), "{message}");
    assert!(message.ends_with("; and 5 more, shown once these are fixed"), "{message}");
}

/// The author is waited for when the terms are wrong and an admin when the rules are.
#[test]
fn the_author_fixes_the_terms_and_an_admin_the_rules() {
    let waits = |spoil: fn(&mut World)| {
        let mut world = World::fibre();
        spoil(&mut world);
        world.settle();
        let actions: Vec<_> = world.status().waiting_for.iter().map(|wait| wait.action).collect();
        (world.status().waiting_on.clone().unwrap(), actions)
    };
    let the_authors: [fn(&mut World); 3] = [
        |world| world.agreement.spec.terms.clear(),
        |world| world.agreement.spec.parent_ref = refers_to("nowhere"),
        |world| {
            world.agreement.spec.parent_ref = refers_to("the-first");
            let mut other = agreed_agreement("the-first");
            other.spec.customer.id = "ORG-1234".to_owned();
            world.related.push(Arc::new(other));
        },
    ];
    for (at, spoil) in the_authors.into_iter().enumerate() {
        assert_eq!(waits(spoil), ("j.berg since 24 Nov".to_owned(), vec![WaitingAction::Edit]), "{at}");
    }
    let an_admins: [fn(&mut World); 4] = [
        |world| world.policies.clear(),
        |world| world.policies.push(world.policies[0].clone()),
        |world| {
            world.rules(|policy| {
                policy.spec.rules.calendar = Some(Calendar {
                    time_zone: "Europe/Sundsvall".to_owned(),
                    work_days: vec![Weekday::Monday],
                    holidays: Vec::new(),
                });
            });
        },
        |world| world.agreement.spec.orders[0].items[0].discount_percent = Some("99".to_owned()),
    ];
    for (at, spoil) in an_admins.into_iter().enumerate() {
        assert_eq!(waits(spoil), ("an admin, see Stalled".to_owned(), Vec::new()), "{at}");
    }
}

#[test]
fn once_the_faults_are_mended_the_customer_is_asked() {
    let mut world = World::fibre();
    world.edit(|agreement| agreement.spec.terms[0].value = Some("soon".to_owned()));
    world.settle();
    assert_eq!(world.phase(), "Pending");
    world.pass(60).edit(|agreement| agreement.spec.terms[0].value = Some("30".to_owned()));
    assert_eq!(world.settle(), 1);
    assert_eq!(world.phase(), "AwaitingConfirmation");
    assert_eq!(world.status().terms.as_ref().unwrap().revision, 2);
    assert_eq!(world.status().pinned.as_ref().unwrap().policy.uid, "policy-1");
    assert_eq!(world.condition("Stalled").0, "");
}

#[test]
fn the_worst_kind_of_fault_names_the_condition() {
    let reason = |change: fn(&mut World)| fault_of(change).0;
    assert_eq!(
        reason(|world| {
            world.policies.clear();
            world.edit(|agreement| agreement.spec.terms.clear());
        }),
        "NoPolicy"
    );
    assert_eq!(
        reason(|world| {
            world.edit(|agreement| {
                agreement.spec.parent_ref = refers_to("nowhere");
                agreement.spec.orders[0].items[0].discount_percent = Some("51".to_owned());
            });
        }),
        "LinkInvalid"
    );
}
