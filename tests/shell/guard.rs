//! When a forged decision is tried, and what waits for it.

use std::sync::atomic::{AtomicUsize, Ordering};

use countersign::admission::{OPERATOR, Set};
use countersign_core::decide::{Evidence, Plan};
use serde_json::{Value, json};

use crate::lives::{EVA, decision_on, example, status_of};
use crate::objects::to_phase;
use testkit::fake::operator::Operator;
use testkit::fake::{Script, Server};

/// A server with the policies in force, catalogue, policy, and fibre agreements of these names.
fn server(agreements: &[String]) -> Server {
    let server = Server::new();
    let set = Set::of(OPERATOR);
    let install = |plural: &str, object: Value| {
        let mut object = object;
        object["metadata"]["generation"] = json!(1);
        object["metadata"]["creationTimestamp"] = json!("2026-05-31T00:00:00Z");
        server.put(plural, object);
    };
    for policy in &set.policies {
        install("validatingadmissionpolicies", serde_json::to_value(policy).unwrap());
    }
    for binding in &set.bindings {
        install("validatingadmissionpolicybindings", serde_json::to_value(binding).unwrap());
    }
    server.put("standardterms", example(include_str!("../../examples/common/standard-terms.yaml")));
    server.put("delegationpolicies", example(include_str!("../../examples/common/delegation-policy.yaml")));
    for name in agreements {
        let mut agreement = example(include_str!("../../examples/fibre/agreement.yaml"));
        agreement["metadata"]["namespace"] = json!("n");
        agreement["metadata"]["name"] = json!(name);
        server.put("customeragreements", agreement);
    }
    server
}

fn names(count: usize) -> Vec<String> {
    (0..count).map(|n| format!("fibre-{n}")).collect()
}

fn trials(server: &Server) -> usize {
    let tried = server.requests().into_iter().filter(|seen| seen.query.contains("dryRun=All"));
    tried.filter(|seen| seen.is("POST", "/namespaces/countersign-system/agreementdecisions")).count()
}

async fn until_all(server: &Server, agreements: &[String], phase: &str) {
    let all = |server: &Server| agreements.iter().all(|name| status_of(server, name)["phase"] == phase);
    server.until(phase, all).await;
}

fn confirm(server: &Server, operator: &Operator, agreement: &str) {
    let orders = json!([{"id": "o1", "outcome": "Confirmed"}]);
    let act = json!({"action": "Confirm", "statements": ["Understood", "Acceptable"], "orders": orders});
    server.put("agreementdecisions", decision_on(server, operator, agreement, EVA, &act));
}

fn active(operator: &Operator) -> String {
    operator.metric("countersign_decision_guard_active")
}

/// A forged decision is tried at start before one counts and every five minutes.
#[tokio::test(start_paused = true)]
async fn a_forged_decision_is_tried_at_start_and_every_five_minutes() {
    let agreements = names(1);
    let server = server(&agreements);
    let operator = Operator::start_guarded(&server);
    until_all(&server, &agreements, "AwaitingConfirmation").await;
    assert_eq!((trials(&server), active(&operator).as_str()), (1, "1"));
    server.pass(20).await;
    confirm(&server, &operator, &agreements[0]);
    until_all(&server, &agreements, "AwaitingSignOff").await;
    assert_eq!(trials(&server), 2);
    let before = server.requests().len();
    server.pass(3_000).await;
    assert_eq!(trials(&server), 2 + 10);
    let others = server.requests().into_iter().skip(before).filter(|seen| !seen.query.contains("watch=true"));
    assert_eq!(others.count(), 10, "nothing else at rest");
}

#[tokio::test(start_paused = true)]
async fn many_decisions_that_are_seen_together_share_a_few_trials() {
    let agreements = names(30);
    let server = server(&agreements);
    let operator = Operator::start_guarded(&server);
    until_all(&server, &agreements, "AwaitingConfirmation").await;
    let before = trials(&server);
    server.hold_watches();
    for name in &agreements {
        confirm(&server, &operator, name);
    }
    server.release_watches();
    until_all(&server, &agreements, "AwaitingSignOff").await;
    assert!(trials(&server) - before <= 6, "{} trials", trials(&server) - before);
}

/// While the trial gets no answer nothing counts and nothing is said to be wrong.
#[tokio::test(start_paused = true)]
async fn while_the_trial_gets_no_answer_nothing_counts() {
    let agreements = names(1);
    let server = server(&agreements);
    let operator = Operator::start_guarded(&server);
    until_all(&server, &agreements, "AwaitingConfirmation").await;
    for _ in 0..3 {
        server.script(Script::new("POST", "/agreementdecisions", 503, "ServiceUnavailable", "busy"));
    }
    confirm(&server, &operator, &agreements[0]);
    until_all(&server, &agreements, "AwaitingSignOff").await;
    assert!(trials(&server) >= 5, "one at start, three in vain, and one that said something");
    assert_eq!(active(&operator), "1");
    assert!(status_of(&server, &agreements[0])["ignoredDecisions"].is_null());
}

/// A server that lets a forged decision through counts none and none of that time later.
#[tokio::test(start_paused = true)]
async fn if_a_forged_decision_is_let_through_none_of_that_time_counts() {
    let agreements = names(1);
    let server = server(&agreements);
    let operator = Operator::start_guarded(&server);
    until_all(&server, &agreements, "AwaitingConfirmation").await;
    server.lets_forgeries_through(true);
    server.pass(60).await;
    confirm(&server, &operator, &agreements[0]);
    let ready = |server: &Server| status_of(server, "fibre-0")["conditions"][0]["reason"].clone();
    server.until("nothing counts", |server| ready(server) == "GuardInactive").await;
    assert_eq!(active(&operator), "0");
    server.pass(60).await;
    server.lets_forgeries_through(false);
    server.until("it goes on", |server| ready(server) == "AwaitingConfirmation").await;
    assert_eq!(status_of(&server, "fibre-0")["ignoredDecisions"][0]["reason"], "BeforeGuard");
    // Eva is told, and decides again.
    server.pass(20).await;
    confirm(&server, &operator, &agreements[0]);
    until_all(&server, &agreements, "AwaitingSignOff").await;
    assert_eq!(operator.metric("countersign_reconcile_panics_total"), "0");
}

/// What was held back for a moment counts no more than what was held back for an hour.
#[tokio::test(start_paused = true)]
async fn what_was_held_back_for_a_moment_does_not_count() {
    let agreements = names(1);
    let server = server(&agreements);
    let operator = Operator::start_guarded(&server);
    until_all(&server, &agreements, "AwaitingConfirmation").await;
    server.pass(60).await;
    server.lets_forgeries_through(true);
    // The status never says that the guard was away.
    server.script(Script::new("PATCH", "/status", 409, "Conflict", "the object has been modified"));
    confirm(&server, &operator, &agreements[0]);
    server.until("the guard is away", |_| active(&operator) == "0").await;
    server.lets_forgeries_through(false);
    let ignored = |server: &Server| status_of(server, "fibre-0")["ignoredDecisions"][0]["reason"].clone();
    server.until("it does not count", |server| ignored(server) == "BeforeGuard").await;
    assert_eq!(status_of(&server, "fibre-0")["phase"], "AwaitingConfirmation");
}

/// An operator that does not learn its own name is not ready and goes on asking.
#[tokio::test(start_paused = true)]
async fn an_operator_that_does_not_learn_its_own_name_is_not_ready() {
    let agreements = names(1);
    let server = server(&agreements);
    for _ in 0..3 {
        server.script(Script::new("POST", "/selfsubjectreviews", 403, "Forbidden", "may not"));
    }
    let operator = Operator::start_guarded(&server);
    server.until("asked", |server| server.sent("POST", "/selfsubjectreviews").len() == 2).await;
    assert!(!operator.is_ready());
    until_all(&server, &agreements, "AwaitingConfirmation").await;
    assert!(operator.is_ready());
}

#[tokio::test(start_paused = true)]
async fn a_deadline_that_passes_during_the_trial_is_met_at_once() {
    let agreements = names(1);
    let server = server(&agreements);
    let looks = AtomicUsize::new(0);
    let operator = Operator::start_with(
        &server,
        move |seen, _| match (looks.fetch_add(1, Ordering::Relaxed), seen.evidence.fresh_decisions) {
            (0, _) => Plan::Need(Evidence::GuardTrial),
            (_, false) if seen.agreement.status.is_none() => Plan::Need(Evidence::FreshDecisions),
            _ => to_phase(seen.agreement, "Expired"),
        },
        true,
    );
    let began = operator.clock.now();
    until_all(&server, &agreements, "Expired").await;
    assert_eq!(server.sent("PATCH", "/status").len(), 1);
    assert!(operator.clock.now().duration_since(began).as_secs() < 60, "and not at the next look by chance");
}
