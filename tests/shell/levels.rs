//! Who is slow: waits for managers, by function and level.

use countersign_api::{CustomerAgreement, CustomerAgreementStatus};
use countersign_core::decide::{Plan, decide};
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::lives::{approves, escalated, status, until_phase};
use crate::objects::{agreement, to_status};
use testkit::fake::operator::Operator;
use testkit::fake::{Script, Server};

const HOUR: u64 = 3_600;

fn waiting(operator: &Operator, function: &str, level: &str) -> String {
    let labels = format!("{{function=\"{function}\",level=\"{level}\"}}");
    operator.metric(&format!("countersign_approvals_waiting{labels}"))
}

fn longest(operator: &Operator, function: &str, level: &str) -> String {
    let labels = format!("{{function=\"{function}\",level=\"{level}\"}}");
    operator.metric(&format!("countersign_approvals_longest_wait_seconds{labels}"))
}

/// How many waits for a level of sales ended like this, and how many whole hours they took together.
fn ended(operator: &Operator, level: &str, outcome: &str) -> (String, Option<u64>) {
    let labels = format!("{{function=\"sales\",level=\"{level}\",outcome=\"{outcome}\"}}");
    let of = |what: &str| operator.metric(&format!("countersign_approval_wait_seconds_{what}{labels}"));
    let hours = of("sum").parse::<f64>().ok().map(|seconds| (seconds / 3_600.0) as u64);
    (of("count"), hours)
}

#[tokio::test(start_paused = true)]
async fn each_level_is_measured_from_when_it_was_asked_to_its_own_end() {
    let (server, operator) = escalated().await;
    assert_eq!([waiting(&operator, "sales", "L2"), waiting(&operator, "sales", "L3")], ["1", ""]);
    assert_eq!(ended(&operator, "L2", "Escalated"), ("0".to_owned(), Some(0)), "zero from when it is asked");
    server.pass(60 * HOUR).await;
    assert_eq!([waiting(&operator, "sales", "L2"), waiting(&operator, "sales", "L3")], ["0", "1"]);
    assert_eq!(longest(&operator, "sales", "L2"), "0");
    assert_eq!(
        longest(&operator, "sales", "L3").parse::<u64>().unwrap() / HOUR,
        11,
        "twelve, less some grace"
    );
    assert_eq!(ended(&operator, "L2", "Escalated"), ("1".to_owned(), Some(48)));

    approves(&server, &operator, "m.osei", "L3");
    until_phase(&server, "AwaitingSignOff").await;
    server.pass(24 * HOUR).await;
    assert_eq!([waiting(&operator, "sales", "L3"), longest(&operator, "sales", "L3")], ["0", "0"]);
    assert_eq!(ended(&operator, "L3", "Approved"), ("1".to_owned(), Some(11)));
    assert_eq!(ended(&operator, "L2", "Escalated"), ("1".to_owned(), Some(48)));
    let others = [("L2", "Approved"), ("L2", "Refused"), ("L3", "Escalated"), ("L3", "Expired")];
    assert!(others.iter().all(|(level, outcome)| ended(&operator, level, outcome).0 == "0"));
}

#[tokio::test(start_paused = true)]
async fn a_wait_ends_once_whatever_becomes_of_the_write() {
    let (server, operator) = escalated().await;
    server.pass(5 * HOUR).await;
    let writes = server.writes().len();
    server.script(Script::new("PATCH", "/status", 500, "InternalError", "no"));
    server.script(Script::new("PATCH", "/status", 409, "Conflict", "somebody else was faster"));
    approves(&server, &operator, "r.lind", "L2");
    server.until("refused twice", |server| server.writes().len() >= writes + 2).await;
    server.pass(1).await;
    assert_eq!(ended(&operator, "L2", "Approved").0, "0", "the server took nothing yet");
    until_phase(&server, "AwaitingSignOff").await;
    server.pass(24 * HOUR).await;
    assert_eq!(operator.metric("countersign_conflicts_total"), "1");
    assert_eq!(ended(&operator, "L2", "Approved"), ("1".to_owned(), Some(5)));
}

#[tokio::test(start_paused = true)]
async fn a_restart_forgets_no_wait_and_ends_none_again() {
    let (server, first) = escalated().await;
    first.stop().await.unwrap();
    let second = Operator::start(&server, decide);
    server.until("listed", |_| second.is_ready()).await;
    server.pass(5 * HOUR + 1).await;
    assert_eq!(longest(&second, "sales", "L2").parse::<u64>().unwrap() / HOUR, 5);
    assert_eq!(ended(&second, "L2", "Approved").0, "0", "it is there before it ends");
    approves(&server, &second, "r.lind", "L2");
    until_phase(&server, "AwaitingSignOff").await;
    assert_eq!(ended(&second, "L2", "Approved"), ("1".to_owned(), Some(5)));
    second.stop().await.unwrap();

    let third = Operator::start(&server, decide);
    server.until("listed", |_| third.is_ready()).await;
    server.pass(8 * 24 * HOUR).await;
    assert!(status(&server)["waitingFor"][0]["remindedTime"].is_string(), "the status was written once more");
    assert_eq!([waiting(&third, "sales", "L2"), ended(&third, "L2", "Approved").0], ["", ""]);
}

#[tokio::test(start_paused = true)]
async fn what_was_decided_while_nothing_ran_took_as_long_as_the_people_took() {
    let (server, first) = escalated().await;
    server.pass(3 * HOUR).await;
    server.hold_watches();
    approves(&server, &first, "r.lind", "L2");
    first.stop().await.unwrap();
    server.release_watches();
    let second = Operator::start(&server, decide);
    second.clock.advance(std::time::Duration::from_secs(23 * HOUR));
    until_phase(&server, "AwaitingSignOff").await;
    server.pass(1).await;
    assert_eq!(ended(&second, "L2", "Approved"), ("1".to_owned(), Some(3)));
}

/// A status in which a level is waited for since some time.
fn waits_for(function: &str, since: &str) -> Value {
    json!({
        "phase": "Escalated",
        "approvals": [{
            "function": function, "level": "L1", "because": [], "state": "Waiting", "quorum": 1,
            "asked": [{"level": "L1", "askedTime": since}],
        }],
        "waitingFor": [{"who": "x", "for": "Approve", "askedTime": since}],
    })
}

fn stored(name: &str, status: Value) -> Value {
    let mut stored = agreement(name);
    stored["status"] = status;
    stored
}

#[tokio::test(start_paused = true)]
async fn the_age_is_that_of_the_one_that_waits_longest_and_grows() {
    let server = Server::new();
    for (name, function, since) in [
        ("a", "finance", "2026-05-31T22:00:00Z"),
        ("b", "finance", "2026-05-31T20:00:00Z"),
        ("c", "legal", "2026-05-31T23:00:00Z"),
        // A clock that is behind.
        ("d", "service", "2026-06-02T00:00:00Z"),
    ] {
        server.put("customeragreements", stored(name, waits_for(function, since)));
    }
    let mut resting = waits_for("security", "2026-05-01T00:00:00Z");
    resting["waitingFor"][0]["for"] = json!("Edit");
    server.put("customeragreements", stored("e", resting));
    let operator = Operator::start(&server, |_, _| Plan::default());
    server.until("listed", |_| operator.is_ready()).await;
    let ages = || ["finance", "legal", "service"].map(|function| longest(&operator, function, "L1"));
    assert_eq!(ages(), ["14400", "3600", "0"]);
    server.pass(HOUR).await;
    assert_eq!(ages(), ["18000", "7200", "0"]);
    let counts =
        ["finance", "legal", "service", "security"].map(|function| waiting(&operator, function, "L1"));
    assert_eq!(counts, ["2", "1", "1", ""]);
    assert_eq!(
        operator.metric("countersign_waits{action=\"Approve\",reminded=\"false\"}"),
        "4",
        "the same four"
    );
}

/// Asks one level, and has its answer an hour later.
fn asks_and_approves(agreement: &CustomerAgreement, now: Timestamp) -> Plan {
    let Some(status) = &agreement.status else {
        let now = now.strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
        let asked = waits_for(agreement.metadata.name.as_deref().unwrap(), &now);
        return to_status(agreement, serde_json::from_value::<CustomerAgreementStatus>(asked).unwrap());
    };
    let answer = status.approvals[0].asked[0].asked_time.0 + jiff::SignedDuration::from_hours(1);
    if now < answer {
        return Plan::Rest { wake: Some(answer) };
    }
    let mut status = serde_json::to_value(status).unwrap();
    status["approvals"][0]["state"] = json!("Approved");
    status["waitingFor"] = json!([]);
    to_status(agreement, serde_json::from_value(status).unwrap())
}

#[tokio::test(start_paused = true)]
async fn of_seventy_functions_sixty_four_are_told_apart_and_none_is_lost() {
    let server = Server::new();
    for n in 0..70 {
        server.put("customeragreements", agreement(&format!("f{n:02}")));
    }
    let operator = Operator::start(&server, |seen, now| asks_and_approves(seen.agreement, now));
    server.until("all asked", |server| server.writes().len() == 70).await;
    let numbers = |series: &str| {
        let text = operator.metrics.render().unwrap();
        let lines = text.lines().filter(|line| line.starts_with(&format!("countersign_{series}{{")));
        let numbers = lines.map(|line| line.rsplit_once(' ').unwrap().1.parse::<u64>().unwrap());
        let mut numbers: Vec<u64> = numbers.collect();
        numbers.sort_unstable();
        numbers
    };
    let mut all_asked = vec![1; 64];
    all_asked.push(6);
    assert_eq!(numbers("approvals_waiting"), all_asked);
    assert_eq!(waiting(&operator, "other", "other"), "6");
    server.until("all approved", |server| server.writes().len() == 140).await;
    server.pass(1).await;
    assert_eq!(numbers("approvals_waiting"), [0; 65]);
    let approved: Vec<u64> =
        numbers("approval_wait_seconds_count").into_iter().filter(|number| *number > 0).collect();
    assert_eq!(approved, all_asked);
    assert_eq!(numbers("approval_wait_seconds_count").len(), 65 * 4, "each outcome from the start");
}
