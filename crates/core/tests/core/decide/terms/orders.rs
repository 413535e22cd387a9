//! Orders, their items and their prices.

use countersign_api::money::Money;
use testkit::world::World;

use super::{fault_in, spec_fault};

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
                "`spec.orders[o1].items[01].discountPercent` must be given for a priced item; \"0\" if there is no discount"
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
         (2) an unknown contract value exceeds every level, the highest being sales L4 (EUR 50000000.00); \
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
         (2) an unknown contract value exceeds every level, the highest being sales L4 (EUR 50000000.00)"
    );
    let message = spec_fault(|agreement| {
        agreement.spec.estimated_value =
            Some(Money { amount: "a lot".to_owned(), currency: "EUR".to_owned() });
    });
    assert_eq!(
        message,
        "2 faults: (1) `spec.estimatedValue.amount` \"a lot\" must be a decimal, such as 1290.00; \
         (2) an unknown contract value exceeds every level, the highest being sales L4 (EUR 50000000.00)"
    );
    let message = spec_fault(|agreement| {
        agreement.spec.orders[0].items[0].discount_percent = Some("ninety".to_owned());
    });
    assert_eq!(
        message,
        "`spec.orders[o1].items[01].discountPercent` \"ninety\" must be a decimal, such as 12.5"
    );
}
