//! What is kept of the past, and what one look makes up for.

use countersign_api::Action;
use countersign_core::decide::Changes;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use testkit::people::{EVA, NINA, OMAR};
use testkit::world::World;

use super::fibre;

#[test]
fn what_is_being_deleted_is_left_alone() {
    let mut world = fibre();
    world.confirm(EVA);
    world.agreement.metadata.deletion_timestamp = Some(Time(world.now));
    assert_eq!(world.plan(), Changes::default());
}

#[test]
fn the_time_of_the_first_decision_that_counted_is_kept() {
    let mut world = fibre();
    world.act_because(NINA, Action::Decline, "no");
    world.settle();
    assert_eq!(world.status().decided_time, None, "nothing counted");
    let first = world.pass(60).now;
    world.confirm(EVA);
    world.settle();
    assert_eq!(world.status().decided_time, Some(Time(first)));
    world.pass(60).act(EVA, Action::Sign);
    world.settle();
    world.edit(|agreement| agreement.spec.offer_version += 1);
    world.settle();
    assert_eq!(
        world.status().decided_time,
        Some(Time(first)),
        "a new revision does not undo that it was decided on"
    );
    let mut declined = fibre();
    declined.act_because(EVA, Action::Decline, "no");
    declined.settle();
    assert_eq!(declined.status().decided_time, Some(Time(declined.now)));
}

#[test]
fn one_line_says_who_is_waited_for_and_since_when() {
    let mut world = World::fleet();
    world.settle();
    assert_eq!(world.status().waiting_on.as_deref(), Some("Omar Diallo +1 since 24 Nov"));
    let ready =
        "waiting for Omar Diallo and Lea Vogt to confirm until 2026-12-08T09:00:00Z, then the offer expires";
    assert_eq!(world.condition("Ready").2, ready);
    world.pass(60).confirm(OMAR);
    world.settle();
    assert_eq!(world.status().waiting_on.as_deref(), Some("Lea Vogt since 24 Nov"));
    let escalated = World::escalated_fleet();
    assert_eq!(escalated.status().waiting_on.as_deref(), Some("Deal desk (finance L1) since 24 Nov"));
    assert_eq!(
        escalated.condition("Ready").2,
        "waiting for Deal desk (finance L1) to approve until 2026-11-25T09:02:00Z, then the next level is asked"
    );
}

#[test]
fn what_happened_while_the_operator_was_down_is_there_in_one_write() {
    let mut world = fibre();
    let at_once = {
        let mut seen = World::agreed_fibre();
        seen.pass(60);
        seen
    };
    world.decisions.clone_from(&at_once.decisions);
    world.now = at_once.now;
    let before = world.written.len();
    world.settle();
    assert_eq!((world.phase(), world.written.len() - before), ("Agreed", 2), "sealed, and passed on");
    assert_eq!(world.written[before].phase.as_deref(), Some("IssuingOrders"));
    // Straight from the first question to the end, and each thing is told once.
    for reason in
        ["CustomerConfirmed", "CustomerSigned", "ProviderCountersigned", "AgreementSealed", "Agreed"]
    {
        let told = world.told.iter().filter(|notice| notice.reason == reason).count();
        assert_eq!(told, 1, "{reason}");
    }
}
