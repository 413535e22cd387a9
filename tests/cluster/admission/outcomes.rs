//! Rule 6: only the operator writes outcomes.

use anyhow::{Context, Result};
use countersign_api::GROUP;
use serde_json::{Value, json};
use testenv::until;
use testkit::PATIENCE;
use testkit::people::Person;
use testkit::raw::{Refusal, ask, send};
use testkit::schema::{with, word};

use super::{Stage, gone, order_request, outcome_rules};

#[tokio::test]
async fn only_the_operator_writes_the_status_of_an_agreement() -> Result<()> {
    let stage = Stage::new("status").await?;
    let operator = stage.operator().await?;
    let name = stage.cluster.example(&stage.namespace, "fibre").await?;
    let path = format!("{}/{name}/status", stage.path("customeragreements"));
    let status = json!({"status": {"phase": "Agreed"}});
    let author = stage.with_role("s.patel", "countersign-author").await?;
    let imposter = stage.account("countersign").await?;
    for who in [&author, &imposter] {
        stage.cluster.allow(&stage.namespace, who, &outcome_rules()).await?;
    }
    for who in [author, imposter, Person::user("admin", &["system:masters"])] {
        let client = stage.cluster.client(&who).await?;
        let now = ask(&client, "GET", &path, &Value::Null).await?;
        for (method, body) in
            [("PATCH", status.clone()), ("PUT", with(&now, "/status", &json!({"phase": "Agreed"})))]
        {
            let refusal = send(&client, method, &path, &body).await.err().context("accepted")?;
            assert!(refusal.by_policy("outcome"), "{} {method}: {}", who.name, refusal.message);
            let words =
                format!("only the operator writes outcomes: \"{}\" may not write the status", who.name);
            assert!(refusal.message.contains(&words), "{}", refusal.message);
        }
    }
    let written = ask(&operator, "PATCH", &path, &status).await?;
    assert_eq!(word(&written, "/status/phase"), "Agreed");
    Ok(())
}

#[tokio::test]
async fn a_status_that_comes_with_the_spec_is_dropped() -> Result<()> {
    let stage = Stage::new("dropped").await?;
    let mut object = testkit::documents("examples/fibre/agreement.yaml")?.swap_remove(0);
    object = with(&object, "/status", &json!({"phase": "Agreed"}));
    let made = ask(&stage.cluster.admin()?, "POST", &stage.path("customeragreements"), &object).await?;
    assert_eq!(made.get("status"), None);
    Ok(())
}

#[tokio::test]
async fn only_the_operator_makes_order_requests() -> Result<()> {
    let stage = Stage::new("issue").await?;
    let operator = stage.operator().await?;
    let consumer = stage.account("orders").await?;
    stage.cluster.grant(&stage.namespace, "countersign-order-consumer", &consumer).await?;
    stage.cluster.allow(&stage.namespace, &consumer, &outcome_rules()).await?;
    for who in [consumer, Person::user("admin", &["system:masters"])] {
        let client = stage.cluster.client(&who).await?;
        let refusal = send(&client, "POST", &stage.path("orderrequests"), &order_request()?).await.err();
        let refusal = refusal.context("accepted")?;
        assert!(refusal.by_policy("outcome"), "{}: {}", who.name, refusal.message);
        assert!(refusal.message.contains("may not create order requests"), "{}", refusal.message);
        // Applying what does not exist creates it.
        let target = format!("{}/applied?fieldManager=x", stage.path("orderrequests"));
        let request = http::Request::patch(target).header("content-type", "application/apply-patch+yaml");
        let applied = with(&order_request()?, "/metadata/name", &json!("applied"));
        let answer: Result<Value, kube::Error> =
            client.request(request.body(applied.to_string().into_bytes())?).await;
        let refusal = Refusal::from(answer.err().context("accepted")?);
        assert!(refusal.by_policy("outcome"), "{}: {}", who.name, refusal.message);
    }
    stage.issued(&operator).await.map(drop)
}

#[tokio::test]
async fn a_consumer_reports_and_holds_but_neither_takes_over_nor_deletes() -> Result<()> {
    let stage = Stage::new("consume").await?;
    let operator = stage.operator().await?;
    let (made, path) = stage.issued(&operator).await?;
    let consumer = stage.account("orders").await?;
    stage.cluster.grant(&stage.namespace, "countersign-order-consumer", &consumer).await?;
    let client = stage.cluster.client(&consumer).await?;

    let claim = json!({
        "metadata": {"resourceVersion": word(&made, "/metadata/resourceVersion")},
        "status": {"acknowledgedBy": "orders"},
    });
    let status = format!("{path}/status");
    let claimed = ask(&client, "PATCH", &status, &claim).await?;
    assert_eq!(word(&claimed, "/status/acknowledgedBy"), "orders");
    let again = send(&client, "PATCH", &status, &claim).await.err().context("a second claim was accepted")?;
    assert_eq!(again.code, 409, "{}", again.message);
    let held =
        ask(&client, "PATCH", &path, &json!({"metadata": {"finalizers": ["orders.example/hold"]}})).await?;
    assert_eq!(word(&held, "/metadata/finalizers/0"), "orders.example/hold");
    ask(&client, "PATCH", &path, &json!({"metadata": {"labels": {"team": "north"}}})).await?;

    let refusal =
        send(&client, "PATCH", &path, &json!({"spec": {"priority": 0}})).await.err().context("accepted")?;
    assert!(refusal.message.contains("`spec` may not be changed"), "{}", refusal.message);
    let refusal = send(&client, "DELETE", &path, &Value::Null).await.err().context("accepted")?;
    assert_eq!(refusal.code, 403, "{}", refusal.message);
    // Whether RBAC allows it or not, and whoever it is.
    let owner = json!([{"apiVersion": "v1", "kind": "ConfigMap", "name": "x", "uid": "00"}]);
    let take_over = json!({"metadata": {"ownerReferences": owner}});
    for client in [&client, &operator, &stage.cluster.admin()?] {
        let refusal = send(client, "PATCH", &path, &take_over).await.err().context("accepted")?;
        assert!(refusal.by_policy("order-requests"), "{}", refusal.message);
    }
    let collection = stage.path("orderrequests");
    for client in [&operator, &stage.cluster.admin()?] {
        for target in [path.as_str(), collection.as_str()] {
            let refusal = send(client, "DELETE", target, &Value::Null).await.err().context("accepted")?;
            assert!(refusal.by_policy("order-requests"), "{target}: {}", refusal.message);
        }
    }
    let records = Person::user("records@countersign.example", &[]);
    let rules = json!([{"apiGroups": [GROUP], "resources": ["orderrequests"], "verbs": ["purge", "delete"]}]);
    stage.cluster.allow(&stage.namespace, &records, &rules).await?;
    ask(&client, "PATCH", &path, &json!({"metadata": {"finalizers": null}})).await?;
    ask(&stage.cluster.client(&records).await?, "DELETE", &path, &Value::Null).await.map(drop)
}

/// An agreement owns its order requests; however it is deleted, the collector has to be able to do its part.
#[tokio::test]
async fn order_requests_do_not_make_the_deletion_of_their_agreement_hang() -> Result<()> {
    let stage = Stage::new("collected").await?;
    let operator = stage.operator().await?;
    let admin = stage.cluster.admin()?;
    for policy in ["Orphan", "Background", "Foreground"] {
        let name = stage.cluster.example(&stage.namespace, "fibre").await?;
        let agreement = format!("{}/{name}", stage.path("customeragreements"));
        let uid = ask(&admin, "GET", &agreement, &Value::Null).await?;
        let owner = json!([{
            "apiVersion": format!("{GROUP}/v1alpha1"), "kind": "CustomerAgreement", "name": name,
            "uid": word(&uid, "/metadata/uid"), "controller": true,
        }]);
        let owned = with(&order_request()?, "/metadata/ownerReferences", &owner);
        let owned = with(&owned, "/metadata/name", &json!(policy.to_lowercase()));
        ask(&operator, "POST", &stage.path("orderrequests"), &owned).await?;
        let options = json!({"kind": "DeleteOptions", "apiVersion": "v1", "propagationPolicy": policy});
        ask(&admin, "DELETE", &agreement, &options).await?;
        gone(stage.cluster, &agreement, PATIENCE * 3).await?;
        let order = format!("{}/{}", stage.path("orderrequests"), policy.to_lowercase());
        // Where the collector had not heard of the order request before its owner went, it collects it instead.
        until(format_args!("{order} had lost its owner, or was gone"), PATIENCE * 3, || async {
            match send(&admin, "GET", &order, &Value::Null).await {
                Err(refusal) if refusal.code == 404 => Ok(Some(())),
                Ok(kept) if kept.pointer("/metadata/ownerReferences").is_none() => Ok(Some(())),
                other => anyhow::bail!("{other:?}"),
            }
        })
        .await?;
    }
    Ok(())
}
