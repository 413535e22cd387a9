//! The commit point (S3): from here on nothing can be taken back. An agreement is sealed, or closed without being agreed.

use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;

use super::conditions::{Conditions, Holds};
use super::endings::End;
use super::observed::Observed;
use super::orders;
use crate::text;
use countersign_api::CustomerAgreementStatus;
use countersign_api::agreement_status::{Closed, ClosedOutcome};
use countersign_api::conditions::{condition, phase, reason};

/// Characters of `closed.reason`, as the API permits them: the words of a person, 1,024 at most, and who says so.
const MAX_CLOSED_REASON: usize = 1_200;

/// The irrevocable step that is taken, if any.
pub(crate) enum Step {
    None,
    End(End),
    Seal,
}

/// Closes an agreement that ends without being agreed. Nothing can be decided on it any more.
pub(crate) fn close(
    status: &mut CustomerAgreementStatus,
    conditions: &mut Conditions<'_>,
    end: End,
    now: Timestamp,
) {
    let word = outcome_word(end.outcome);
    let message = format!("the agreement ended: {}", end.reason);
    for type_ in [condition::SIGNED_OFF, condition::ORDERS_ISSUED, condition::HANDED_OVER, condition::READY] {
        conditions.set(type_, false, word, &message);
    }
    match end.outcome {
        ClosedOutcome::Declined => conditions.set(condition::ACCEPTABLE, false, word, &message),
        ClosedOutcome::Refused => conditions.set(condition::APPROVED, false, word, &message),
        ClosedOutcome::Withdrawn | ClosedOutcome::Expired => {}
    }
    conditions.clear_abnormal();
    status.phase = Some(word.to_owned());
    status.waiting_on = None;
    status.waiting_for.clear();
    status.closed = Some(Closed {
        outcome: end.outcome,
        cause: Some(end.cause.to_owned()),
        offer_end_time: end.offer_end_time,
        reason: text::sanitize(&end.reason, MAX_CLOSED_REASON),
        time: Time(now),
        decisions: end.decisions,
    });
}

/// The word of an end, as phase and as reason.
pub(crate) const fn outcome_word(outcome: ClosedOutcome) -> &'static str {
    match outcome {
        ClosedOutcome::Withdrawn => phase::WITHDRAWN,
        ClosedOutcome::Declined => phase::DECLINED,
        ClosedOutcome::Refused => phase::REFUSED,
        ClosedOutcome::Expired => phase::EXPIRED,
    }
}

/// Seals an agreement that both sides signed (S3). Order requests follow (S6).
pub(crate) fn seal(
    observed: &Observed<'_>,
    status: &mut CustomerAgreementStatus,
    conditions: &mut Conditions<'_>,
    now: Timestamp,
) {
    status.sign_off.get_or_insert_default().sealed_time = Some(Time(now));
    status.waiting_on = None;
    orders::name_requests(observed.agreement, status);
    let signers: Vec<String> = status
        .sign_off
        .iter()
        .flat_map(|sign_off| &sign_off.signatures)
        .map(|signature| {
            let name = orders::name_of(&observed.agreement.spec, &signature.username);
            text::user(name.unwrap_or(&signature.username))
        })
        .collect();
    let message = if signers.is_empty() {
        "nobody had to sign".to_owned()
    } else {
        format!("by {}", text::join_and(&signers))
    };
    conditions.set(condition::SIGNED_OFF, Holds::True, reason::SIGNED_OFF, message);
    conditions.clear_abnormal();
    orders::issuing(status, conditions, now);
}
