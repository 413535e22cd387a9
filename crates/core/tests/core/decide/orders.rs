//! S5, S6: each confirmed order of a sealed agreement is passed on once, and what consumers make of it is mirrored.

mod conflicts;
mod content;
mod creation;
mod handover;

use countersign_api::{Action, OrderRequest};
use countersign_core::decide::RefusedCreate;
use testkit::people::JONAS;
use testkit::world::World;

/// The fibre agreement with a second order like the first, with every signature there, and not yet sealed.
fn signed(change: impl FnOnce(&mut World)) -> World {
    let mut world = World::fibre();
    world.edit(|agreement| {
        let mut second = agreement.spec.orders[0].clone();
        second.id = "o2".to_owned();
        agreement.spec.orders.push(second);
    });
    change(&mut world);
    world.confirmed().signed_by_the_customer();
    world.pass(60).act(JONAS, Action::Countersign);
    world
}

/// Sealed, and nothing made yet: where a crash would leave it.
fn sealed() -> World {
    let mut world = signed(|_| {});
    let plan = world.plan();
    assert_eq!(plan.orders, [], "nothing is made before the seal is written");
    world.write(&plan.status.unwrap());
    assert_eq!(world.phase(), "IssuingOrders");
    world
}

fn agreed() -> World {
    let mut world = sealed();
    world.settle();
    assert_eq!(world.phase(), "Agreed");
    world
}

fn ids(orders: &[OrderRequest]) -> Vec<&str> {
    orders.iter().map(|order| order.spec.order_id.as_str()).collect()
}

fn uids(world: &World) -> Vec<Option<&str>> {
    world.status().orders.iter().map(|order| order.uid.as_deref()).collect()
}

fn refuse(order: &str, message: &str) -> RefusedCreate {
    RefusedCreate { order_id: order.to_owned(), message: message.to_owned() }
}
