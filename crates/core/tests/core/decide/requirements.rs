//! S4: what an agreement is worth, and which level of which function must agree to it.

mod levels;
mod triggers;
mod value;

use countersign_api::agreement_status::Value;
use countersign_api::customer_agreement::{CustomerAgreementSpec, OrderItem, Price, PricePeriod, PriceType};
use countersign_api::delegation_policy::Trigger;
use testkit::world::World;

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
