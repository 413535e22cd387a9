//! How it ends without agreement, what an edit voids, and which decisions never count.

mod attested;
mod expired;
mod guard;
mod ignored;
mod revised;
mod times;
mod withdrawn;

use countersign_api::{Action, AgreementDecisionSpec};
use jiff::{SignedDuration, Timestamp};
use testkit::people::{EVA, LEA, Somebody};
use testkit::world::World;

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn seconds(seconds: i64) -> SignedDuration {
    SignedDuration::from_secs(seconds)
}

fn fibre() -> World {
    let mut world = World::fibre();
    world.settle();
    world.pass(60);
    world
}

/// Every phase that an agreement can be in before it is sealed.
fn every_open_phase() -> Vec<World> {
    let mut pending = World::fibre();
    pending.edit(|agreement| agreement.spec.terms[0].value = Some("soon".to_owned()));
    pending.settle();
    let mut revising = fibre();
    revising.act_because(EVA, Action::RequestChange, "60 days");
    revising.settle();
    let worlds = vec![pending, fibre(), World::escalated_fleet(), revising, World::confirmed_fibre()];
    let phases: Vec<&str> = worlds.iter().map(World::phase).collect();
    assert_eq!(phases, ["Pending", "AwaitingConfirmation", "Escalated", "Revising", "AwaitingSignOff"]);
    worlds
}

fn customer(world: &World) -> Somebody {
    if world.agreement.metadata.name.as_deref() == Some("havlink-fleet") { LEA } else { EVA }
}

fn store_with(
    world: &mut World,
    who: Somebody,
    action: Action,
    change: impl FnOnce(&mut AgreementDecisionSpec),
) {
    let mut spec = world.draft(who, action);
    spec.reason = Some("because".to_owned());
    change(&mut spec);
    world.store(spec);
}
