//! More of something risky never lowers a requirement, and no way of cutting it into pieces does.

use std::collections::BTreeMap;

use countersign_api::conditions::condition;
use countersign_api::customer_agreement::{Order, OrderItem, PricePeriod, PriceType};
use countersign_api::money::Money;
use proptest::collection::vec;
use proptest::prelude::*;

use super::config;
use testkit::scenario::{FUNCTIONS, Scenario, scenario};
use testkit::world::World;

/// Level that each function asks for, from 1; 99 where nobody's authority is enough.
fn required(mut world: World) -> BTreeMap<&'static str, usize> {
    world.settle();
    let valid = world.condition(condition::VALID);
    assert!(valid.0 == "True" || valid.1 == "NoAuthority", "{valid:?}");
    let level = |function: &str| {
        let step = world.status().approvals.iter().find(|step| step.function == function);
        step.map_or(0, |step| step.level.trim_start_matches('L').parse().unwrap())
    };
    FUNCTIONS.map(|own| (own, if valid.0 == "True" { level(own) } else { 99 })).into()
}

/// An agreement with one order, by its items: kind of price, quantity, cents, discount, months.
#[derive(Clone, Debug)]
struct OneOrder {
    scenario: Scenario,
    items: Vec<(usize, i32, u32, u32, i32)>,
}

prop_compose! {
    fn one_order()(
        scenario in scenario(),
        items in vec((0_usize..4, 1_i32..2_000, 0_u32..4_000_000, 0_u32..60, 1_i32..130), 1..6),
    ) -> OneOrder {
        OneOrder { scenario, items }
    }
}

impl OneOrder {
    fn world(mut self) -> World {
        self.scenario.agreement.orders = vec![("0", "10.00")];
        let mut world = self.scenario.world();
        let order = &mut world.agreement.spec.orders[0];
        let template = order.items[0].clone();
        let kinds = [
            (PriceType::OneTime, None),
            (PriceType::Recurring, Some(PricePeriod::Month)),
            (PriceType::Recurring, Some(PricePeriod::Quarter)),
            (PriceType::Usage, None),
        ];
        let items = self.items.into_iter().enumerate();
        order.items = items
            .map(|(n, (kind, quantity, cents, discount, months))| {
                let mut item = OrderItem { id: format!("i{n}"), quantity, ..template.clone() };
                item.discount_percent = Some(discount.to_string());
                item.commitment_months = Some(months);
                item.prices.truncate(1);
                (item.prices[0].price_type, item.prices[0].period) = kinds[kind];
                item.prices[0].amount = format!("{}.{:02}", cents / 100, cents % 100);
                item
            })
            .collect();
        world
    }
}

proptest! {
    #![proptest_config(config(200))]

    #[test]
    fn splitting_an_order_in_two_never_lowers_a_requirement(
        one_order in one_order(),
        apart in 0_u8..64,
        part in any::<prop::sample::Index>(),
    ) {
        let world = one_order.world();
        let before = required(world.clone());
        let whole = world.agreement.spec.orders[0].clone();
        let cut = |left: Vec<OrderItem>, right: Vec<OrderItem>| {
            let mut cut = world.clone();
            let orders = &mut cut.agreement.spec.orders;
            orders[0].items = left;
            orders.push(Order { id: "second".to_owned(), items: right, ..whole.clone() });
            required(cut)
        };
        // Some of its items in an order of their own.
        let (left, right): (Vec<_>, Vec<_>) = whole.items.iter().cloned().enumerate().partition(|(n, _)| apart >> n & 1 == 0);
        let plain = |items: Vec<(usize, OrderItem)>| items.into_iter().map(|(_, item)| item).collect();
        prop_assert_eq!(&cut(plain(left), plain(right)), &before, "by items");
        // Some of the quantity of each item.
        let quantity = |item: &OrderItem| i32::try_from(part.index(usize::try_from(item.quantity).unwrap())).unwrap();
        let left = whole.items.iter().map(|item| OrderItem { quantity: quantity(item), ..item.clone() });
        let right = whole.items.iter().map(|item| OrderItem { quantity: item.quantity - quantity(item), ..item.clone() });
        prop_assert_eq!(&cut(left.collect(), right.collect()), &before, "by quantity");
    }

    #[test]
    fn more_of_something_risky_never_lowers_a_requirement(
        one_order in one_order(),
        which in any::<prop::sample::Index>(),
        more in 1_u32..60,
    ) {
        let world = one_order.world();
        let before = required(world.clone());
        let never_lower = |what: &str, change: &dyn Fn(&mut OrderItem)| {
            let mut world = world.clone();
            let items = &mut world.agreement.spec.orders[0].items;
            let which = which.index(items.len());
            change(&mut items[which]);
            let after = required(world);
            assert!(before.iter().all(|(function, level)| after[function] >= *level), "{what}: {before:?}, then {after:?}");
        };
        never_lower("discount", &|item| {
            let given: u32 = item.discount_percent.as_ref().unwrap().parse().unwrap();
            item.discount_percent = Some((given + more).min(100).to_string());
        });
        never_lower("price", &|item| item.prices[0].amount.insert_str(0, &more.to_string()));
        let more_of = i32::try_from(more).unwrap();
        never_lower("months", &|item| *item.commitment_months.as_mut().unwrap() += more_of);
        never_lower("quantity", &|item| item.quantity += more_of);
        let mut floor = world.clone();
        floor.agreement.spec.estimated_value =
            Some(Money { amount: format!("{}.00", more * 1_000_000), currency: "EUR".to_owned() });
        let after = required(floor);
        prop_assert!(before.iter().all(|(function, level)| after[function] >= *level), "floor: {:?}, then {:?}", before, after);
    }
}
