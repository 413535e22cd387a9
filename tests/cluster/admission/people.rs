//! Rules 2 and 3: no wildcard holder, people only.

use anyhow::Result;
use countersign_api::GROUP;
use serde_json::json;
use testkit::people::Person;

use super::{Stage, acts};

/// Administrators and delivery tools decide nothing even when they were granted the verb.
#[tokio::test]
async fn administrators_and_delivery_tools_decide_nothing() -> Result<()> {
    let stage = Stage::new("wildcard").await?;
    let everything = json!([{"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]}]);
    let all_verbs = json!([{"apiGroups": [GROUP], "resources": ["customeragreements", "agreementdecisions"], "verbs": ["*"]}]);
    let argo = stage.account("argocd").await?;
    let root = Person::user("root@countersign.example", &[]);
    let ours = Person::user("ours@countersign.example", &[]);
    stage.cluster.allow(&stage.namespace, &argo, &everything).await?;
    stage.cluster.allow(&stage.namespace, &root, &everything).await?;
    stage.cluster.allow(&stage.namespace, &ours, &all_verbs).await?;
    let admin = Person::user("admin", &["system:masters"]);
    let masquerading = Person::user("eva.lund@norrland-timber.example", &["system:masters"]);
    let mut faults = Vec::new();
    for who in [argo, root, ours, admin, masquerading] {
        for role in ["confirmer", "signatory", "approver", "countersignatory", "attester"] {
            stage.cluster.grant(&stage.namespace, &format!("countersign-{role}"), &who).await?;
        }
        for (act, spec, _) in acts() {
            match stage.decide(&who, spec).await? {
                Err(refusal)
                    if refusal.by_policy("decide") && refusal.message.contains("no wildcard holder: ") => {}
                other => faults.push(format!("{} {act}: {other:?}", who.name)),
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    Ok(())
}

#[tokio::test]
async fn a_service_account_attests_and_decides_nothing_else() -> Result<()> {
    let stage = Stage::new("account").await?;
    let callback = stage.account("esign-callback").await?;
    for role in ["attester", "confirmer", "signatory", "approver", "countersignatory"] {
        stage.cluster.grant(&stage.namespace, &format!("countersign-{role}"), &callback).await?;
    }
    for (act, spec, _) in acts() {
        match (act.starts_with("attested"), stage.decide(&callback, spec).await?) {
            (true, Ok(_)) => {}
            (false, Err(refusal)) if refusal.message.contains("people only: ") => {}
            (_, other) => panic!("{act}: {other:?}"),
        }
    }
    Ok(())
}

#[tokio::test]
async fn system_users_decide_nothing() -> Result<()> {
    let stage = Stage::new("system").await?;
    let node = Person::user("system:node:n1", &["system:nodes"]);
    let component = Person::user("system:kube-scheduler", &[]);
    let in_nodes = Person::user("eva.lund@norrland-timber.example", &["system:nodes"]);
    let in_accounts = Person::user("omar@havlink.example", &["system:serviceaccounts"]);
    for who in [node, component, in_nodes, in_accounts] {
        for role in ["confirmer", "attester"] {
            stage.cluster.grant(&stage.namespace, &format!("countersign-{role}"), &who).await?;
        }
        for (act, spec, roles) in acts() {
            if roles.contains(&"confirmer") || roles.contains(&"attester") {
                match stage.decide(&who, spec).await? {
                    Err(refusal) if refusal.message.contains("people only: ") => {}
                    other => panic!("{} {act}: {other:?}", who.name),
                }
            }
        }
    }
    Ok(())
}
