//! Rule 5: append-only.

use anyhow::{Context, Result};
use countersign_api::GROUP;
use serde_json::{Value, json};
use testkit::people::Person;
use testkit::raw::{Refusal, ask, send};
use testkit::schema::{with, word};
use testkit::{PATIENCE, decision};

use super::{AGREEMENT, Stage, gone, sign_nothing};

#[tokio::test]
async fn a_decision_is_not_born_with_an_owner_or_a_finalizer() -> Result<()> {
    let stage = Stage::new("born").await?;
    let eva = stage.with_role("eva.lund@norrland-timber.example", "countersign-confirmer").await?;
    let decision = decision::on(AGREEMENT, "00", &eva, sign_nothing());
    let owner = json!([{"apiVersion": "v1", "kind": "ConfigMap", "name": "x", "uid": "00"}]);
    for (field, value) in [("ownerReferences", owner), ("finalizers", json!(["example.dev/hold"]))] {
        let owned = with(&decision, &format!("/metadata/{field}"), &value);
        let refusal =
            stage.cluster.decide(&eva, &stage.namespace, &owned).await?.err().context("accepted")?;
        assert!(refusal.message.contains("append-only: "), "{field}: {}", refusal.message);
    }
    Ok(())
}

#[tokio::test]
async fn not_even_an_administrator_changes_or_deletes_a_decision() -> Result<()> {
    let stage = Stage::new("kept").await?;
    let (made, path) = stage.decided().await?;
    let admin = stage.cluster.admin()?;
    let owner = json!([{"apiVersion": "v1", "kind": "ConfigMap", "name": "x", "uid": "00"}]);
    for change in [
        json!({"metadata": {"labels": {"seen": "yes"}}}),
        json!({"metadata": {"annotations": {"seen": "yes"}}}),
        json!({"metadata": {"ownerReferences": owner}}),
        json!({"metadata": {"finalizers": ["example.dev/hold"]}}),
    ] {
        let refusal = send(&admin, "PATCH", &path, &change).await.err().context("accepted")?;
        assert!(refusal.by_policy("append-only"), "{change}: {}", refusal.message);
    }
    // The definition itself says no before the policy is asked.
    let edited = with(&made, "/spec/reason", &json!("other words"));
    let refusal = send(&admin, "PUT", &path, &edited).await.err().context("accepted")?;
    assert!(refusal.message.contains("`spec` may not be changed"), "{}", refusal.message);

    let collection = stage.path("agreementdecisions");
    for target in [path.as_str(), collection.as_str()] {
        let refusal = send(&admin, "DELETE", target, &Value::Null).await.err().context("accepted")?;
        assert!(refusal.by_policy("append-only"), "{target}: {}", refusal.message);
    }
    let now = ask(&admin, "GET", &path, &Value::Null).await?;
    assert_eq!(now, made);
    Ok(())
}

/// Server time is the only time that the operator trusts.
#[tokio::test]
async fn nobody_dates_a_decision_back() -> Result<()> {
    let stage = Stage::new("dated").await?;
    let eva = stage.with_role("eva.lund@norrland-timber.example", "countersign-confirmer").await?;
    let decision = decision::on(AGREEMENT, "00", &eva, sign_nothing());
    let old = "2020-01-01T00:00:00Z";
    let dated = with(&decision, "/metadata/creationTimestamp", &json!(old));
    let dated = with(&dated, "/metadata/uid", &json!("00000000-0000-0000-0000-000000000000"));
    let made = stage.cluster.decide(&eva, &stage.namespace, &dated).await?.map_err(Refusal::into_error)?;
    assert_ne!(word(&made, "/metadata/creationTimestamp"), old);
    assert!(!word(&made, "/metadata/uid").starts_with("00000000"));
    let path = format!("{}/{}", stage.path("agreementdecisions"), word(&made, "/metadata/name"));
    let change = json!({"metadata": {"creationTimestamp": old}});
    let answer = send(&stage.cluster.admin()?, "PATCH", &path, &change).await;
    let now = ask(&stage.cluster.admin()?, "GET", &path, &Value::Null).await?;
    assert_eq!(
        word(&now, "/metadata/creationTimestamp"),
        word(&made, "/metadata/creationTimestamp"),
        "{answer:?}"
    );
    Ok(())
}

/// Server-side apply of what does not exist creates it, with PATCH: the policies must not only look at POST.
#[tokio::test]
async fn applying_a_decision_is_making_it() -> Result<()> {
    let stage = Stage::new("applied").await?;
    let eva = stage.with_role("eva.lund@norrland-timber.example", "countersign-confirmer").await?;
    let patch = json!([{"apiGroups": [GROUP], "resources": ["agreementdecisions"], "verbs": ["patch"]}]);
    stage.cluster.allow(&stage.namespace, &eva, &patch).await?;
    let apply = async |who: &Person, name: &str, act: Value| -> Result<Option<Refusal>> {
        let decision = with(&decision::on(AGREEMENT, "00", who, act), "/metadata", &json!({"name": name}));
        let target = format!("{}/{name}?fieldManager=x", stage.path("agreementdecisions"));
        let request = http::Request::patch(target).header("content-type", "application/apply-patch+yaml");
        let request = request.body(decision.to_string().into_bytes())?;
        let answer: Result<Value, kube::Error> = stage.cluster.client(who).await?.request(request).await;
        Ok(answer.err().map(Refusal::from))
    };
    assert_eq!(apply(&eva, "own", sign_nothing()).await?, None);
    let refusal = apply(&eva, "not-own", json!({"action": "Sign"})).await?.context("accepted")?;
    assert!(refusal.message.contains("right verb: "), "{}", refusal.message);
    let admin = Person::user("admin", &["system:masters"]);
    let refusal = apply(&admin, "admins", sign_nothing()).await?.context("accepted")?;
    assert!(refusal.message.contains("no wildcard holder: "), "{}", refusal.message);
    Ok(())
}

#[tokio::test]
async fn writing_a_decision_as_it_is_stays_possible() -> Result<()> {
    let stage = Stage::new("same").await?;
    let (made, path) = stage.decided().await?;
    // A storage migration does this.
    ask(&stage.cluster.admin()?, "PUT", &path, &made).await.map(drop)
}

#[tokio::test]
async fn only_the_explicit_verb_purge_deletes() -> Result<()> {
    let stage = Stage::new("purge").await?;
    let (_, path) = stage.decided().await?;
    let (_, other) = stage.decided().await?;
    let clerk = Person::user("clerk@countersign.example", &[]);
    let records = Person::user("records@countersign.example", &[]);
    let delete = json!({"apiGroups": [GROUP], "resources": ["agreementdecisions"], "verbs": ["delete"]});
    let purge = json!({"apiGroups": [GROUP], "resources": ["agreementdecisions"], "verbs": ["purge"]});
    stage.cluster.allow(&stage.namespace, &clerk, &json!([delete])).await?;
    stage.cluster.allow(&stage.namespace, &records, &json!([delete, purge])).await?;
    let refusal = send(&stage.cluster.client(&clerk).await?, "DELETE", &path, &Value::Null).await.err();
    let refusal = refusal.context("accepted")?;
    assert!(refusal.by_policy("append-only"), "{}", refusal.message);
    let records = stage.cluster.client(&records).await?;
    ask(&records, "DELETE", &path, &Value::Null).await?;
    // The garbage collector has to take off the finalizer that this leaves, and the policy has to let it.
    let foreground = json!({"kind": "DeleteOptions", "apiVersion": "v1", "propagationPolicy": "Foreground"});
    ask(&records, "DELETE", &other, &foreground).await?;
    // Its discovery of new kinds takes half a minute.
    let patience = PATIENCE * 3;
    gone(stage.cluster, &other, patience).await
}

#[tokio::test]
async fn a_namespace_with_decisions_and_order_requests_can_be_deleted() -> Result<()> {
    let stage = Stage::new("deleted").await?;
    let operator = stage.operator().await?;
    stage.decided().await?;
    stage.issued(&operator).await?;
    stage.cluster.example(&stage.namespace, "fibre").await?;
    let path = format!("/api/v1/namespaces/{}", stage.namespace);
    ask(&stage.cluster.admin()?, "DELETE", &path, &Value::Null).await?;
    gone(stage.cluster, &path, PATIENCE * 2).await
}
