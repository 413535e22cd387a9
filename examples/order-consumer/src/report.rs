//! What the consumer writes into the status of an `OrderRequest`.

use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};
use kube::ResourceExt;
use kube::api::DynamicObject;
use serde_json::{Value, json};

use crate::order_system::{CustomerOrder, State};
use crate::request::{Request, Status};

/// The longest message that a condition may have.
const LONGEST: usize = 1_024;

/// The progress of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Progress {
    /// It is ours now.
    Taken,
    /// This consumer does not do it, for these reasons. Nothing was made.
    Rejected(Vec<String>),
    /// The order system gives no answer; the consumer keeps asking.
    Waiting,
    /// There is an order.
    Made(CustomerOrder),
    /// The order system will never make one.
    Refused(String),
}

impl Progress {
    /// Whether it is final.
    #[must_use]
    pub fn is_end(&self) -> bool {
        match self {
            Self::Taken | Self::Waiting => false,
            Self::Made(order) => order.state != State::InProgress,
            Self::Rejected(_) | Self::Refused(_) => true,
        }
    }
}

/// The status with this progress in it, as server-side apply needs it: everything that is ours, and nothing else.
///
/// `None` if the status has it already, so that nothing is written twice. The resourceVersion makes the write fail if anyone
/// else wrote since the request was read: that is what makes a claim exclusive.
#[must_use]
pub fn report(
    object: &DynamicObject,
    request: &Request,
    consumer: &str,
    progress: &Progress,
    now: Timestamp,
) -> Option<Value> {
    let generation = object.metadata.generation;
    let conditions: Vec<Condition> = words(progress)
        .into_iter()
        .map(|(type_, holds, reason, message)| {
            let status = if holds { "True" } else { "False" };
            let before = request.status.condition(type_).filter(|before| before.status == status);
            Condition {
                type_: type_.to_owned(),
                status: status.to_owned(),
                reason: reason.to_owned(),
                message: message.chars().take(LONGEST).collect(),
                observed_generation: generation,
                last_transition_time: before
                    .map_or_else(|| Time(now), |before| before.last_transition_time.clone()),
            }
        })
        .collect();
    let orders = match progress {
        Progress::Made(order) => vec![order.clone()],
        // What was reported once stays.
        _ => request.status.customer_orders.clone(),
    };
    if is_reported(&request.status, consumer, &conditions, &orders) {
        return None;
    }
    Some(json!({
        "apiVersion": "countersign.dev/v1alpha1",
        "kind": "OrderRequest",
        "metadata": {"name": object.name_any(), "resourceVersion": object.resource_version()},
        "status": {"acknowledgedBy": consumer, "conditions": conditions, "customerOrders": orders},
    }))
}

fn is_reported(status: &Status, consumer: &str, conditions: &[Condition], orders: &[CustomerOrder]) -> bool {
    status.acknowledged_by.as_deref() == Some(consumer)
        && status.customer_orders == orders
        && conditions.iter().all(|condition| status.condition(&condition.type_) == Some(condition))
}

/// Type, whether it is True, reason and message of each of our conditions.
fn words(progress: &Progress) -> Vec<(&'static str, bool, &'static str, String)> {
    let taken = ("Acknowledged", true, "Taken", "an order is made of it".to_owned());
    let going = |reason, message: &str| vec![taken.clone(), ("Completed", false, reason, message.to_owned())];
    let ended = |completed: bool, reason, message: String| {
        let mut words = vec![taken.clone(), ("Completed", completed, reason, message.clone())];
        words.extend((!completed).then_some(("Failed", true, reason, message)));
        words
    };
    match progress {
        Progress::Taken => going("Taken", "the order is yet to be made"),
        // No count of attempts: that would be a write for each attempt.
        Progress::Waiting => {
            going("NoAnswer", "the order system gives no answer; it is asked again until it does")
        }
        Progress::Made(order) => match order.state {
            State::InProgress => going("InProgress", &format!("{order} is being worked on")),
            State::Completed => ended(true, "Completed", format!("{order} is done")),
            State::Failed => ended(false, "OrderFailed", format!("{order} could not be done")),
        },
        Progress::Refused(why) => ended(false, "OrderRefused", why.clone()),
        Progress::Rejected(reasons) => {
            vec![("Rejected", true, "NotSupported", reasons.join("; "))]
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(status: &Value) -> (DynamicObject, Request) {
        let object: DynamicObject = serde_json::from_value(json!({
            "apiVersion": "countersign.dev/v1alpha1", "kind": "OrderRequest",
            "metadata": {"name": "r", "resourceVersion": "7", "generation": 1},
            "spec": {
                "agreementRef": {"name": "deal"}, "orderId": "o1", "idempotencyKey": "k", "customer": {"id": "ORG-1"},
                "items": [], "specialHandling": false,
            },
            "status": status,
        }))
        .unwrap();
        let request = Request::read(&object).unwrap();
        (object, request)
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    /// The time is that of the change and what stands there is not written again.
    #[test]
    fn the_time_is_that_of_the_change_and_nothing_is_written_twice() {
        let (object, first) = request(&Value::Null);
        let taken = report(&object, &first, "desk", &Progress::Taken, at(10)).unwrap();
        assert_eq!(taken["metadata"]["resourceVersion"], "7");
        let (object, second) = request(&taken["status"]);
        assert_eq!(report(&object, &second, "desk", &Progress::Taken, at(20)), None);
        let waiting = report(&object, &second, "desk", &Progress::Waiting, at(20)).unwrap();
        assert_eq!(
            waiting["status"]["conditions"],
            json!([
                {"type": "Acknowledged", "status": "True", "reason": "Taken", "message": "an order is made of it",
                 "observedGeneration": 1, "lastTransitionTime": "1970-01-01T00:00:10Z"},
                {"type": "Completed", "status": "False", "reason": "NoAnswer",
                 "message": "the order system gives no answer; it is asked again until it does",
                 "observedGeneration": 1, "lastTransitionTime": "1970-01-01T00:00:10Z"},
            ])
        );
    }

    #[test]
    fn an_order_that_was_reported_stays_whatever_comes() {
        let order = json!([{"id": "CO-1", "state": "inProgress"}]);
        let (object, made) = request(&json!({"acknowledgedBy": "desk", "customerOrders": order}));
        for progress in [Progress::Waiting, Progress::Refused("no".to_owned())] {
            let report = report(&object, &made, "desk", &progress, at(20)).unwrap();
            assert_eq!(report["status"]["customerOrders"], order, "{progress:?}");
        }
    }
}
