//! What an agreement is worth.

use countersign_api::agreement_status::Value;
use countersign_api::customer_agreement::{ItemAction, Order, OrderItem, PricePeriod, PriceType};
use countersign_api::money::Money;
use countersign_api::references::Period;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use testkit::world::World;

use super::{fibre_with, monthly, once, price, spec_with, steps, total, value};

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
        [("sales", "L4", vec!["an unknown contract value exceeds sales L3 (EUR 5000000.00)"])]
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
