//! Whole lives with the real decisions: the exact sequence of requests, and deadlines that pass.

use countersign_core::decide::decide;
use serde_json::{Value, json};
use testkit::fake::operator::Operator;
use testkit::fake::{Script, Seen, Server};

pub const EVA: &str = "eva.lund@norrland-timber.example";
pub const AGREEMENT: &str = "norrland-timber-fibre";

pub fn example(yaml: &str) -> Value {
    let mut object: Value = serde_saphyr::from_str(yaml).unwrap();
    object["metadata"]["creationTimestamp"] = json!("2026-06-01T00:00:00Z");
    object["metadata"]["generation"] = json!(1);
    object
}

/// The fibre agreement with catalogue and policy, looked at once.
pub async fn asked() -> (Server, Operator) {
    asked_on(&|_| {}).await
}

/// The same on other terms.
pub async fn asked_on(change: &dyn Fn(&mut Value)) -> (Server, Operator) {
    asked_by(|server| Operator::start(server, decide), change).await
}

/// The same by another operator.
pub async fn asked_by(
    start: impl FnOnce(&Server) -> Operator,
    change: &dyn Fn(&mut Value),
) -> (Server, Operator) {
    let server = Server::new();
    server.put("standardterms", example(include_str!("../../examples/common/standard-terms.yaml")));
    server.put("delegationpolicies", example(include_str!("../../examples/common/delegation-policy.yaml")));
    let mut agreement = example(include_str!("../../examples/fibre/agreement.yaml"));
    agreement["metadata"]["namespace"] = json!("n");
    change(&mut agreement);
    server.put("customeragreements", agreement);
    let operator = start(&server);
    until_phase(&server, "AwaitingConfirmation").await;
    (server, operator)
}

/// One that sales must approve: first the regional sales lead, two days later the level above.
pub async fn escalated() -> (Server, Operator) {
    let discount = |agreement: &mut Value| {
        agreement["spec"]["orders"][0]["items"][0]["discountPercent"] = json!("15");
    };
    let (server, operator) = asked_on(&discount).await;
    let orders = json!([{"id": "o1", "outcome": "Confirmed"}]);
    let confirm = json!({"action": "Confirm", "statements": ["Understood", "Acceptable"], "orders": orders});
    decides(&server, &operator, EVA, &confirm);
    until_phase(&server, "Escalated").await;
    (server, operator)
}

pub fn approves(server: &Server, operator: &Operator, who: &str, level: &str) {
    decides(server, operator, who, &json!({"action": "Approve", "function": "sales", "level": level}));
}

pub fn status(server: &Server) -> Value {
    status_of(server, AGREEMENT)
}

pub fn status_of(server: &Server, agreement: &str) -> Value {
    server.get("customeragreements", agreement)["status"].clone()
}

pub async fn until_phase(server: &Server, phase: &str) {
    server.until(phase, |server| status(server)["phase"] == phase).await;
}

/// Stores a decision, made at the operator's time.
pub fn decides(server: &Server, operator: &Operator, who: &str, act: &Value) {
    server.put("agreementdecisions", decision(server, operator, who, act));
}

fn decision(server: &Server, operator: &Operator, who: &str, act: &Value) -> Value {
    decision_on(server, operator, AGREEMENT, who, act)
}

/// A decision on an agreement as its status shows it.
pub fn decision_on(server: &Server, operator: &Operator, agreement: &str, who: &str, act: &Value) -> Value {
    let status = status_of(server, agreement);
    let digest = match act["action"].as_str() {
        Some("Sign" | "Countersign" | "Approve" | "Refuse") => status["confirmation"]["digest"].clone(),
        _ => status["terms"]["digest"].clone(),
    };
    let mut spec = json!({
        "agreementRef": {
            "name": agreement, "uid": format!("uid-of-{agreement}"),
            "revision": status["terms"]["revision"], "digest": digest,
        },
        "decidedBy": {"username": who, "groups": ["account-managers"]},
    });
    spec.as_object_mut().unwrap().extend(act.as_object().unwrap().clone());
    let name = format!("{agreement}-{who}-{}-{}", act["action"], server.requests().len())
        .to_lowercase()
        .replace(['@', '"'], "");
    let now = operator.clock.now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
    json!({
        "apiVersion": "countersign.dev/v1alpha1", "kind": "AgreementDecision",
        "metadata": {"namespace": "n", "name": name, "creationTimestamp": now}, "spec": spec,
    })
}

pub async fn signed_by_the_customer(server: &Server, operator: &Operator) {
    let orders = json!([{"id": "o1", "outcome": "Confirmed"}]);
    let confirm = json!({"action": "Confirm", "statements": ["Understood", "Acceptable"], "orders": orders});
    decides(server, operator, EVA, &confirm);
    until_phase(server, "AwaitingSignOff").await;
    decides(server, operator, EVA, &json!({"action": "Sign"}));
    server.until("countersign", |server| status(server)["waitingFor"][0]["for"] == "Countersign").await;
}

/// Everything that was sent after the watches were open, events left out.
fn sequence(server: &Server) -> Vec<String> {
    let by_a_watch = |seen: &Seen| seen.is_watch() || seen.is_list() && !seen.path.contains("/namespaces/n/");
    let told = |seen: &Seen| !by_a_watch(seen) && !seen.path.ends_with("/events");
    let short = |seen: Seen| {
        let path = seen.path.rsplit("/namespaces/n/").next().unwrap_or_default().to_owned();
        format!("{} {path}", seen.method)
    };
    let all: Vec<String> = server.requests().into_iter().filter(told).map(short).collect();
    let start = all.iter().take_while(|request| request.starts_with("GET /")).count();
    all.into_iter().skip(start).collect()
}

#[tokio::test(start_paused = true)]
async fn a_life_sends_exactly_these_requests_in_this_order() {
    let (server, operator) = asked().await;
    signed_by_the_customer(&server, &operator).await;
    decides(&server, &operator, "j.berg", &json!({"action": "Countersign"}));
    until_phase(&server, "Agreed").await;
    server.pass(86_400 / 2).await;
    let write = "PATCH customeragreements/norrland-timber-fibre/status";
    assert_eq!(
        sequence(&server),
        [
            write, // asked
            write, // confirmed
            write, // signed by the customer
            "GET agreementdecisions",
            write, // sealed
            "POST orderrequests",
            write, // agreed
        ]
    );
    let list = server
        .sent("GET", "/agreementdecisions")
        .into_iter()
        .find(|seen| !seen.query.contains("watch"))
        .unwrap();
    assert!(
        !list.query.contains("resourceVersion"),
        "read from the store and not from a cache: {}",
        list.query
    );
    assert_eq!(operator.metric("countersign_conflicts_total"), "0");
}

#[tokio::test(start_paused = true)]
async fn silence_of_the_customer_is_one_reminder_one_read_and_one_end() {
    let (server, operator) = asked().await;
    server.pass(1_209_600 / 2 + 60).await;
    assert!(status(&server)["waitingFor"][0]["remindedTime"].is_string());
    server.pass(1_209_600 / 2 - 120).await;
    assert_eq!(status(&server)["phase"], "AwaitingConfirmation", "a minute before its end");
    server.pass(70).await;
    assert_eq!(status(&server)["phase"], "Expired");
    server.pass(86_400).await;
    let write = "PATCH customeragreements/norrland-timber-fibre/status";
    assert_eq!(sequence(&server), [write, write, "GET agreementdecisions", write]);
    assert_eq!(operator.metric("countersign_reconcile_panics_total"), "0");
}

#[tokio::test(start_paused = true)]
async fn a_decline_that_only_the_fresh_read_shows_is_heard() {
    let (server, operator) = asked().await;
    signed_by_the_customer(&server, &operator).await;
    let decline = json!({"action": "Decline", "reason": "we found somebody else"});
    server.put_unseen("agreementdecisions", decision(&server, &operator, EVA, &decline));
    decides(&server, &operator, "j.berg", &json!({"action": "Countersign"}));
    until_phase(&server, "Declined").await;
    server.pass(600).await;
    assert!(server.sent("POST", "/orderrequests").is_empty());
    assert_eq!(status(&server)["signOff"]["sealedTime"], Value::Null);
}

/// A server that says come back tomorrow delays the seal by minutes at most.
#[tokio::test(start_paused = true)]
async fn a_server_that_says_tomorrow_delays_the_seal_by_minutes_at_most() {
    let (server, operator) = asked().await;
    let busy = Script {
        headers: vec![("retry-after", "86400")],
        ..Script::new("PATCH", "/status", 503, "ServiceUnavailable", "come back tomorrow")
    };
    for _ in 0..3 {
        server.script(busy.clone());
    }
    signed_by_the_customer(&server, &operator).await;
    decides(&server, &operator, "j.berg", &json!({"action": "Countersign"}));
    let began = operator.clock.now();
    until_phase(&server, "Agreed").await;
    assert!(operator.clock.now().duration_since(began).as_secs() < 300);
    assert_eq!(server.sent("POST", "/orderrequests").len(), 1);
}
