//! S4: what an agreement is worth, and which level of which function must agree to it.

use countersign_api::agreement_status::{ApprovalState, Value};
use countersign_api::customer_agreement::{
    CustomerAgreementSpec, ItemAction, Order, OrderItem, Price, PricePeriod, PriceType,
};
use countersign_api::delegation_policy::{Quorum, Trigger};
use countersign_api::money::Money;
use countersign_api::references::{Authority, Period};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use testkit::world::{LEA, OMAR, World};

fn price(price_type: PriceType, period: Option<PricePeriod>, amount: &str, currency: &str) -> Price {
    Price { price_type, period, amount: amount.to_owned(), currency: currency.to_owned() }
}

fn monthly(amount: &str) -> Price {
    price(PriceType::Recurring, Some(PricePeriod::Month), amount, "EUR")
}

fn once(amount: &str) -> Price {
    price(PriceType::OneTime, None, amount, "EUR")
}

/// The fibre agreement with its one item changed.
fn fibre_with(change: impl FnOnce(&mut OrderItem)) -> World {
    let mut world = World::fibre();
    world.edit(|agreement| change(&mut agreement.spec.orders[0].items[0]));
    world.settle();
    world
}

fn spec_with(change: impl FnOnce(&mut CustomerAgreementSpec)) -> World {
    let mut world = World::fibre();
    world.edit(|agreement| change(&mut agreement.spec));
    world.settle();
    world
}

fn value(world: &World) -> &Value {
    world.status().value.as_ref().unwrap()
}

fn total(world: &World) -> &str {
    value(world).total.as_deref().unwrap()
}

/// Function, level and reasons of every step.
fn steps(world: &World) -> Vec<(&str, &str, Vec<&str>)> {
    world
        .status()
        .approvals
        .iter()
        .map(|s| (s.function.as_str(), s.level.as_str(), s.because.iter().map(String::as_str).collect()))
        .collect()
}

#[test]
fn fibre_is_worth_what_the_scenario_says_and_needs_nobody() {
    let mut world = World::fibre();
    world.settle();
    let expected = Value {
        total: Some("50940.00".to_owned()),
        monthly: Some("1290.00".to_owned()),
        one_time: Some("4500.00".to_owned()),
        currency: "EUR".to_owned(),
        max_discount_percent: Some("5".to_owned()),
        term_months: Some(36),
        not_valued: Vec::new(),
        compared_total: None,
        compared_with: Vec::new(),
    };
    assert_eq!(value(&world), &expected);
    assert_eq!(steps(&world), []);
    let approved = world.condition("Approved");
    assert_eq!((approved.0.as_str(), approved.1.as_str()), ("True", "NotRequired"));
    assert_eq!(approved.2, "all of it lies within sales L1, which whoever countersigns must hold");
}

#[test]
fn fleet_is_worth_less_without_the_handsets_and_needs_finance_and_then_sales_all_the_same() {
    let mut world = World::fleet();
    world.settle();
    let shown = value(&world);
    assert_eq!(total(&world), "439260.00");
    assert_eq!(shown.monthly.as_deref(), Some("13440.00"));
    assert_eq!(shown.one_time.as_deref(), Some("116700.00"));
    assert_eq!((shown.max_discount_percent.as_deref(), shown.term_months), (Some("30"), Some(24)));
    let by_value = |value: &str| format!("contract value EUR {value} exceeds sales L1 (EUR 250000.00)");
    let before = by_value("439260.00");
    let expected = |value| {
        [
            ("finance", "L1", vec!["`payment-days` is 45, the standard is up to 30 (band pay-45)"]),
            ("sales", "L3", vec!["discount 30 % exceeds sales L2 (20 %)", value]),
        ]
    };
    assert_eq!(steps(&world), expected(&before));
    world.pass(60).confirm_but(OMAR, &[("handsets", "buying elsewhere")]);
    world.pass(60).confirm_but(LEA, &[("handsets", "buying elsewhere")]);
    world.settle();
    assert_eq!(total(&world), "322560.00");
    assert_eq!(value(&world).one_time.as_deref(), Some("0.00"));
    let after = by_value("322560.00");
    assert_eq!(steps(&world), expected(&after));
    let states: Vec<_> = world.status().approvals.iter().map(|step| step.state).collect();
    assert_eq!(states, [ApprovalState::Waiting, ApprovalState::Next]);
}

#[test]
fn what_is_left_out_is_no_reason_any_more() {
    let mut world = World::fibre();
    world.edit(|agreement| {
        let mut big = agreement.spec.orders[0].clone();
        big.id = "o2".to_owned();
        big.items[0].quantity = 100;
        big.items[0].discount_percent = Some("12".to_owned());
        big.items[0].commitment_months = Some(60);
        agreement.spec.orders.push(big);
    });
    world.settle();
    assert_eq!(
        steps(&world),
        [(
            "sales",
            "L4",
            vec![
                "contract value EUR 8240940.00 exceeds sales L3 (EUR 5000000.00)",
                "discount 12 % exceeds sales L1 (10 %)"
            ]
        )]
    );
    world.pass(60).confirm_but(testkit::world::EVA, &[("o2", "too much")]);
    world.settle();
    assert_eq!((total(&world), value(&world).term_months), ("50940.00", Some(36)));
    assert_eq!((steps(&world).len(), world.phase()), (0, "AwaitingSignOff"));
}

#[test]
fn every_period_counts_by_its_months() {
    for (period, amount, month, all) in [
        (PricePeriod::Month, "100.00", "100.00", "3600.00"),
        (PricePeriod::Quarter, "100.00", "33.33", "1200.00"),
        (PricePeriod::Year, "100.00", "8.33", "300.00"),
        (PricePeriod::Year, "1200.00", "100.00", "3600.00"),
    ] {
        let world = fibre_with(|item| {
            item.prices = vec![price(PriceType::Recurring, Some(period), amount, "EUR")];
        });
        let shown = (value(&world).monthly.as_deref(), total(&world));
        assert_eq!(shown, (Some(month), all), "{period:?} {amount}");
    }
}

#[test]
fn a_quantity_counts_and_none_counts_nothing() {
    for (quantity, expected) in [(0, "0.00"), (1, "50940.00"), (3, "152820.00")] {
        let world = fibre_with(|item| item.quantity = quantity);
        assert_eq!(total(&world), expected, "{quantity}");
    }
}

#[test]
fn only_what_is_added_or_modified_counts() {
    for (action, counts) in [
        (ItemAction::Add, true),
        (ItemAction::Modify, true),
        (ItemAction::Delete, false),
        (ItemAction::NoChange, false),
    ] {
        let world = fibre_with(|item| {
            item.action = action;
            item.discount_percent = Some("30".to_owned());
            item.commitment_months = Some(72);
        });
        let shown = value(&world);
        let found = (shown.total.as_deref(), shown.max_discount_percent.as_deref(), shown.term_months);
        let expected = if counts {
            (Some("97380.00"), Some("30"), Some(72))
        } else {
            (Some("0.00"), Some("0"), Some(36))
        };
        assert_eq!(found, expected, "{action:?}");
    }
}

#[test]
fn the_months_are_those_of_the_item_or_else_of_the_period_rounded_up() {
    let period = |start: &str, end: &str| Period {
        start_time: Time(start.parse().unwrap()),
        end_time: Some(Time(end.parse().unwrap())),
    };
    for (start, end, months) in [
        ("2028-01-01T00:00:00Z", "2030-12-31T23:59:59Z", 36),
        ("2028-01-01T00:00:00Z", "2028-01-31T23:59:59Z", 1),
        ("2028-01-01T00:00:00Z", "2028-02-01T00:00:00Z", 1),
        ("2028-01-01T00:00:00Z", "2028-02-01T00:00:01Z", 2),
        ("2028-01-31T00:00:00Z", "2028-02-29T00:00:00Z", 1),
        ("2028-01-01T00:00:00Z", "2028-01-01T00:00:01Z", 1),
        ("2028-03-15T12:00:00Z", "2029-03-15T12:00:00Z", 12),
    ] {
        let world = spec_with(|spec| {
            spec.agreement_period = period(start, end);
            spec.orders[0].items[0].commitment_months = None;
            spec.orders[0].items[0].prices = vec![monthly("10.00")];
        });
        assert_eq!(value(&world).term_months, Some(months), "{start} to {end}");
        assert_eq!(total(&world), format!("{}.00", months * 10), "{start} to {end}");
    }
    let world = fibre_with(|item| item.commitment_months = Some(12));
    assert_eq!((value(&world).term_months, total(&world)), (Some(12), "19980.00"));
    let world = spec_with(|spec| spec.orders.clear());
    assert_eq!(
        (value(&world).term_months, total(&world)),
        (Some(36), "0.00"),
        "the period, where there is no item"
    );
}

#[test]
fn thirds_are_rounded_when_they_are_shown_and_not_before() {
    // 33.33 a quarter is 11.11 a month; 100.00 a quarter is 33.333... a month, and three of them are 100.00 again.
    let world = fibre_with(|item| {
        item.commitment_months = Some(1);
        item.prices = vec![price(PriceType::Recurring, Some(PricePeriod::Quarter), "100.00", "EUR"); 3];
    });
    assert_eq!((total(&world), value(&world).monthly.as_deref()), ("100.00", Some("100.00")));
}

#[test]
fn half_a_cent_is_shown_as_a_whole_one_and_less_as_none() {
    for (amount, expected) in [("0.005", "0.01"), ("0.0049", "0.00"), ("1.115", "1.12"), ("1.1149", "1.11")] {
        let world = fibre_with(|item| item.prices = vec![once(amount)]);
        assert_eq!(total(&world), expected, "{amount}");
    }
}

#[test]
fn a_limit_is_compared_with_what_is_exact_and_not_with_what_is_shown() {
    // Shown as 250000.00, but a hundredth of a cent above what sales L1 covers.
    let world = fibre_with(|item| item.prices = vec![once("250000.0001")]);
    assert_eq!(total(&world), "250000.00");
    assert_eq!(
        steps(&world),
        [("sales", "L2", vec!["contract value EUR 250000.00 exceeds sales L1 (EUR 250000.00)"])]
    );
}

#[test]
fn limits_are_inclusive() {
    for (amount, expected) in [
        ("250000.00", None),
        ("250000.01", Some("L2")),
        ("1000000.00", Some("L2")),
        ("1000000.01", Some("L3")),
        ("5000000.00", Some("L3")),
        ("5000000.01", Some("L4")),
        ("50000000.00", Some("L4")),
    ] {
        let world = fibre_with(|item| item.prices = vec![once(amount)]);
        assert_eq!(steps(&world).first().map(|step| step.1), expected, "{amount}");
    }
    for (discount, expected) in [
        ("10", None),
        ("10.0001", Some("L2")),
        ("20.0", Some("L2")),
        ("20.01", Some("L3")),
        ("35", Some("L3")),
        ("50", Some("L4")),
    ] {
        let world = fibre_with(|item| item.discount_percent = Some(discount.to_owned()));
        assert_eq!(steps(&world).first().map(|step| step.1), expected, "{discount} %");
    }
    for (months, expected) in
        [(60, None), (61, Some("L3")), (84, Some("L3")), (85, Some("L4")), (120, Some("L4"))]
    {
        let world = fibre_with(|item| item.commitment_months = Some(months));
        assert_eq!(steps(&world).first().map(|step| step.1), expected, "{months} months");
    }
}

#[test]
fn the_highest_level_that_any_circumstance_asks_for_is_asked_with_every_reason() {
    let world = fibre_with(|item| {
        item.prices = vec![once("300000.00")];
        item.discount_percent = Some("12.5".to_owned());
        item.commitment_months = Some(96);
    });
    assert_eq!(
        steps(&world),
        [(
            "sales",
            "L4",
            vec![
                "term of 96 months exceeds sales L3 (84 months)",
                "contract value EUR 300000.00 exceeds sales L1 (EUR 250000.00)",
                "discount 12.5 % exceeds sales L1 (10 %)",
            ]
        )]
    );
}

#[test]
fn a_term_and_a_figure_of_one_function_are_one_step() {
    let mut world = World::fibre();
    world.edit(|agreement| {
        agreement.spec.terms[1].value = Some("12".to_owned());
        agreement.spec.orders[0].items[0].discount_percent = Some("15".to_owned());
    });
    world.settle();
    assert_eq!(
        steps(&world),
        [(
            "sales",
            "L2",
            vec![
                "`commitment-months` is 12, the standard is from 24 (band term-12)",
                "discount 15 % exceeds sales L1 (10 %)"
            ]
        )]
    );
}

#[test]
fn other_currencies_are_converted_with_the_pinned_rates() {
    let world = fibre_with(|item| {
        item.prices = vec![
            price(PriceType::Recurring, Some(PricePeriod::Month), "1000.00", "SEK"),
            price(PriceType::OneTime, None, "10.00", "CHF"),
            once("1.00"),
        ];
    });
    // 36 x 91.20 + 10.70 + 1.00
    let shown = value(&world);
    assert_eq!(total(&world), "3294.90");
    assert_eq!((shown.monthly.as_deref(), shown.one_time.as_deref()), (Some("91.20"), Some("11.70")));
    assert_eq!(shown.currency, "EUR");
}

#[test]
fn what_has_no_rate_cannot_be_valued_and_is_for_a_level_without_limits() {
    let mut world = World::fibre();
    let dollars = |item: &mut OrderItem| {
        item.prices.push(price(PriceType::OneTime, None, "1.00", "USD"));
    };
    world.edit(|agreement| dollars(&mut agreement.spec.orders[0].items[0]));
    world.settle();
    assert_eq!(world.condition("Valid").1, "NoAuthority");
    world.rules(|policy| policy.spec.rules.ladders[0].levels[3].limits = None);
    world.settle();
    let shown = value(&world);
    assert_eq!((shown.total.as_ref(), shown.monthly.as_ref(), shown.one_time.as_ref()), (None, None, None));
    assert_eq!(shown.not_valued, ["order `o1` item `01`: the policy has no rate for USD"]);
    assert_eq!(
        steps(&world),
        [("sales", "L4", vec!["a contract value that cannot be told exceeds sales L3 (EUR 5000000.00)"])]
    );
}

#[test]
fn usage_counts_nothing_and_is_named() {
    let world = fibre_with(|item| item.prices.push(price(PriceType::Usage, None, "9999999.00", "USD")));
    assert_eq!(total(&world), "50940.00");
    assert_eq!(value(&world).not_valued, ["order `o1` item `01`: usage"]);
}

#[test]
fn the_list_of_what_is_not_valued_is_bounded() {
    let world = spec_with(|spec| {
        let mut item = spec.orders[0].items[0].clone();
        item.prices = vec![price(PriceType::Usage, None, "1.00", "EUR")];
        spec.orders[0].items = (10..40).map(|n| OrderItem { id: n.to_string(), ..item.clone() }).collect();
    });
    let named = &value(&world).not_valued;
    assert_eq!((named.len(), named[0].as_str()), (20, "order `o1` item `10`: usage"));
    assert_eq!(named[19], "and 11 more");
}

#[test]
fn an_estimated_value_is_a_floor() {
    for (amount, currency, expected) in [
        ("50939.99", "EUR", "50940.00"),
        ("50940.01", "EUR", "50940.01"),
        ("600000.00", "EUR", "600000.00"),
        ("600000.00", "CHF", "642000.00"),
    ] {
        let world = spec_with(|spec| {
            spec.estimated_value = Some(Money { amount: amount.to_owned(), currency: currency.to_owned() });
        });
        assert_eq!(total(&world), expected, "{amount} {currency}");
        let over = expected.parse::<f64>().unwrap() > 250_000.0;
        assert_eq!(steps(&world).len(), usize::from(over), "{amount} {currency}");
    }
    let world = spec_with(|spec| {
        spec.orders.clear();
        spec.estimated_value = Some(Money { amount: "300000".to_owned(), currency: "EUR".to_owned() });
    });
    assert_eq!((total(&world), steps(&world)[0].1), ("300000.00", "L2"), "a framework without orders");
    let world = spec_with(|spec| {
        spec.estimated_value = Some(Money { amount: "1".to_owned(), currency: "USD".to_owned() });
    });
    assert_eq!(world.condition("Valid").1, "NoAuthority", "an estimate without a rate cannot be valued");
}

#[test]
fn what_lies_within_the_automatic_authority_needs_no_approval() {
    let within = |level: &str, discount: &str| {
        let mut world = World::fibre();
        world.rules(|policy| policy.spec.rules.auto_within[0].level = level.to_owned());
        world.edit(|a| a.spec.orders[0].items[0].discount_percent = Some(discount.to_owned()));
        world.settle();
        (world.status().approvals.first().map(|step| step.level.clone()), world.condition("Approved").2)
    };
    let lies = |level| format!("all of it lies within sales {level}, which whoever countersigns must hold");
    assert_eq!(within("L1", "10"), (None, lies("L1")));
    assert_eq!(within("L2", "10"), (None, lies("L2")));
    assert_eq!(within("L2", "20"), (None, lies("L2")));
    assert_eq!(within("L2", "20.01").0.as_deref(), Some("L3"));
    assert_eq!(
        within("L9", "5").0.as_deref(),
        Some("L1"),
        "a level that the ladder does not have covers nothing"
    );
}

#[test]
fn without_automatic_authority_the_lowest_level_is_asked() {
    let mut world = World::fibre();
    world.rules(|policy| policy.spec.rules.auto_within.clear());
    world.settle();
    assert_eq!(
        steps(&world),
        [(
            "sales",
            "L1",
            vec![
                "contract value EUR 50940.00 is for sales to decide",
                "discount 5 % is for sales to decide",
                "term of 36 months is for sales to decide",
            ]
        )]
    );
}

#[test]
fn a_function_without_limits_is_asked_only_by_terms_and_triggers() {
    let mut world = World::fibre();
    world.rules(|policy| {
        policy.spec.rules.auto_within.clear();
        for level in &mut policy.spec.rules.ladders[0].levels {
            level.limits = None;
        }
    });
    world.edit(|agreement| agreement.spec.orders[0].items[0].discount_percent = Some("99".to_owned()));
    world.settle();
    assert_eq!(steps(&world), []);
    assert_eq!(world.condition("Approved").2, "no circumstance asks for approval");
}

#[test]
fn a_limit_that_a_level_does_not_have_does_not_bind_it() {
    let mut world = World::fibre();
    world.rules(|policy| {
        for level in &mut policy.spec.rules.ladders[0].levels {
            level.limits.as_mut().unwrap().discount_percent = None;
        }
    });
    world.edit(|agreement| agreement.spec.orders[0].items[0].discount_percent = Some("99".to_owned()));
    world.settle();
    assert_eq!(steps(&world), []);
}

fn trigger(segments: &[&str], agreement_types: &[&str], order_categories: &[&str]) -> Trigger {
    let owned = |list: &[&str]| list.iter().map(|word| (*word).to_owned()).collect();
    Trigger {
        name: "probe".to_owned(),
        segments: owned(segments),
        agreement_types: owned(agreement_types),
        order_categories: owned(order_categories),
        function: "legal".to_owned(),
        level: "L2".to_owned(),
    }
}

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

#[test]
fn functions_are_asked_in_the_policys_order_and_those_it_leaves_out_in_that_of_the_ladders() {
    let asked = |order: &[&str]| {
        let mut world = World::fibre();
        world.rules(|policy| {
            policy.spec.rules.escalation.order = order.iter().map(|word| (*word).to_owned()).collect();
        });
        world.edit(|agreement| {
            for (id, value) in [
                ("payment-days", "45"),
                ("commitment-months", "12"),
                ("availability-pct", "99.95"),
                ("governing-law", "CH"),
            ] {
                agreement.spec.terms.iter_mut().find(|term| term.id == id).unwrap().value =
                    Some(value.to_owned());
            }
        });
        world.settle();
        steps(&world).iter().map(|step| step.0.to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(asked(&["service", "finance", "legal", "sales"]), ["service", "finance", "legal", "sales"]);
    assert_eq!(asked(&["legal"]), ["legal", "sales", "finance", "service"]);
    assert_eq!(asked(&[]), ["sales", "finance", "legal", "service"]);
    assert_eq!(asked(&["legal", "nobody", "legal", "service"]), ["legal", "service", "sales", "finance"]);
}

#[test]
fn how_many_must_approve_is_said_by_level_or_else_for_all() {
    let mut world = World::fleet();
    world.rules(|policy| {
        let escalation = &mut policy.spec.rules.escalation;
        escalation.quorum = 2;
        let quorum = |function: &str, level: &str, count| Quorum {
            function: function.to_owned(),
            level: level.to_owned(),
            count,
        };
        escalation.quorums =
            vec![quorum("sales", "L3", 3), quorum("sales", "L1", 5), quorum("legal", "L1", 7)];
    });
    world.settle();
    let quorums: Vec<_> = world.status().approvals.iter().map(|s| (s.function.as_str(), s.quorum)).collect();
    assert_eq!(quorums, [("finance", 2), ("sales", 3)]);
}

#[test]
fn fifty_reasons_are_shown_and_the_rest_is_counted() {
    let mut world = World::fibre();
    world.rules(|policy| {
        policy.spec.rules.triggers = (0..64)
            .map(|n| Trigger { name: format!("t{n:02}"), ..trigger(&["Enterprise"], &[], &[]) })
            .collect();
    });
    world.settle();
    let because = &world.status().approvals[0].because;
    assert_eq!(because.len(), 50);
    assert_eq!((because[0].as_str(), because[49].as_str()), ("trigger `t00`", "and 15 more"));
}

#[test]
fn several_functions_may_have_limits_and_each_is_asked_for_its_own() {
    let mut world = World::fibre();
    world.rules(|policy| {
        let limits = policy.spec.rules.ladders[0].levels[0].limits.clone();
        let finance = &mut policy.spec.rules.ladders[1];
        finance.levels[0].limits = limits;
        policy
            .spec
            .rules
            .auto_within
            .push(Authority { function: "finance".to_owned(), level: "L1".to_owned() });
    });
    world.edit(|agreement| agreement.spec.orders[0].items[0].discount_percent = Some("15".to_owned()));
    world.settle();
    assert_eq!(
        steps(&world),
        [
            ("finance", "L2", vec!["discount 15 % exceeds finance L1 (10 %)"]),
            ("sales", "L2", vec!["discount 15 % exceeds sales L1 (10 %)"]),
        ],
        "finance L2 has no limits, so it covers whatever L1 does not"
    );
}

#[test]
fn splitting_an_order_changes_no_figure() {
    let mut whole = World::fleet();
    whole.settle();
    let mut split = World::fleet();
    split.edit(|agreement| {
        let orders = &mut agreement.spec.orders;
        orders[0].items[0].quantity = 700;
        let mut rest: Order = orders[0].clone();
        rest.id = "rest".to_owned();
        rest.items[0].quantity = 500;
        orders.push(rest);
    });
    split.settle();
    assert_eq!(value(&split), value(&whole));
    assert_eq!(steps(&split), steps(&whole));
}
