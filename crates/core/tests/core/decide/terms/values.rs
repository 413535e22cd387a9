//! Which values a term may have, and which terms there must be.

use std::sync::Arc;

use countersign_api::agreement_status::DeviationCategory;
use testkit::world::World;

use super::{
    agreed_agreement, catalogue_with, deviations, fault_in, fibre_with, found, refers_to, spec_fault, term,
};

#[test]
fn a_value_must_be_of_its_type() {
    let types = [
        ("Number", "a decimal number, such as 12.5", vec!["12.5", "-3"], vec!["twelve", "1e3", "1,5", ".5"]),
        ("Percent", "a percentage without the sign, such as 99.5", vec!["99.5"], vec!["99.5%", "NaN"]),
        ("Money", "an amount in the policy's currency, such as 1000.00", vec!["1000.00"], vec!["EUR 10"]),
        ("Months", "a whole number of months", vec!["36", "36.0"], vec!["36.5", "3 years"]),
        ("Days", "a whole number of days", vec!["30"], vec!["30.1", "soon"]),
        ("Boolean", "`true` or `false`", vec!["true", "false"], vec!["True", "yes", "1"]),
    ];
    for (value_type, expected, good, bad) in types {
        let standard = if value_type == "Boolean" { "{values: ['true', 'false']}" } else { "{}" };
        let yaml = format!(
            "{{id: probe, title: Probe, valueType: {value_type}, presence: Optional, standard: {standard}, beyond: {{prohibited: true}}}}"
        );
        for value in good {
            let mut world = fibre_with(term("probe", Some(value), None));
            catalogue_with(&mut world, &yaml);
            world.settle();
            assert_eq!(world.condition("Valid").1, "StandardTerms", "{value_type} {value}");
        }
        for value in bad {
            let mut world = fibre_with(term("probe", Some(value), None));
            catalogue_with(&mut world, &yaml);
            world.settle();
            let message = format!("`spec.terms[probe].value` \"{value}\" must be {expected}");
            assert_eq!(fault_in(&world), ("TermsInvalid".to_owned(), message));
        }
    }
}

#[test]
fn what_is_prohibited_stands_in_no_agreement() {
    let message = spec_fault(|agreement| {
        agreement.spec.terms.push(term("unlimited-liability", Some("true"), None));
    });
    assert_eq!(message, "`spec.terms[unlimited-liability].value` \"true\" is prohibited; permitted is false");
}

#[test]
fn a_mandatory_term_must_be_there_and_an_optional_one_may_be_left_out() {
    let message = spec_fault(|agreement| agreement.spec.terms.retain(|term| term.id != "payment-days"));
    assert_eq!(message, "`spec.terms` must have `payment-days` (Payment period); the standard is up to 30");
}

#[test]
fn a_term_is_there_once() {
    let message = spec_fault(|agreement| {
        agreement.spec.terms.push(term("payment-days", Some("30"), None));
    });
    assert_eq!(message, "`spec.terms` must not have \"payment-days\" twice");
}

#[test]
fn an_amendment_lists_only_what_changes() {
    let mut world = World::fibre();
    world.related.push(Arc::new(agreed_agreement("the-first")));
    world.edit(|agreement| {
        agreement.spec.agreement_type = "Amendment".to_owned();
        agreement.spec.amends_ref = refers_to("the-first");
        agreement.spec.terms = vec![term("payment-days", Some("31"), None)];
    });
    world.settle();
    assert_eq!(world.phase(), "AwaitingConfirmation");
    assert_eq!(deviations(&world), [found(DeviationCategory::AlternateUsed, "pay-45", "finance", "L1")]);
}
