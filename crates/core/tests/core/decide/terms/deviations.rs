//! Which terms are standard, and which deviate.

use countersign_api::agreement_status::{Classification, DeviationCategory};

use super::{catalogue_with, deviations, fibre_with, found, term};

#[test]
fn a_term_is_standard_or_in_the_first_band_that_holds_it_or_beyond() {
    use DeviationCategory::{AlternateUsed, Beyond};
    let table = [
        ("payment-days", "0", None),
        ("payment-days", "30", None),
        ("payment-days", "31", Some(found(AlternateUsed, "pay-45", "finance", "L1"))),
        ("payment-days", "45", Some(found(AlternateUsed, "pay-45", "finance", "L1"))),
        ("payment-days", "46", Some(found(AlternateUsed, "pay-60", "finance", "L2"))),
        ("payment-days", "60", Some(found(AlternateUsed, "pay-60", "finance", "L2"))),
        ("payment-days", "61", Some(found(Beyond, "", "finance", "L3"))),
        ("commitment-months", "24", None),
        ("commitment-months", "1200", None),
        ("commitment-months", "23", Some(found(AlternateUsed, "term-12", "sales", "L2"))),
        ("commitment-months", "12", Some(found(AlternateUsed, "term-12", "sales", "L2"))),
        ("commitment-months", "11", Some(found(Beyond, "", "sales", "L3"))),
        // Where the standard and a band share an edge, it is standard.
        ("availability-pct", "99.9", None),
        ("availability-pct", "99.90001", Some(found(AlternateUsed, "sla-9995", "service", "L2"))),
        ("availability-pct", "99.95", Some(found(AlternateUsed, "sla-9995", "service", "L2"))),
        ("availability-pct", "99.951", Some(found(Beyond, "", "service", "L3"))),
        // Where two bands share an edge, the one listed first.
        ("liability-cap-pct", "100.0001", Some(found(AlternateUsed, "cap-150", "legal", "L1"))),
        ("liability-cap-pct", "150", Some(found(AlternateUsed, "cap-150", "legal", "L1"))),
        ("liability-cap-pct", "150.01", Some(found(AlternateUsed, "cap-200", "legal", "L2"))),
        ("liability-cap-pct", "200", Some(found(AlternateUsed, "cap-200", "legal", "L2"))),
        ("liability-cap-pct", "200.01", Some(found(Beyond, "", "legal", "L3"))),
        ("unlimited-liability", "false", None),
        ("price-indexation", "cpi", None),
        ("price-indexation", "cpi-capped-3", Some(found(AlternateUsed, "cpi-capped", "finance", "L1"))),
        ("price-indexation", "CPI", Some(found(Beyond, "", "finance", "L3"))),
        ("governing-law", "NL", Some(found(AlternateUsed, "neutral", "legal", "L2"))),
        ("governing-law", "SE", Some(found(Beyond, "", "legal", "L3"))),
    ];
    for (id, value, expected) in table {
        let mut world = fibre_with(term(id, Some(value), None));
        world.settle();
        assert_eq!(deviations(&world), Vec::from_iter(expected.clone()), "{id} {value}");
        let class = if expected.is_some() { Classification::NonStandard } else { Classification::Standard };
        assert_eq!(world.status().classification, Some(class), "{id} {value}");
        assert_eq!(world.phase(), "AwaitingConfirmation", "{id} {value}");
    }
}

#[test]
fn a_deviation_shows_what_was_asked_for_and_what_the_standard_is() {
    for (id, value, permitted) in [
        ("payment-days", "45", "up to 30"),
        ("commitment-months", "12", "from 24"),
        ("price-indexation", "fixed", "cpi"),
    ] {
        let mut world = fibre_with(term(id, Some(value), None));
        world.settle();
        let deviation = &world.status().deviations[0];
        let shown = (deviation.term_id.as_str(), deviation.value.as_deref(), deviation.permitted.as_deref());
        assert_eq!(shown, (id, Some(value), Some(permitted)));
        let valid = world.condition("Valid");
        assert_eq!((valid.0.as_str(), valid.1.as_str()), ("True", "NonStandardTerms"));
        assert_eq!(valid.2, format!("1 term deviates from the standard: `{id}`"));
    }
}

#[test]
fn a_range_is_permitted_from_one_edge_to_the_other() {
    const CAP: &str = "{id: cap, title: Cap, valueType: Money, presence: Optional, standard: {from: '1.00', to: '2.00'}, beyond: {function: legal, level: L2}}";
    for (value, deviates) in
        [("1", false), ("0.99", true), ("-1", true), ("1.50", false), ("2.000", false), ("2.01", true)]
    {
        let mut world = fibre_with(term("cap", Some(value), None));
        catalogue_with(&mut world, CAP);
        world.settle();
        let expected = if deviates {
            vec![(Some("1.00 to 2.00".to_owned()), Some(value.to_owned()))]
        } else {
            Vec::new()
        };
        let shown: Vec<_> =
            world.status().deviations.iter().map(|d| (d.permitted.clone(), d.value.clone())).collect();
        assert_eq!(shown, expected, "{value}");
    }
}

/// A term that the catalogue does not have is added and for those who allow unknown terms.
#[test]
fn a_term_outside_the_catalogue_is_for_who_allows_unknown_terms() {
    for (value, text, shown) in [
        (Some("2"), None, "2"),
        (None, Some("The provider brings the cake."), "The provider brings the cake."),
        (Some("2"), Some("The provider brings two cakes."), "2"),
    ] {
        let mut world = fibre_with(term("cakes", value, text));
        world.settle();
        assert_eq!(deviations(&world), [found(DeviationCategory::Added, "", "legal", "L3")]);
        let deviation = &world.status().deviations[0];
        assert_eq!((deviation.value.as_deref(), deviation.permitted.as_deref()), (Some(shown), None));
        assert_eq!(world.status().approvals[0].because, ["`cakes` is not in the catalogue"]);
    }
}

/// Changed words on a term that is a value are for those who allow unknown terms.
#[test]
fn changed_words_on_a_value_are_for_who_allows_unknown_terms() {
    let modified = found(DeviationCategory::TextModified, "", "legal", "L3");
    let banded = found(DeviationCategory::AlternateUsed, "pay-45", "finance", "L1");
    for (value, expected) in [
        (Some("30"), vec![modified.clone()]),
        (Some("45"), vec![modified.clone(), banded]),
        (None, vec![modified.clone()]),
    ] {
        let mut world = fibre_with(term("payment-days", value, Some("within 30 days, or later")));
        world.settle();
        assert_eq!(deviations(&world), expected, "{value:?}");
        let legal = world.status().approvals.iter().find(|step| step.function == "legal").unwrap();
        assert_eq!(legal.because, ["the wording of `payment-days` is not the standard one"]);
    }
}

#[test]
fn the_words_of_a_text_are_its_value() {
    const NOTICE: &str = "{id: notice, title: Notices, valueType: Text, presence: Mandatory, standard: {default: in writing}, bands: [{name: mail, values: [by mail], function: legal, level: L1}], beyond: {function: legal, level: L2}}";
    for (value, text, expected) in [
        (None, Some("in writing"), None),
        (Some("in writing"), None, None),
        (None, Some("by mail"), Some(found(DeviationCategory::AlternateUsed, "mail", "legal", "L1"))),
        (None, Some("by pigeon"), Some(found(DeviationCategory::Beyond, "", "legal", "L2"))),
    ] {
        let mut world = fibre_with(term("notice", value, text));
        catalogue_with(&mut world, NOTICE);
        world.settle();
        assert_eq!(deviations(&world), Vec::from_iter(expected), "{value:?} {text:?}");
    }
}
