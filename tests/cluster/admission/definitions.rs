//! The definitions.

use anyhow::{Context, Result};
use countersign_api::{GROUP, crd};
use serde_json::{Value, json};
use testkit::DEFINITIONS;
use testkit::raw::{ask, send};
use testkit::schema::word;

use super::Stage;

#[tokio::test]
async fn no_definition_is_deleted_by_accident() -> Result<()> {
    let stage = Stage::new("definitions").await?;
    let admin = stage.cluster.admin()?;
    for definition in crd::all() {
        let path = format!("{DEFINITIONS}/{}?dryRun=All", word(&definition, "/metadata/name"));
        let refusal = send(&admin, "DELETE", &path, &Value::Null).await.err().context("accepted")?;
        assert!(refusal.by_policy("definitions"), "{path}: {}", refusal.message);
    }
    // The deletion of a collection names no object, and must be refused all the same.
    let all = format!("{DEFINITIONS}?dryRun=All");
    let refusal = send(&admin, "DELETE", &all, &Value::Null).await.err().context("accepted")?;
    assert!(refusal.by_policy("definitions"), "{}", refusal.message);

    let one = format!("{DEFINITIONS}/standardterms.{GROUP}");
    let annotate =
        |value: Value| json!({"metadata": {"annotations": {"countersign.dev/confirm-deletion": value}}});
    ask(&admin, "PATCH", &one, &annotate(json!("yes"))).await?;
    let answer = send(&admin, "DELETE", &format!("{one}?dryRun=All"), &Value::Null).await;
    ask(&admin, "PATCH", &one, &annotate(Value::Null)).await?;
    assert!(answer.is_ok(), "{answer:?}");
    Ok(())
}

#[tokio::test]
async fn definitions_of_others_are_none_of_our_business() -> Result<()> {
    let stage = Stage::new("others").await?;
    let admin = stage.cluster.admin()?;
    let other = json!({
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": {"name": "things.example.dev"},
        "spec": {
            "group": "example.dev", "scope": "Namespaced", "names": {"plural": "things", "kind": "Thing"},
            "versions": [{"name": "v1", "served": true, "storage": true, "schema": {"openAPIV3Schema": {"type": "object"}}}],
        },
    });
    ask(&admin, "POST", DEFINITIONS, &other).await?;
    ask(&admin, "DELETE", &format!("{DEFINITIONS}/things.example.dev"), &Value::Null).await.map(drop)
}
