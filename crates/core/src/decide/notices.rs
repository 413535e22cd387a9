//! Events for people: one for each thing that happened, found by comparing the status before and after.

use super::plan::{Notice, Related, Severity};
use crate::text;
use countersign_api::CustomerAgreementStatus;
use countersign_api::agreement_status::{ClosedOutcome, Side, WaitingAction};
use countersign_api::conditions::{condition, event, reason};

/// Everything that happened between two statuses.
pub(crate) fn between(
    before: Option<&CustomerAgreementStatus>,
    after: &CustomerAgreementStatus,
) -> Vec<Notice> {
    let empty = CustomerAgreementStatus::default();
    let before = before.unwrap_or(&empty);
    let mut told = Told(Vec::new());
    told.terms(before, after);
    told.confirmation(before, after);
    told.approvals(before, after);
    told.signatures(before, after);
    told.ends(before, after);
    told.orders(before, after);
    told.links(before, after);
    told.reminders(before, after);
    told.ignored(before, after);
    told.0
}

/// Bytes of a note: the server takes 1,024 of an event's.
const MAX_NOTE: usize = 1_000;

struct Told(Vec<Notice>);

impl Told {
    fn normal(
        &mut self,
        reason: &'static str,
        action: &'static str,
        note: impl AsRef<str>,
        related: Option<Related>,
    ) {
        self.push(Severity::Normal, reason, action, note.as_ref(), related);
    }

    fn warning(&mut self, reason: &'static str, action: &'static str, note: impl AsRef<str>) {
        self.push(Severity::Warning, reason, action, note.as_ref(), None);
    }

    fn push(
        &mut self,
        severity: Severity,
        reason: &'static str,
        action: &'static str,
        note: &str,
        related: Option<Related>,
    ) {
        let mut note = text::sanitize(note, MAX_NOTE);
        while note.len() > MAX_NOTE {
            note.pop();
        }
        self.0.push(Notice { severity, reason, action, note, related });
    }

    fn terms(&mut self, before: &CustomerAgreementStatus, after: &CustomerAgreementStatus) {
        if let (Some(old), Some(new)) = (&before.terms, &after.terms)
            && old.revision != new.revision
        {
            let note = format!(
                "the terms changed: revision {} is in force, and every earlier decision is void",
                new.revision
            );
            self.normal(event::TERMS_CHANGED, "Revise", note, None);
        }
        let pinned = after.pinned.is_some() && after.terms != before.terms;
        if after.pinned.is_some() && (before.pinned.is_none() || pinned) {
            let valid = message(after, condition::VALID);
            self.normal(event::TERMS_VALID, "Check", format!("the terms can be decided on: {valid}"), None);
        }
        let stalled = |status: &CustomerAgreementStatus| {
            status
                .conditions
                .iter()
                .find(|c| c.type_ == condition::STALLED)
                .map(|c| (c.reason.clone(), c.message.clone()))
        };
        match (stalled(before), stalled(after)) {
            // The guard tells it once for all agreements.
            (_, Some((new, _))) if new == reason::GUARD_INACTIVE => {}
            (old, Some((new, message)))
                if old.as_ref().is_none_or(|old| old.0 != new || old.1 != message) =>
            {
                self.warning(stalled_reason(&new), "Stall", message);
            }
            _ => {}
        }
        if before.change_request != after.change_request
            && let Some(change) = &after.change_request
        {
            let note = format!("{} asked for a change: {}", text::user(&change.username), change.reason);
            self.normal(
                event::CHANGE_REQUESTED,
                "Revise",
                note,
                Some(Related::Decision(change.decision.clone())),
            );
        }
    }

    fn confirmation(&mut self, before: &CustomerAgreementStatus, after: &CustomerAgreementStatus) {
        let known = |name: &str| {
            before.confirmation.iter().any(|c| c.decisions.iter().any(|decision| decision.decision == name))
        };
        for decision in after.confirmation.iter().flat_map(|c| &c.decisions).filter(|d| !known(&d.decision)) {
            let statements: Vec<&str> =
                decision.statements.iter().map(|statement| statement.adjective()).collect();
            let note = format!(
                "{} stated that the terms are {}",
                text::user(&decision.username),
                text::join_and(&statements)
            );
            self.normal(
                event::CUSTOMER_CONFIRMED,
                "Count",
                note,
                Some(Related::Decision(decision.decision.clone())),
            );
        }
        let digest =
            |status: &CustomerAgreementStatus| status.confirmation.as_ref().and_then(|c| c.digest.clone());
        if digest(after).is_some() && digest(after) != digest(before) {
            let acceptable = message(after, condition::ACCEPTABLE);
            self.normal(
                event::CONFIRMATION_COMPLETE,
                "Confirm",
                format!("the terms are understood and acceptable: {acceptable}"),
                None,
            );
        }
    }

    fn approvals(&mut self, before: &CustomerAgreementStatus, after: &CustomerAgreementStatus) {
        for step in &after.approvals {
            let old = before.approvals.iter().find(|old| old.function == step.function);
            let earlier = [None].into_iter().chain(step.asked.iter().map(Some));
            for (earlier, asked) in earlier.zip(&step.asked) {
                if old.is_some_and(|old| old.asked.contains(asked)) {
                    continue;
                }
                let (function, level, because) =
                    (&step.function, &asked.level, text::join_and(&step.because));
                let silent = earlier.is_some_and(|earlier| {
                    earlier.wait_end_time.as_ref().is_some_and(|end| end.0 <= asked.asked_time.0)
                });
                let (reason, note) = match earlier {
                    Some(_) if silent => (
                        event::APPROVAL_ESCALATED,
                        format!("nobody answered in time; {function} {level} is asked now: {because}"),
                    ),
                    Some(_) => (
                        event::APPROVAL_ESCALATED,
                        format!("a higher level is needed now; {function} {level} is asked: {because}"),
                    ),
                    None => (
                        event::APPROVAL_REQUESTED,
                        format!("{function} {level} is asked to approve: {because}"),
                    ),
                };
                self.normal(reason, "Ask", note, None);
            }
            for verdict in &step.decided_by {
                if old.is_some_and(|old| old.decided_by.iter().any(|own| own.decision == verdict.decision)) {
                    continue;
                }
                let on_behalf = verdict
                    .on_behalf_of
                    .as_ref()
                    .map_or_else(String::new, |holder| format!(" on behalf of {}", text::user(holder)));
                let note = format!(
                    "{}{on_behalf} decided for {} {}",
                    text::user(&verdict.username),
                    step.function,
                    verdict.level
                );
                let refused = after.closed.iter().any(|closed| closed.decisions.contains(&verdict.decision));
                let reason = if refused { event::APPROVAL_REFUSED } else { event::APPROVAL_GIVEN };
                self.normal(reason, "Count", note, Some(Related::Decision(verdict.decision.clone())));
            }
        }
    }

    fn signatures(&mut self, before: &CustomerAgreementStatus, after: &CustomerAgreementStatus) {
        let known =
            |name: &str| before.sign_off.iter().any(|s| s.signatures.iter().any(|own| own.decision == name));
        for signature in after.sign_off.iter().flat_map(|s| &s.signatures).filter(|s| !known(&s.decision)) {
            let (reason, verb) = match signature.side {
                Side::Customer => (event::CUSTOMER_SIGNED, "signed for the customer"),
                Side::Provider => (event::PROVIDER_COUNTERSIGNED, "countersigned for the provider"),
            };
            let attested = signature
                .attested_by
                .as_ref()
                .map_or_else(String::new, |by| format!(", recorded by {}", text::user(by)));
            let note = format!("{} {verb}{attested}", text::user(&signature.username));
            self.normal(reason, "Count", note, Some(Related::Decision(signature.decision.clone())));
        }
        let sealed = |status: &CustomerAgreementStatus| {
            status.sign_off.as_ref().is_some_and(|s| s.sealed_time.is_some())
        };
        if sealed(after) && !sealed(before) {
            self.normal(
                event::AGREEMENT_SEALED,
                "Seal",
                "every signature is there; nothing can be taken back any more",
                None,
            );
        }
    }

    fn ends(&mut self, before: &CustomerAgreementStatus, after: &CustomerAgreementStatus) {
        let Some(closed) = after.closed.as_ref().filter(|_| before.closed.is_none()) else { return };
        let (reason, word) = match closed.outcome {
            ClosedOutcome::Withdrawn => (event::AGREEMENT_WITHDRAWN, "the agreement was withdrawn"),
            ClosedOutcome::Declined => (event::OFFER_DECLINED, "the customer declined"),
            ClosedOutcome::Refused => (event::AGREEMENT_REFUSED, "the provider's own agreement was refused"),
            ClosedOutcome::Expired => (event::OFFER_EXPIRED, "the offer expired"),
        };
        let related = closed.decisions.first().map(|decision| Related::Decision(decision.clone()));
        self.normal(reason, "Close", format!("{word}: {}", closed.reason), related);
    }

    fn orders(&mut self, before: &CustomerAgreementStatus, after: &CustomerAgreementStatus) {
        if after.agreed_time.is_some() && before.agreed_time.is_none() {
            let made: Vec<&String> =
                after.orders.iter().filter_map(|order| order.order_request_name.as_ref()).collect();
            if let Some(first) = made.first() {
                let note = format!("{} passed on", text::count(made.len(), "order request"));
                self.normal(
                    event::ORDERS_ISSUED,
                    "Issue",
                    note,
                    Some(Related::OrderRequest((*first).clone())),
                );
            }
            self.normal(event::AGREED, "Agree", message(after, condition::READY), None);
        }
        let of = |status: &CustomerAgreementStatus, type_: &str| {
            status.conditions.iter().find(|c| c.type_ == type_).map(|c| c.reason.clone()).unwrap_or_default()
        };
        for (type_, bad, told) in [
            (condition::ORDERS_ISSUED, reason::CREATE_REFUSED, event::ORDER_REQUEST_REFUSED),
            (condition::ORDERS_ISSUED, reason::ORDER_REQUEST_MISSING, event::ORDER_REQUEST_MISSING),
            (condition::HANDED_OVER, reason::REJECTED, event::ORDER_REJECTED),
            (condition::HANDED_OVER, reason::FAILED, event::ORDER_FAILED),
            (condition::HANDED_OVER, reason::OVERDUE, event::HANDOVER_OVERDUE),
        ] {
            if of(after, type_) == bad && of(before, type_) != bad {
                self.warning(told, "HandOver", message(after, type_));
            }
        }
        for (good, told) in
            [(reason::ACKNOWLEDGED, event::ORDERS_ACKNOWLEDGED), (reason::COMPLETED, event::ORDERS_COMPLETED)]
        {
            if of(after, condition::HANDED_OVER) == good && of(before, condition::HANDED_OVER) != good {
                self.normal(told, "HandOver", message(after, condition::HANDED_OVER), None);
            }
        }
    }

    fn links(&mut self, before: &CustomerAgreementStatus, after: &CustomerAgreementStatus) {
        for amendment in after.amended_by.iter().filter(|name| !before.amended_by.contains(name)) {
            let note = format!("`{}` amends this agreement, which stays in force", text::name(amendment));
            self.normal(event::AGREEMENT_AMENDED, "Link", note, None);
        }
        if let Some(successor) = after.superseded_by.as_ref().filter(|_| before.superseded_by.is_none()) {
            let note = format!("`{}` took the place of this agreement", text::name(successor));
            self.normal(event::AGREEMENT_SUPERSEDED, "Link", note, None);
        }
    }

    fn reminders(&mut self, before: &CustomerAgreementStatus, after: &CustomerAgreementStatus) {
        for wait in after.waiting_for.iter().filter(|wait| wait.reminded_time.is_some()) {
            let known = before.waiting_for.iter().any(|old| {
                old.action == wait.action
                    && old.asked_time == wait.asked_time
                    && old.who == wait.who
                    && old.reminded_time.is_some()
            });
            if known || wait.action == WaitingAction::Edit {
                continue;
            }
            let until = wait.deadline_time.as_ref().map(text::time).unwrap_or_default();
            self.normal(
                event::REMINDER,
                "Remind",
                format!("half of the time is gone: {} has until {until}", wait.who),
                None,
            );
        }
    }

    fn ignored(&mut self, before: &CustomerAgreementStatus, after: &CustomerAgreementStatus) {
        for ignored in &after.ignored_decisions {
            let known = before
                .ignored_decisions
                .iter()
                .any(|old| old.name == ignored.name && old.reason == ignored.reason);
            if !known {
                let note = format!(
                    "the decision of {} does not count ({}): {}",
                    ignored.username, ignored.reason, ignored.message
                );
                self.normal(
                    event::DECISION_IGNORED,
                    "Ignore",
                    note,
                    Some(Related::Decision(ignored.name.clone())),
                );
            }
        }
    }
}

/// Event reasons must be constants of low cardinality: one for each reason to stall.
fn stalled_reason(reason: &str) -> &'static str {
    reason::STALLING.into_iter().find(|known| *known == reason).unwrap_or(event::STALLED)
}

fn message(status: &CustomerAgreementStatus, type_: &str) -> String {
    status.conditions.iter().find(|c| c.type_ == type_).map(|c| c.message.clone()).unwrap_or_default()
}
