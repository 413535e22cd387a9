//! Agreements that name the same one, looked at at the same time.

use serde_json::json;

use crate::fake::Server;
use crate::lives::{
    AGREEMENT, EVA, asked, decides, decision_on, example, signed_by_the_customer, status_of, until_phase,
};

fn sealed(server: &Server, agreement: &str) -> bool {
    status_of(server, agreement)["signOff"]["sealedTime"].is_string()
}

#[tokio::test(start_paused = true)]
async fn of_two_that_supersede_the_same_and_are_signed_at_once_one_is_sealed() {
    let (server, operator) = asked().await;
    signed_by_the_customer(&server, &operator).await;
    decides(&server, &operator, "j.berg", &json!({"action": "Countersign"}));
    until_phase(&server, "Agreed").await;

    let successors = ["s-1", "s-2"];
    let decide = |agreement: &str, who: &str, act| {
        server.put("agreementdecisions", decision_on(&server, &operator, agreement, who, &act));
    };
    let until = async |what: &str, field: &str| {
        server
            .until(what, |server| {
                successors.iter().all(|name| status_of(server, name).pointer(field) == Some(&json!(what)))
            })
            .await;
    };
    for name in successors {
        let mut agreement = example(include_str!("../../examples/fibre/agreement.yaml"));
        agreement["metadata"]["namespace"] = json!("n");
        agreement["metadata"]["name"] = json!(name);
        agreement["spec"]["supersedesRef"] = json!({"name": AGREEMENT});
        server.put("customeragreements", agreement);
    }
    until("AwaitingConfirmation", "/phase").await;
    let orders = json!([{"id": "o1", "outcome": "Confirmed"}]);
    for name in successors {
        decide(
            name,
            EVA,
            json!({"action": "Confirm", "statements": ["Understood", "Acceptable"], "orders": orders}),
        );
    }
    until("AwaitingSignOff", "/phase").await;
    for name in successors {
        decide(name, EVA, json!({"action": "Sign"}));
    }
    until("Countersign", "/waitingFor/0/for").await;
    server.hold_watches();
    for name in successors {
        decide(name, "j.berg", json!({"action": "Countersign"}));
    }
    server.release_watches();
    server
        .until("one agreed, the other not any more", |server| {
            let mut phases = successors.map(|name| status_of(server, name)["phase"].clone());
            phases.sort_by_key(ToString::to_string);
            phases == [json!("Agreed"), json!("Pending")]
        })
        .await;
    assert_eq!(successors.iter().filter(|name| sealed(&server, name)).count(), 1);
    server.until("it says by whom", |server| status_of(server, AGREEMENT)["supersededBy"].is_string()).await;
    let winner = status_of(&server, AGREEMENT)["supersededBy"].clone();
    assert!(sealed(&server, winner.as_str().unwrap()));
}
