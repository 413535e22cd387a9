//! Agreements that name the same one, looked at at the same time.

use countersign_core::decide::decide;
use serde_json::{Value, json};

use crate::lives::{
    AGREEMENT, EVA, asked, asked_by, decides, decision_on, example, signed_by_the_customer, status_of,
    until_phase,
};
use testkit::fake::operator::Operator;
use testkit::fake::{Script, Server};

fn sealed(server: &Server, agreement: &str) -> bool {
    status_of(server, agreement)["signOff"]["sealedTime"].is_string()
}

const SUCCESSORS: [&str; 2] = ["s-1", "s-2"];

/// Makes two agreements that supersede the same one, which is in force, and has everybody sign both but the last who must.
async fn two_successors_wait_for_the_last_signature(server: &Server, operator: &Operator) {
    signed_by_the_customer(server, operator).await;
    decides(server, operator, "j.berg", &json!({"action": "Countersign"}));
    until_phase(server, "Agreed").await;

    let decide = |agreement: &str, who: &str, act| {
        server.put("agreementdecisions", decision_on(server, operator, agreement, who, &act));
    };
    let until = async |what: &str, field: &str| {
        server
            .until(what, |server| {
                SUCCESSORS.iter().all(|name| status_of(server, name).pointer(field) == Some(&json!(what)))
            })
            .await;
    };
    for name in SUCCESSORS {
        let mut agreement = example(include_str!("../../examples/fibre/agreement.yaml"));
        agreement["metadata"]["namespace"] = json!("n");
        agreement["metadata"]["name"] = json!(name);
        agreement["spec"]["supersedesRef"] = json!({"name": AGREEMENT});
        server.put("customeragreements", agreement);
    }
    until("AwaitingConfirmation", "/phase").await;
    let orders = json!([{"id": "o1", "outcome": "Confirmed"}]);
    for name in SUCCESSORS {
        decide(
            name,
            EVA,
            json!({"action": "Confirm", "statements": ["Understood", "Acceptable"], "orders": orders}),
        );
    }
    until("AwaitingSignOff", "/phase").await;
    for name in SUCCESSORS {
        decide(name, EVA, json!({"action": "Sign"}));
    }
    until("Countersign", "/waitingFor/0/for").await;
}

fn countersignature(server: &Server, operator: &Operator, agreement: &str) -> Value {
    decision_on(server, operator, agreement, "j.berg", &json!({"action": "Countersign"}))
}

#[tokio::test(start_paused = true)]
async fn of_two_that_supersede_the_same_and_are_signed_at_once_one_is_sealed() {
    let (server, operator) = asked().await;
    two_successors_wait_for_the_last_signature(&server, &operator).await;
    server.hold_watches();
    for name in SUCCESSORS {
        server.put("agreementdecisions", countersignature(&server, &operator, name));
    }
    server.release_watches();
    server
        .until("one agreed, the other not any more", |server| {
            let mut phases = SUCCESSORS.map(|name| status_of(server, name)["phase"].clone());
            phases.sort_by_key(ToString::to_string);
            phases == [json!("Agreed"), json!("Pending")]
        })
        .await;
    assert_eq!(SUCCESSORS.iter().filter(|name| sealed(&server, name)).count(), 1);
    server.until("it says by whom", |server| status_of(server, AGREEMENT)["supersededBy"].is_string()).await;
    let winner = status_of(&server, AGREEMENT)["supersededBy"].clone();
    assert!(sealed(&server, winner.as_str().unwrap()));
}

/// Whoever takes over sees what was sealed before even if its watch is slow.
#[tokio::test(start_paused = true)]
async fn who_takes_over_sees_what_was_sealed_even_if_its_watch_is_slow() {
    let (server, first) = asked_by(|server| Operator::start_elected(server, decide), &|_| {}).await;
    let second = Operator::start_elected(&server, decide);
    server.until("the second is ready", |_| second.is_ready()).await;
    two_successors_wait_for_the_last_signature(&server, &first).await;
    let [one, other] = SUCCESSORS;
    server.hold_watches();
    // Both are good as they stand, of which only one may be sealed.
    let [its, the_others] = SUCCESSORS.map(|name| countersignature(&server, &first, name));
    // Nor does the first get to say of the other that it is too late.
    let refused = Script::new("PATCH", &format!("/{other}/status"), 500, "InternalError", "etcd is away");
    (0..50).for_each(|_| server.script(refused.clone()));
    server.release_watches_of("agreementdecisions", || server.put("agreementdecisions", its));
    server.until("the first is sealed", |server| sealed(server, one)).await;
    first.stop().await.unwrap();
    server.unscript();
    server.release_watches_of("agreementdecisions", || server.put("agreementdecisions", the_others));
    server.pass(60).await;
    assert!(!sealed(&server, other), "the watch has not shown it, and the server knows it");
    server.release_watches();
    server.until("it is refused", |server| status_of(server, other)["phase"] == "Pending").await;
}
