//! Roles.

use std::collections::BTreeSet;

use anyhow::{Context, Result};
use countersign_api::{GROUP, crd};
use serde_json::Value;
use testkit::raw::send;
use testkit::schema::word;

use super::{ROLES, Stage, acts};

/// The verbs of Kubernetes that our roles use, and our own.
const VERBS: [&str; 13] = [
    "get",
    "list",
    "watch",
    "create",
    "update",
    "patch",
    "delete",
    "confirm",
    "sign",
    "approve",
    "countersign",
    "withdraw",
    "attest",
];

#[test]
fn no_role_has_a_wildcard_or_reaches_people_who_were_not_asked() -> Result<()> {
    let roles = testkit::documents("deploy/rbac/roles.yaml")?;
    let names: BTreeSet<String> = roles.iter().map(|role| word(role, "/metadata/name").to_owned()).collect();
    assert_eq!(names, ROLES.iter().map(|role| format!("countersign-{role}")).collect());
    let ours: BTreeSet<String> =
        crd::all().iter().map(|definition| word(definition, "/spec/names/plural").to_owned()).collect();
    for role in &roles {
        let name = word(role, "/metadata/name");
        assert_eq!(role.get("aggregationRule"), None, "{name}");
        let labels = role.pointer("/metadata/labels").map(Value::to_string).unwrap_or_default();
        assert!(!labels.contains("aggregate-to"), "{name}: {labels}");
        assert!(!word(role, "/metadata/annotations/kubernetes.io~1description").is_empty(), "{name}");
        for rule in role.pointer("/rules").and_then(Value::as_array).context("no rules")? {
            let words = |pointer: &str| -> Vec<String> {
                let list = rule.pointer(pointer).and_then(Value::as_array);
                list.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
            };
            for verb in words("/verbs") {
                assert!(VERBS.contains(&verb.as_str()), "{name}: {verb}");
            }
            let resources = words("/resources");
            let all = words("/apiGroups").into_iter().chain(resources.clone());
            assert!(all.into_iter().all(|word| !word.contains('*')), "{name}: {rule}");
            assert!(!resources.iter().any(|r| r == "customeragreements/status"), "{name} writes outcomes");
            if words("/apiGroups") == [GROUP] {
                let plurals = resources.iter().map(|r| r.split('/').next().unwrap_or_default());
                assert!(plurals.into_iter().all(|plural| ours.contains(plural)), "{name}: {rule}");
            }
        }
    }
    Ok(())
}

#[tokio::test]
async fn customers_decide_without_seeing_what_the_provider_keeps_to_itself() -> Result<()> {
    let stage = Stage::new("reading").await?;
    for (role, reads) in [
        ("confirmer", &[][..]),
        ("signatory", &[]),
        ("attester", &["customeragreements"]),
        ("approver", &["customeragreements", "agreementdecisions"]),
        ("countersignatory", &["customeragreements", "agreementdecisions"]),
        ("author", &["customeragreements", "agreementdecisions", "orderrequests"]),
        ("reader", &["customeragreements", "agreementdecisions", "orderrequests"]),
        ("auditor", &["customeragreements", "agreementdecisions", "orderrequests"]),
        ("order-consumer", &["orderrequests"]),
        ("policy-admin", &[]),
    ] {
        let who = stage.with_role(&format!("{role}@reading.example"), &format!("countersign-{role}")).await?;
        let client = stage.cluster.client(&who).await?;
        for plural in ["customeragreements", "agreementdecisions", "orderrequests"] {
            let answer = send(&client, "GET", &stage.path(plural), &Value::Null).await;
            assert_eq!(answer.is_ok(), reads.contains(&plural), "{role} {plural}: {answer:?}");
        }
    }
    Ok(())
}

#[tokio::test]
async fn the_roles_that_kubernetes_ships_decide_nothing() -> Result<()> {
    let stage = Stage::new("builtin").await?;
    let mut faults = Vec::new();
    for role in ["view", "edit", "admin"] {
        let who = stage.with_role(&format!("{role}@builtin.example"), role).await?;
        for (act, spec, _) in acts() {
            match stage.decide(&who, spec).await? {
                Err(refusal) if refusal.code == 403 => {}
                other => faults.push(format!("{role} {act}: {other:?}")),
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    Ok(())
}
