//! What a real API server exports, `countersign verify` finds whole; and what somebody changed in it, it names.

use anyhow::Result;
use countersign_core::verify::{Claim, Export, Report, Verdict, verify};
use serde_json::{Value, json};

use super::running;
use testkit::people::{desk, jonas, lea, mary, nina, omar, rita};
use testkit::raw::{ask, path};
use testkit::stage::Stage;

/// As `kubectl get cagr,adec,oreq,sterms,dpol -o json` gives it.
async fn export(stages: &[&Stage<'_>]) -> Result<Vec<Value>> {
    let mut items = Vec::new();
    for stage in stages {
        let admin = stage.cluster.admin()?;
        for plural in ["customeragreements", "agreementdecisions", "orderrequests"] {
            let list = ask(&admin, "GET", &path(plural, &stage.namespace), &Value::Null).await?;
            items.extend(list["items"].as_array().unwrap().clone());
        }
    }
    let admin = stages[0].cluster.admin()?;
    for plural in ["standardterms", "delegationpolicies"] {
        let list = ask(&admin, "GET", &path(plural, ""), &Value::Null).await?;
        items.extend(list["items"].as_array().unwrap().clone());
    }
    Ok(items)
}

fn report(items: &[Value]) -> Report {
    let list = json!({"apiVersion": "v1", "kind": "List", "items": items});
    let mut export = Export::default();
    export.read("export.yaml", &serde_saphyr::to_string(&list).unwrap());
    verify(&export)
}

#[tokio::test]
async fn an_export_of_whole_lives_holds_and_a_changed_word_in_it_does_not() -> Result<()> {
    let cluster = running().await?;
    let fleet = Stage::with_agreement(cluster, "fleet").await?;
    fleet.until_phase("AwaitingConfirmation").await?;
    let outcomes = json!([
        {"id": "sims", "outcome": "Confirmed"},
        {"id": "handsets", "outcome": "NotConfirmed", "reason": "buying elsewhere"},
    ]);
    fleet.confirm(&omar(), outcomes.clone()).await?;
    fleet.until_waiting_for("Lea Vogt").await?;
    fleet.confirm(&lea(), outcomes).await?;
    fleet.until_phase("Escalated").await?;
    fleet.approve(&desk(), "finance", "L1").await?;
    fleet.until_waiting_for("sales L3").await?;
    let beyond_her = fleet.approve(&rita(), "sales", "L3").await?;
    assert_eq!(fleet.ignored(&beyond_her).await?, "NotHolder");
    fleet.approve(&mary(), "sales", "L3").await?;
    fleet.until_phase("AwaitingSignOff").await?;
    fleet.sign(&lea(), "Mary Osei", &mary()).await?;
    fleet.until_phase("Agreed").await?;
    let cafe = Stage::with_agreement(cluster, "cafe").await?;
    cafe.until_phase("AwaitingConfirmation").await?;
    cafe.decide(&nina(), json!({"action": "Decline", "reason": "too long"})).await?;
    cafe.until_phase("Declined").await?;
    let late = cafe.decide(&jonas(), json!({"action": "Withdraw", "reason": "too late"})).await?;
    assert_eq!(cafe.ignored(&late).await?, "Closed");

    let mut items = export(&[&fleet, &cafe]).await?;
    let before = report(&items);
    assert!(before.holds_whole(), "{before}");
    assert_eq!(before.agreements.len(), 2, "{before}");

    let request = items.iter_mut().find(|item| item["kind"] == "OrderRequest").unwrap();
    request["spec"]["items"][0]["quantity"] = json!(12_000);
    let after = report(&items);
    let failed: Vec<Claim> = after
        .agreements
        .iter()
        .flat_map(|agreement| &agreement.statements)
        .filter(|statement| statement.verdict == Verdict::Fails)
        .map(|statement| statement.claim)
        .collect();
    assert_eq!(failed, [Claim::OrderRequest], "{after}");
    Ok(())
}
