//! What the operator counts: what was written, once, and since when it was so.

use countersign_api::CustomerAgreement;
use countersign_core::decide::{Plan, decide};
use serde_json::{Value, json};

use crate::lives::{AGREEMENT, EVA, asked, decides, escalated, signed_by_the_customer, status, until_phase};
use crate::objects::{agreement, decision, phase, telling, to_phase};
use testkit::fake::operator::Operator;
use testkit::fake::{Script, Server};

const HOUR: u64 = 3_600;

/// How many stays in a phase lasted at most so long, by the bound of a bucket.
fn stays(operator: &Operator, phase: &str, at_most: &str) -> String {
    let bucket = format!("countersign_phase_duration_seconds_bucket{{le=\"{at_most}\",phase=\"{phase}\"}}");
    operator.metric(&bucket)
}

fn happened(operator: &Operator, reason: &str) -> String {
    operator.metric(&format!("countersign_agreement_events_total{{reason=\"{reason}\"}}"))
}

fn ended(operator: &Operator, outcome: &str, phase: &str) -> String {
    let series = format!("countersign_agreement_outcomes_total{{outcome=\"{outcome}\",phase=\"{phase}\"}}");
    operator.metric(&series)
}

fn ignored(operator: &Operator, reason: &str) -> String {
    operator.metric(&format!("countersign_decisions_ignored_total{{reason=\"{reason}\"}}"))
}

#[tokio::test(start_paused = true)]
async fn a_life_is_measured_phase_by_phase_and_counted_once() {
    let (server, operator) = asked().await;
    assert_eq!(happened(&operator, "CustomerConfirmed"), "0", "zero, and not unknown, before the first time");
    server.pass(3 * 24 * HOUR).await;
    let orders = json!([{"id": "o1", "outcome": "Confirmed"}]);
    let confirm = json!({"action": "Confirm", "statements": ["Understood", "Acceptable"], "orders": orders});
    decides(&server, &operator, EVA, &confirm);
    until_phase(&server, "AwaitingSignOff").await;
    server.pass(2 * HOUR).await;
    decides(&server, &operator, EVA, &json!({"action": "Sign"}));
    server.until("countersign", |server| status(server)["waitingFor"][0]["for"] == "Countersign").await;
    server.pass(3 * HOUR).await;
    decides(&server, &operator, "j.berg", &json!({"action": "Countersign"}));
    until_phase(&server, "Agreed").await;
    server.pass(24 * HOUR).await;

    let confirmation = ["172800.0", "345600.0"].map(|days| stays(&operator, "AwaitingConfirmation", days));
    assert_eq!(confirmation, ["0", "1"], "three days");
    let sign_off = ["14400.0", "86400.0"].map(|hours| stays(&operator, "AwaitingSignOff", hours));
    assert_eq!(sign_off, ["0", "1"], "five hours: two for the customer and three for the provider");
    assert_eq!([stays(&operator, "Pending", "1.0"), stays(&operator, "IssuingOrders", "1.0")], ["1", "1"]);
    assert_eq!(stays(&operator, "Escalated", "+Inf"), "0", "nobody was asked to approve");
    for reason in [
        "TermsValid",
        "CustomerConfirmed",
        "ConfirmationComplete",
        "CustomerSigned",
        "ProviderCountersigned",
        "AgreementSealed",
        "OrdersIssued",
        "Agreed",
    ] {
        assert_eq!(happened(&operator, reason), "1", "{reason}");
    }
    assert_eq!(ended(&operator, "Agreed", "IssuingOrders"), "1");
    assert_eq!(operator.metric("countersign_agreements{phase=\"Agreed\",classification=\"Standard\"}"), "1");
}

#[tokio::test(start_paused = true)]
async fn silence_of_managers_and_work_of_the_author_are_measured_as_a_whole() {
    let (server, operator) = escalated().await;
    server.pass(60 * HOUR).await;
    assert_eq!(
        [happened(&operator, "ApprovalRequested"), happened(&operator, "ApprovalEscalated")],
        ["1", "1"]
    );
    decides(&server, &operator, EVA, &json!({"action": "RequestChange", "reason": "one item less"}));
    until_phase(&server, "Revising").await;
    server.pass(30 * HOUR).await;
    let mut edited = server.get("customeragreements", AGREEMENT);
    edited["spec"]["offerVersion"] = json!(2);
    edited["metadata"]["generation"] = json!(2);
    server.put("customeragreements", edited);
    until_phase(&server, "AwaitingConfirmation").await;
    let escalated = ["172800.0", "345600.0"].map(|days| stays(&operator, "Escalated", days));
    assert_eq!(escalated, ["0", "1"], "two days and a half, over both levels");
    let revising = ["86400.0", "172800.0"].map(|days| stays(&operator, "Revising", days));
    assert_eq!(revising, ["0", "1"], "thirty hours");
    assert_eq!(ignored(&operator, "Stale"), "2", "what was decided on the terms before");
}

#[tokio::test(start_paused = true)]
async fn a_restart_forgets_neither_since_when_nor_counts_anything_again() {
    let (server, first) = asked().await;
    first.stop().await.unwrap();
    let operator = Operator::start(&server, decide);
    server.until("listed", |_| operator.is_ready()).await;
    server.pass(5 * HOUR).await;
    assert_eq!(happened(&operator, "TermsValid"), "0", "that was told by the one before");
    decides(&server, &operator, EVA, &json!({"action": "Decline", "reason": "we found somebody else"}));
    until_phase(&server, "Declined").await;
    server.pass(24 * HOUR).await;
    let confirmation = ["14400.0", "86400.0"].map(|hours| stays(&operator, "AwaitingConfirmation", hours));
    assert_eq!(confirmation, ["0", "1"], "five hours, most of them before anything was written by this one");
    assert_eq!(ended(&operator, "Declined", "AwaitingConfirmation"), "1");
    assert_eq!(happened(&operator, "OfferDeclined"), "1");
}

#[tokio::test(start_paused = true)]
async fn a_decision_that_does_not_count_is_counted_once() {
    let (server, operator) = asked().await;
    decides(&server, &operator, "stranger", &json!({"action": "Decline", "reason": "no"}));
    server.until("ignored", |server| status(server)["ignoredDecisions"][0].is_object()).await;
    signed_by_the_customer(&server, &operator).await;
    server.pass(24 * HOUR).await;
    assert_eq!(ignored(&operator, "NotHolder"), "1");
    assert_eq!(ignored(&operator, "Stale"), "0");
    assert_eq!(happened(&operator, "DecisionIgnored"), "1");
}

/// What the server refused is not counted and what it took is counted once.
#[tokio::test(start_paused = true)]
async fn what_the_server_took_is_counted_once_and_what_it_refused_not() {
    let server = Server::new();
    server.put("customeragreements", agreement("a"));
    server.script(Script::new("PATCH", "/a/status", 500, "InternalError", "no"));
    server.script(Script::new("PATCH", "/a/status", 409, "Conflict", "somebody else was faster"));
    let operator = Operator::start(&server, |seen, _| match phase(seen.agreement) {
        None => telling(to_phase(seen.agreement, "Expired"), "OfferExpired"),
        Some(_) => Plan::default(),
    });
    server.until("refused twice", |server| server.writes().len() >= 2).await;
    server.pass(1).await;
    assert_eq!([happened(&operator, "OfferExpired"), ended(&operator, "Expired", "Pending")], ["0", "0"]);
    server.until("expired", |s| s.get("customeragreements", "a")["status"]["phase"] == "Expired").await;
    server.pass(24 * HOUR).await;
    assert_eq!([happened(&operator, "OfferExpired"), ended(&operator, "Expired", "Pending")], ["1", "1"]);
}

/// A write of which the answer was lost is not counted by its second attempt.
#[tokio::test(start_paused = true)]
async fn a_write_whose_answer_was_lost_is_not_counted_twice() {
    let server = Server::new();
    server.put("customeragreements", agreement("a"));
    let operator = Operator::start(&server, |seen, _| match phase(seen.agreement) {
        None if seen.decisions.is_empty() => Plan::default(),
        None => to_phase(seen.agreement, "Withdrawn"),
        Some(_) => Plan::default(),
    });
    server.until("listed", |_| operator.is_ready()).await;
    // The status is written, the answer says that it is not, and no watch shows it yet.
    server.hold_watches();
    server.script(Script { after: true, ..Script::new("PATCH", "/a/status", 500, "InternalError", "no") });
    server.release_watches_of("agreementdecisions", || server.put("agreementdecisions", decision("d", "a")));
    server.until("tried twice", |server| server.writes().len() >= 2).await;
    server.pass(1).await;
    server.release_watches();
    server.pass(24 * HOUR).await;
    assert_eq!(server.get("customeragreements", "a")["status"]["phase"], "Withdrawn");
    assert_eq!(operator.metric("countersign_conflicts_total"), "1");
    assert_eq!(ended(&operator, "Withdrawn", "Pending"), "0", "rather too few than too many");
}

fn with_status(name: &str, status: Value) -> Value {
    let mut stored = agreement(name);
    stored["status"] = status;
    stored
}

fn condition(type_: &str, holds: &str, reason: &str) -> Value {
    let time = "2026-01-01T00:00:00Z";
    json!({"type": type_, "status": holds, "reason": reason, "message": "", "lastTransitionTime": time})
}

#[tokio::test(start_paused = true)]
async fn a_scrape_counts_what_stands_in_the_cluster() {
    let server = Server::new();
    let wait = |action: &str| json!({"who": "x", "for": action, "askedTime": "2026-01-01T00:00:00Z"});
    let mut reminded = wait("Confirm");
    reminded["remindedTime"] = json!("2026-01-02T00:00:00Z");
    server.put("customeragreements", agreement("new"));
    for (name, status) in [
        (
            "b",
            json!({"phase": "AwaitingConfirmation", "classification": "Standard", "waitingFor": [wait("Confirm")]}),
        ),
        (
            "c",
            json!({"phase": "AwaitingConfirmation", "classification": "NonStandard", "waitingFor": [reminded]}),
        ),
        (
            "d",
            json!({"phase": "Escalated", "classification": "NonStandard", "waitingFor": [wait("Approve"), wait("Approve")], "conditions": [condition("Stalled", "True", "EscalationExhausted")]}),
        ),
        (
            "e",
            json!({"phase": "Agreed", "classification": "Standard", "conditions": [condition("HandedOver", "False", "Overdue")]}),
        ),
        ("f", json!({"phase": "InvenTed", "conditions": [condition("Stalled", "True", "InvenTed")]})),
    ] {
        server.put("customeragreements", with_status(name, status));
    }
    let of: CustomerAgreement = serde_json::from_value(server.get("customeragreements", "e")).unwrap();
    for (id, conditions) in [
        ("o1", json!([])),
        ("o2", json!([condition("Acknowledged", "True", "R")])),
        ("o3", json!([condition("Acknowledged", "True", "R"), condition("Failed", "True", "R")])),
        ("o4", json!([condition("Acknowledged", "True", "R"), condition("Completed", "False", "R")])),
    ] {
        let mut order = serde_json::to_value(crate::objects::order(&of, id)).unwrap();
        order["status"] = json!({"conditions": conditions});
        server.put("orderrequests", order);
    }
    let operator = Operator::start(&server, |_, _| Plan::default());
    server.until("listed", |_| operator.is_ready()).await;
    for (series, number) in [
        ("agreements{phase=\"Pending\",classification=\"Unclassified\"}", "1"),
        ("agreements{phase=\"AwaitingConfirmation\",classification=\"Standard\"}", "1"),
        ("agreements{phase=\"AwaitingConfirmation\",classification=\"NonStandard\"}", "1"),
        ("agreements{phase=\"Escalated\",classification=\"NonStandard\"}", "1"),
        ("agreements{phase=\"Agreed\",classification=\"Standard\"}", "1"),
        ("agreements{phase=\"Revising\",classification=\"Standard\"}", "0"),
        ("agreements{phase=\"Other\",classification=\"Unclassified\"}", "1"),
        ("agreements_stalled{reason=\"EscalationExhausted\"}", "1"),
        ("agreements_stalled{reason=\"NoPolicy\"}", "0"),
        ("agreements_stalled{reason=\"Other\"}", "1"),
        ("waits{action=\"Confirm\",reminded=\"false\"}", "1"),
        ("waits{action=\"Confirm\",reminded=\"true\"}", "1"),
        ("waits{action=\"Approve\",reminded=\"false\"}", "2"),
        ("handovers_overdue", "1"),
        ("order_requests{state=\"Waiting\"}", "1"),
        ("order_requests{state=\"Acknowledged\"}", "2"),
        ("order_requests{state=\"Failed\"}", "1"),
        ("order_requests{state=\"Completed\"}", "0"),
    ] {
        assert_eq!(operator.metric(&format!("countersign_{series}")), number, "{series}");
    }
    let text = operator.metrics.render().unwrap();
    assert!(!text.contains("InvenTed"), "what anybody may have written is no label: {text}");
}
