//! What consumers report of the order requests (S6): acknowledged, completed, failed or rejected.

use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;

use super::conditions::{Conditions, Holds};
use super::observed::Observed;
use super::orders::{Found, confirmation_digest, confirmed, found_under, idempotency_key};
use crate::text;
use countersign_api::CustomerAgreementStatus;
use countersign_api::agreement_status::Handover;
use countersign_api::conditions::{condition, order_condition, reason};

/// Counts what consumers report, and says so.
pub(crate) fn hand_over(
    observed: &Observed<'_>,
    status: &mut CustomerAgreementStatus,
    conditions: &mut Conditions<'_>,
    wakeups: &mut Vec<Timestamp>,
    now: Timestamp,
) {
    let total = confirmed(status);
    if total == 0 {
        return;
    }
    let digest = confirmation_digest(status).to_owned();
    let mut counts = Handover::default();
    let (mut gone, mut due) = (Vec::new(), None);
    for outcome in &status.orders {
        let Some(name) = outcome.order_request_name.as_deref() else { continue };
        match found_under(observed, name, &idempotency_key(observed.agreement, &outcome.id, &digest)) {
            Found::Ours(order) => {
                let is = |type_: &str| {
                    let conditions = order.status.iter().flat_map(|status| &status.conditions);
                    i32::from(conditions.into_iter().any(|c| c.type_ == type_ && c.status == "True"))
                };
                counts.acknowledged += is(order_condition::ACKNOWLEDGED);
                counts.completed += is(order_condition::COMPLETED);
                counts.failed += is(order_condition::FAILED);
                counts.rejected += is(order_condition::REJECTED);
                due = due.max(order.spec.acknowledge_by_time.as_ref().map(|time| time.0));
            }
            Found::Foreign | Found::Nothing => gone.push(format!("`{name}`")),
        }
    }
    if gone.is_empty() {
        conditions.set(
            condition::ORDERS_ISSUED,
            true,
            reason::ISSUED,
            format!("{} passed on", text::count(total, "order request")),
        );
    } else {
        let message =
            format!("{} is gone; it was passed on once and is not made again", text::join_and(&gone));
        conditions.set(condition::ORDERS_ISSUED, false, reason::ORDER_REQUEST_MISSING, message);
    }
    let all = |number: i32| usize::try_from(number).is_ok_and(|number| number >= total);
    let before = status.handover.unwrap_or_default();
    let told = (before.failed, before.rejected) != (counts.failed, counts.rejected)
        || all(counts.acknowledged) != all(before.acknowledged)
        || all(counts.completed) != all(before.completed);
    if told && gone.is_empty() {
        status.handover = Some(counts);
    }
    // The message changes with what is written, not with every step of every consumer.
    let shown = status.handover.unwrap_or_default();
    let said =
        |number: i32, word: &str| format!("{number} of {} {word}", text::count(total, "order request"));
    if shown.rejected > 0 {
        conditions.set(
            condition::HANDED_OVER,
            false,
            reason::REJECTED,
            said(shown.rejected, "rejected by a consumer; see its status"),
        );
    } else if shown.failed > 0 {
        conditions.set(
            condition::HANDED_OVER,
            false,
            reason::FAILED,
            said(shown.failed, "failed; see its status"),
        );
    } else if all(shown.completed) {
        conditions.set(
            condition::HANDED_OVER,
            Holds::True,
            reason::COMPLETED,
            said(shown.completed, "completed"),
        );
    } else if all(shown.acknowledged) {
        conditions.set(
            condition::HANDED_OVER,
            Holds::True,
            reason::ACKNOWLEDGED,
            said(shown.acknowledged, "acknowledged"),
        );
    } else if let Some(due) = due {
        let shown_due = text::time(&Time(due));
        if now > due {
            let message =
                format!("no consumer acknowledged every order request by {shown_due}; see who watches them");
            conditions.set(condition::HANDED_OVER, false, reason::OVERDUE, message);
        } else {
            let message = format!(
                "waiting for a consumer to acknowledge {} until {shown_due}",
                text::count(total, "order request")
            );
            conditions.set(condition::HANDED_OVER, false, reason::AWAITING_ACKNOWLEDGEMENT, message);
            wakeups.extend(due.checked_add(jiff::SignedDuration::from_secs(1)).ok());
        }
    } else {
        let message =
            format!("waiting for a consumer to acknowledge {}", text::count(total, "order request"));
        conditions.set(condition::HANDED_OVER, false, reason::AWAITING_ACKNOWLEDGEMENT, message);
    }
}
