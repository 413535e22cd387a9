//! What consumers report.

use std::sync::Arc;

use countersign_api::agreement_status::Handover;
use countersign_api::order_request::OrderRequestStatus;
use countersign_core::decide::Severity;
use jiff::{SignedDuration, Timestamp};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};
use testkit::world::World;

use super::{agreed, signed};

/// A consumer sets a condition of one order request.
fn report(world: &mut World, order: usize, type_: &str) {
    let mut request = (*world.orders[order]).clone();
    request.status.get_or_insert_with(OrderRequestStatus::default).conditions.push(Condition {
        type_: type_.to_owned(),
        status: "True".to_owned(),
        reason: "Done".to_owned(),
        message: String::new(),
        last_transition_time: Time(world.now),
        observed_generation: None,
    });
    world.orders[order] = Arc::new(request);
}

fn handed_over(world: &World) -> (String, String) {
    let (status, reason, _) = world.condition("HandedOver");
    (status, reason)
}

fn pair(status: &str, reason: &str) -> (String, String) {
    (status.to_owned(), reason.to_owned())
}

#[test]
fn consumers_acknowledge_and_complete_in_one_write_each() {
    let mut world = agreed();
    assert_eq!(handed_over(&world), pair("False", "AwaitingAcknowledgement"));
    assert_eq!(
        world.condition("HandedOver").2,
        "waiting for a consumer to acknowledge 2 order requests until 2026-11-25T09:03:00Z"
    );
    report(&mut world, 0, "Acknowledged");
    assert_eq!(world.settle(), 0, "half of them is no news");
    report(&mut world, 1, "Acknowledged");
    assert_eq!(world.settle(), 1);
    assert_eq!(handed_over(&world), pair("True", "Acknowledged"));
    assert_eq!(world.condition("HandedOver").2, "2 of 2 order requests acknowledged");
    assert_eq!(world.wake, None);
    report(&mut world, 1, "Completed");
    assert_eq!(world.settle(), 0);
    report(&mut world, 0, "Completed");
    assert_eq!(world.settle(), 1);
    assert_eq!(handed_over(&world), pair("True", "Completed"));
    let counts = Handover { acknowledged: 2, completed: 2, failed: 0, rejected: 0 };
    assert_eq!(world.status().handover, Some(counts));
    let told: Vec<_> = world.told.iter().rev().take(2).map(|notice| notice.reason).collect();
    assert_eq!(told, ["OrdersCompleted", "OrdersAcknowledged"]);
}

/// What a consumer rejects or cannot do is said at once and undoes nothing.
#[test]
fn what_a_consumer_rejects_is_reported_at_once_and_undoes_nothing() {
    for (type_, message, told) in [
        ("Rejected", "1 of 2 order requests rejected by a consumer; see its status", "OrderRejected"),
        ("Failed", "1 of 2 order requests failed; see its status", "OrderFailed"),
    ] {
        let mut world = agreed();
        report(&mut world, 0, "Acknowledged");
        report(&mut world, 0, type_);
        assert_eq!(world.settle(), 1);
        assert_eq!(world.condition("HandedOver"), ("False".to_owned(), type_.to_owned(), message.to_owned()));
        assert_eq!((world.phase(), world.condition("Ready").0.as_str()), ("Agreed", "True"));
        let last = world.told.last().unwrap();
        assert_eq!((last.reason, last.severity), (told, Severity::Warning));
        // The rest goes on; it stays said.
        report(&mut world, 1, "Acknowledged");
        world.settle();
        assert_eq!(handed_over(&world), pair("False", type_));
    }
}

#[test]
fn nobody_acknowledged_in_time_is_said_and_taken_back_when_somebody_does() {
    let mut world = agreed();
    let due: Timestamp = "2026-11-25T09:03:00Z".parse().unwrap();
    let wake = due + SignedDuration::from_secs(1);
    assert_eq!(world.wake, Some(wake));
    world.now = due;
    assert_eq!(world.settle(), 0, "the last second counts");
    world.now = wake;
    assert_eq!(world.settle(), 1);
    assert_eq!(handed_over(&world), pair("False", "Overdue"));
    assert_eq!(
        world.condition("HandedOver").2,
        "no consumer acknowledged every order request by 2026-11-25T09:03:00Z; see who watches them"
    );
    assert_eq!(
        world.told.last().map(|notice| (notice.reason, notice.severity)),
        Some(("HandoverOverdue", Severity::Warning))
    );
    assert_eq!(world.wake, None);
    report(&mut world, 0, "Acknowledged");
    report(&mut world, 1, "Acknowledged");
    world.settle();
    assert_eq!(handed_over(&world), pair("True", "Acknowledged"));
}

#[test]
fn without_a_limit_nobody_is_late_to_acknowledge() {
    let mut world = signed(|world| {
        world.rules(|policy| policy.spec.rules.acknowledge_within_seconds = None);
    });
    world.settle();
    assert_eq!(world.wake, None);
    assert_eq!(world.condition("HandedOver").2, "waiting for a consumer to acknowledge 2 order requests");
    world.pass(100_000_000);
    assert_eq!(world.settle(), 0);
}
