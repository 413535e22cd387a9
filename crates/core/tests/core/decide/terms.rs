//! S1: classing terms against the catalogue, and everything that is checked before anybody is asked.

use std::sync::Arc;

use countersign_api::agreement_status::{Classification, DeviationCategory, WaitingAction};
use countersign_api::customer_agreement::{RepresentativeRole, Term};
use countersign_api::delegation_policy::{Alias, Calendar, Countersignature, Trigger, Weekday};
use countersign_api::money::Money;
use countersign_api::references::AgreementNameRef;
use countersign_api::standard_terms::{LifecycleState, StandardTerm};
use countersign_api::subject::{Subject, SubjectKind};
use countersign_api::{Action, CustomerAgreement};
use jiff::{SignedDuration, Timestamp};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{LabelSelectorRequirement, Time};
use testkit::world::{EVA, JONAS, World, read};

fn term(id: &str, value: Option<&str>, text: Option<&str>) -> Term {
    Term { id: id.to_owned(), value: value.map(str::to_owned), text: text.map(str::to_owned), reason: None }
}

/// The fibre agreement with one term as given, and everything else standard.
fn fibre_with(new: Term) -> World {
    let mut world = World::fibre();
    world.edit(|agreement| {
        let terms = &mut agreement.spec.terms;
        match terms.iter_mut().find(|term| term.id == new.id) {
            Some(term) => *term = new,
            None => terms.push(new),
        }
    });
    world
}

/// A catalogue that also has the given term, in YAML.
fn catalogue_with(world: &mut World, yaml: &str) {
    let term: StandardTerm = read(yaml);
    world.terms.as_mut().unwrap().spec.terms.push(term);
}

type Found = (DeviationCategory, Option<String>, String, String);

fn deviations(world: &World) -> Vec<Found> {
    let deviations = world.status().deviations.iter().cloned();
    deviations.map(|d| (d.category, d.band, d.function, d.level)).collect()
}

fn found(category: DeviationCategory, band: &str, function: &str, level: &str) -> Found {
    let band = (!band.is_empty()).then(|| band.to_owned());
    (category, band, function.to_owned(), level.to_owned())
}

/// The one fault that a change brings about: reason and message, the same wherever they are shown.
fn fault_of(change: impl FnOnce(&mut World)) -> (String, String) {
    let mut world = World::fibre();
    change(&mut world);
    world.settle();
    fault_in(&world)
}

fn fault_in(world: &World) -> (String, String) {
    let (valid, reason, message) = world.condition("Valid");
    assert_eq!((valid.as_str(), world.phase()), ("False", "Pending"), "{reason}: {message}");
    for type_ in ["Ready", "Stalled"] {
        let shown = world.condition(type_);
        assert_eq!((&shown.1, &shown.2), (&reason, &message), "{type_}");
    }
    assert_eq!(world.condition("Ready").0, "False");
    assert_eq!(world.status().pinned, None, "nothing is pinned that nobody was asked about");
    (reason, message)
}

fn spec_fault(change: impl FnOnce(&mut CustomerAgreement)) -> String {
    let (reason, message) = fault_of(|world| {
        world.edit(change);
    });
    assert_eq!(reason, "TermsInvalid", "{message}");
    message
}

/// Another agreement of the same customer, agreed.
pub fn agreed_agreement(name: &str) -> CustomerAgreement {
    let mut world = World::agreed_fibre();
    world.agreement.metadata.name = Some(name.to_owned());
    world.agreement.metadata.uid = Some(format!("uid-of-{name}"));
    world.agreement
}

pub fn refers_to(name: &str) -> Option<AgreementNameRef> {
    Some(AgreementNameRef { name: name.to_owned() })
}

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

#[test]
fn a_term_that_the_catalogue_does_not_have_is_added_and_for_those_who_allow_unknown_terms() {
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

#[test]
fn changed_words_on_a_term_that_is_a_value_are_for_those_who_allow_unknown_terms() {
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
        "5 faults: (1) `spec.orders[o1].items[01].discountPercent` must be given for a priced item; \"0\" where there is no discount; \
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
    assert!(message.ends_with("; and 5 more, shown once these are mended"), "{message}");
}

#[test]
fn the_author_is_waited_for_when_the_terms_are_wrong_and_an_admin_when_the_rules_are() {
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

#[test]
fn orders_and_their_items_are_there_once() {
    let message = spec_fault(|agreement| {
        let order = agreement.spec.orders[0].clone();
        agreement.spec.orders.push(order);
    });
    assert_eq!(message, "`spec.orders` must not have \"o1\" twice");
    let message = spec_fault(|agreement| {
        let item = agreement.spec.orders[0].items[0].clone();
        agreement.spec.orders[0].items.push(item);
    });
    assert_eq!(message, "`spec.orders[o1].items[01]` must not be there twice");
}

#[test]
fn a_priced_item_says_its_discount() {
    use countersign_api::customer_agreement::ItemAction::{Add, Delete, Modify, NoChange};
    for (action, faulty) in [(Add, true), (Modify, true), (Delete, false), (NoChange, false)] {
        let mut world = World::fibre();
        world.edit(|agreement| {
            let item = &mut agreement.spec.orders[0].items[0];
            (item.action, item.discount_percent) = (action, None);
        });
        world.settle();
        if faulty {
            assert_eq!(
                fault_in(&world).1,
                "`spec.orders[o1].items[01].discountPercent` must be given for a priced item; \"0\" where there is no discount"
            );
        } else {
            assert_eq!(world.phase(), "AwaitingConfirmation", "{action:?}");
        }
    }
    let mut free = World::fibre();
    free.edit(|agreement| {
        let item = &mut agreement.spec.orders[0].items[0];
        item.prices.clear();
        item.discount_percent = None;
    });
    free.settle();
    assert_eq!(free.phase(), "AwaitingConfirmation");
}

#[test]
fn something_says_for_how_many_months_a_price_recurs() {
    let message = spec_fault(|agreement| {
        agreement.spec.agreement_period.end_time = None;
        agreement.spec.orders[0].items[0].commitment_months = None;
    });
    assert_eq!(
        message,
        "3 faults: (1) `spec.orders[o1].items[01].commitmentMonths` must be given for a recurring price, since `spec.agreementPeriod.endTime` is not; \
         (2) a contract value that cannot be told exceeds every level, the highest being sales L4 (EUR 50000000.00); \
         (3) a term without end exceeds every level, the highest being sales L4 (120 months)"
    );
}

#[test]
fn a_price_that_is_paid_once_needs_no_months() {
    let mut world = World::fibre();
    world.rules(|policy| policy.spec.rules.ladders[0].levels[3].limits = None);
    world.edit(|agreement| {
        agreement.spec.agreement_period.end_time = None;
        agreement.spec.orders[0].items[0].commitment_months = None;
        agreement.spec.orders[0].items[0].prices.remove(0);
    });
    world.settle();
    assert_eq!(world.phase(), "AwaitingConfirmation");
    let step = &world.status().approvals[0];
    assert_eq!((step.function.as_str(), step.level.as_str()), ("sales", "L4"));
    assert_eq!(step.because, ["a term without end exceeds sales L3 (84 months)"]);
}

#[test]
fn money_and_percentages_are_well_formed() {
    let message = spec_fault(|agreement| {
        agreement.spec.orders[0].items[0].prices[1].amount = "4 500,00".to_owned();
    });
    assert_eq!(
        message,
        "2 faults: (1) `spec.orders[o1].items[01].prices` amount \"4 500,00\" must be a decimal, such as 1290.00; \
         (2) a contract value that cannot be told exceeds every level, the highest being sales L4 (EUR 50000000.00)"
    );
    let message = spec_fault(|agreement| {
        agreement.spec.estimated_value =
            Some(Money { amount: "a lot".to_owned(), currency: "EUR".to_owned() });
    });
    assert_eq!(
        message,
        "2 faults: (1) `spec.estimatedValue.amount` \"a lot\" must be a decimal, such as 1290.00; \
         (2) a contract value that cannot be told exceeds every level, the highest being sales L4 (EUR 50000000.00)"
    );
    let message = spec_fault(|agreement| {
        agreement.spec.orders[0].items[0].discount_percent = Some("ninety".to_owned());
    });
    assert_eq!(
        message,
        "`spec.orders[o1].items[01].discountPercent` \"ninety\" must be a decimal, such as 12.5"
    );
}

#[test]
fn each_side_has_somebody_who_can_act() {
    for (roles, missing) in
        [(RepresentativeRole::Signatory, "Confirmer"), (RepresentativeRole::Confirmer, "Signatory")]
    {
        let message = spec_fault(|agreement| agreement.spec.customer.representatives[0].roles = vec![roles]);
        assert_eq!(message, format!("`spec.customer.representatives` must have one with the role {missing}"));
    }
    let message = spec_fault(|agreement| agreement.spec.provider.signatories.clear());
    assert_eq!(
        message,
        "`spec.provider.signatories` must have one, since the policy asks for a countersignature"
    );
    let mut world = World::fibre();
    world.rules(|policy| policy.spec.rules.sign_off.countersignature = Countersignature::Waived);
    world.edit(|agreement| agreement.spec.provider.signatories.clear());
    world.settle();
    assert_eq!(world.phase(), "AwaitingConfirmation");
}

#[test]
fn nothing_is_said_about_a_policy_that_is_not_there() {
    let fault = fault_of(|world| {
        world.policies.clear();
        world.edit(|agreement| agreement.spec.provider.signatories.clear());
    });
    assert_eq!(fault, ("NoPolicy".to_owned(), NO_POLICY.to_owned()));
}

#[test]
fn nobody_is_on_both_sides() {
    let both = |where_| {
        format!("\"{}\" must not be on both sides: `spec.customer.representatives` and `{where_}`", EVA.0)
    };
    let signs = spec_fault(|agreement| agreement.spec.provider.signatories[0].username = EVA.0.to_owned());
    assert_eq!(signs, both("spec.provider.signatories"));
    let owns = spec_fault(|agreement| agreement.spec.provider.owner_username = EVA.0.to_owned());
    assert_eq!(owns, both("spec.provider.ownerUsername"));
    let (reason, by_alias) = fault_of(|world| {
        world.rules(|policy| {
            let aliases = vec!["ext-eva".to_owned(), EVA.0.to_owned()];
            policy.spec.aliases.push(Alias { username: "e.lund".to_owned(), aliases });
        });
        world.edit(|agreement| agreement.spec.provider.owner_username = "ext-eva".to_owned());
    });
    assert_eq!((reason.as_str(), by_alias), ("TermsInvalid", both("spec.provider.ownerUsername")));
}

#[test]
fn what_exceeds_every_level_is_for_nobody_to_agree_to() {
    for (change, expected) in [
        ("51", "discount 51 % exceeds every level, the highest being sales L4 (50 %)"),
        ("50.0001", "discount 50.0001 % exceeds every level, the highest being sales L4 (50 %)"),
    ] {
        let (reason, message) = fault_of(|world| {
            world.edit(|a| a.spec.orders[0].items[0].discount_percent = Some(change.to_owned()));
        });
        assert_eq!((reason.as_str(), message.as_str()), ("NoAuthority", expected));
    }
    let (reason, message) = fault_of(|world| {
        world.edit(|agreement| {
            let item = &mut agreement.spec.orders[0].items[0];
            item.quantity = 100_000;
            item.commitment_months = Some(121);
        });
    });
    assert_eq!(reason, "NoAuthority");
    assert_eq!(
        message,
        "2 faults: (1) contract value EUR 16059000000.00 exceeds every level, the highest being sales L4 (EUR 50000000.00); \
         (2) term of 121 months exceeds every level, the highest being sales L4 (120 months)"
    );
}

#[test]
fn authority_that_only_the_owner_or_the_customer_holds_is_no_authority() {
    for holder in ["j.berg", "eva.lund@norrland-timber.example"] {
        let mut world = fibre_with(term("payment-days", Some("60"), None));
        world.rules(|policy| {
            let finance = policy.spec.holders.iter_mut().filter(|holder| holder.function == "finance");
            let subject = || Subject { kind: SubjectKind::User, name: holder.to_owned() };
            finance.for_each(|entry| entry.subjects = vec![subject()]);
        });
        world.settle();
        assert_eq!(fault_in(&world).0, "NoAuthority", "{holder}");
    }
}

#[test]
fn a_level_that_nobody_holds_is_no_authority_but_a_higher_one_is() {
    let mut world = fibre_with(term("payment-days", Some("60"), None));
    world.rules(|policy| policy.spec.holders.retain(|holder| holder.function != "finance"));
    world.settle();
    assert_eq!(
        fault_in(&world),
        (
            "NoAuthority".to_owned(),
            "nobody who may approve holds finance L2 or a higher level; name a holder in the policy"
                .to_owned()
        )
    );
    for (held, phase) in [("L1", "Pending"), ("L2", "AwaitingConfirmation"), ("L3", "AwaitingConfirmation")] {
        let mut world = fibre_with(term("payment-days", Some("60"), None));
        world.rules(|policy| {
            policy.spec.holders.retain(|holder| holder.function != "finance" || holder.level == held);
        });
        world.settle();
        assert_eq!(world.phase(), phase, "{held}");
    }
}

#[test]
fn a_catalogue_or_a_trigger_that_asks_for_what_the_policy_does_not_have_is_no_authority() {
    for (function, level, expected) in [
        (
            "marketing",
            "L1",
            "`payment-days` is 45, the standard is up to 30 (band pay-45): it needs marketing L1, and the policy has no ladder for that function",
        ),
        (
            "finance",
            "L9",
            "`payment-days` is 45, the standard is up to 30 (band pay-45): it needs finance L9, and the policy has no such level",
        ),
    ] {
        let mut world = fibre_with(term("payment-days", Some("45"), None));
        let band = &mut world.terms.as_mut().unwrap().spec.terms[0].bands[0];
        (band.function, band.level) = (function.to_owned(), level.to_owned());
        world.settle();
        assert_eq!(fault_in(&world), ("NoAuthority".to_owned(), expected.to_owned()));
    }
    for (function, level, expected) in [
        (
            "marketing",
            "L1",
            "trigger `big`: it needs marketing L1, and the policy has no ladder for that function",
        ),
        ("legal", "L9", "trigger `big`: it needs legal L9, and the policy has no such level"),
    ] {
        let fault = fault_of(|world| {
            world.rules(|policy| {
                policy.spec.rules.triggers.push(Trigger {
                    name: "big".to_owned(),
                    segments: vec!["Enterprise".to_owned()],
                    agreement_types: Vec::new(),
                    order_categories: Vec::new(),
                    function: function.to_owned(),
                    level: level.to_owned(),
                });
            });
        });
        assert_eq!(fault, ("NoAuthority".to_owned(), expected.to_owned()));
    }
}

#[test]
fn what_an_agreement_refers_to_is_with_the_same_customer_agreed_and_in_force() {
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

#[test]
fn when_the_pinned_rules_are_gone_or_replaced_everything_waits_as_it_is() {
    type Spoil = fn(&mut World);
    let spoils: [(&str, &str, Spoil); 4] = [
        ("PolicyMissing", "the DelegationPolicy `b2b-2026` (uid policy-1)", |world| world.policies.clear()),
        ("PolicyMissing", "the DelegationPolicy `b2b-2026` (uid policy-1)", |world| {
            world.rules(|policy| policy.metadata.uid = Some("policy-2".to_owned()));
        }),
        ("TermsMissing", "the StandardTerms `b2b-2026-1` (uid terms-1)", |world| world.terms = None),
        ("TermsMissing", "the StandardTerms `b2b-2026-1` (uid terms-1)", |world| {
            world.terms.as_mut().unwrap().metadata.uid = Some("terms-2".to_owned());
        }),
    ];
    for (reason, what, spoil) in spoils {
        let mut world = World::escalated_fleet();
        let (policies, terms, before) = (world.policies.clone(), world.terms.clone(), world.status().clone());
        spoil(&mut world);
        world.pass(60).settle();
        assert_eq!(world.phase(), "Pending");
        let message = format!(
            "{what} that these terms are pinned to is gone or was replaced; raise `spec.offerVersion` to offer the terms under today's rules"
        );
        for type_ in ["Ready", "Stalled"] {
            let (_, found, text) = world.condition(type_);
            assert_eq!((found.as_str(), &text), (reason, &message), "{type_}");
        }
        let status = world.status();
        assert_eq!(status.waiting_on.as_deref(), Some("an admin, see Stalled"));
        assert_eq!(status.waiting_for, before.waiting_for);
        assert_eq!(status.approvals, before.approvals);
        assert_eq!(status.confirmation, before.confirmation);
        assert_eq!(status.pinned, before.pinned);
        // And when they are back, it goes on where it stood.
        (world.policies, world.terms) = (policies, terms);
        world.pass(60).settle();
        assert_eq!((world.phase(), world.condition("Stalled").0.as_str()), ("Escalated", ""));
        assert_eq!(world.status().waiting_for, before.waiting_for);
    }
}

#[test]
fn while_the_pinned_rules_are_gone_no_answer_runs_late_that_cannot_be_weighed() {
    let mut world = World::fibre();
    world.settle();
    let policies = std::mem::take(&mut world.policies);
    let deadline = world.status().waiting_for[0].deadline_time.clone().unwrap().0;
    world.settle();
    world.pass(60).confirm(EVA);
    world.now = deadline + SignedDuration::from_secs(60);
    world.settle();
    assert_eq!((world.phase(), world.condition("Ready").1.as_str()), ("Pending", "PolicyMissing"));
    world.policies = policies;
    world.settle();
    assert_eq!(world.phase(), "AwaitingSignOff", "it was made in time");
}

#[test]
fn the_offer_ends_though_the_pinned_rules_are_gone() {
    let mut world = World::fibre();
    world.settle();
    world.policies.clear();
    world.settle();
    let end = world.agreement.spec.offer_end_time.0 + SignedDuration::from_secs(5);
    world.now = end - SignedDuration::from_secs(1);
    world.settle();
    assert_eq!((world.phase(), world.wake), ("Pending", Some(end)));
    world.now = end;
    world.settle();
    assert_eq!(world.phase(), "Expired");
}

#[test]
fn a_new_revision_is_pinned_to_the_rules_of_its_day() {
    let mut world = World::confirmed_fibre();
    let mut successor = (*world.policies[0]).clone();
    world.rules(|policy| policy.spec.lifecycle_state = LifecycleState::Retired);
    successor.metadata.name = Some("b2b-2027".to_owned());
    successor.metadata.uid = Some("policy-2".to_owned());
    world.policies.push(Arc::new(successor));
    world.settle();
    assert_eq!(world.status().pinned.as_ref().unwrap().policy.uid, "policy-1");
    world.edit(|agreement| agreement.spec.offer_version += 1);
    world.settle();
    assert_eq!(world.status().pinned.as_ref().unwrap().policy.uid, "policy-2");
    assert_eq!(world.phase(), "AwaitingConfirmation");
}

#[test]
fn rules_that_are_retired_after_they_were_pinned_go_on_to_the_end() {
    let mut world = World::confirmed_fibre();
    world.rules(|policy| policy.spec.lifecycle_state = LifecycleState::Retired);
    world.terms.as_mut().unwrap().spec.lifecycle_state = LifecycleState::Retired;
    world.act(EVA, Action::Sign);
    world.settle();
    world.pass(60).act(JONAS, Action::Countersign);
    world.settle();
    assert_eq!(world.phase(), "Agreed");
}
