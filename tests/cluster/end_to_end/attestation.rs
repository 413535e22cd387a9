//! Customers who sign elsewhere: somebody records what a representative did, where the policy lets them.

use anyhow::Result;
use countersign_api::agreement_status::Side;
use serde_json::{Value, json};

use super::running;
use testkit::decision::confirm;
use testkit::example::Example;
use testkit::people::{Person, clerk, desk, eva, jonas};
use testkit::raw;
use testkit::stage::{Stage, condition, ignored_in, status_of};

const ATTESTER: &str = "countersign-attester";

/// What the representative did, as somebody else records it.
fn recorded(act: Value) -> Value {
    let mut act = act;
    act["onBehalfOf"] = json!(eva().name);
    act["evidence"] = json!({
        "channel": "ESignature", "uri": "https://sign.example/envelopes/77", "signedTime": "2026-11-25T09:12:44Z",
        "digest": "sha256:0f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c4b5a69788796a5b4c3d2e1f0",
    });
    act
}

/// A service account, as an e-signature tool calls back with.
async fn callback(stage: &Stage<'_>) -> Result<Person> {
    let account = json!({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "e-signature"}});
    let path = format!("/api/v1/namespaces/{}/serviceaccounts", stage.namespace);
    raw::ask(&stage.cluster.admin()?, "POST", &path, &account).await?;
    let account = Person::account(&stage.namespace, "e-signature");
    stage.grant(&account, ATTESTER).await?;
    Ok(account)
}

/// A customer who signed on paper and by e signature is recorded as attested.
#[tokio::test]
async fn a_customer_who_signed_on_paper_is_recorded_as_attested() -> Result<()> {
    let stage = Example::of("fibre")?.and(clerk(), ATTESTER).begin(running().await?).await?;
    let tool = callback(&stage).await?;
    stage.until_phase("AwaitingConfirmation").await?;
    stage.decide(&clerk(), recorded(confirm())).await?;
    let confirmed = stage.until_phase("AwaitingSignOff").await?;
    let counted = status_of(&confirmed).confirmation.unwrap().decisions;
    assert_eq!(
        (counted[0].username.clone(), counted[0].attested_by.clone()),
        (eva().name, Some(clerk().name))
    );

    stage.decide(&tool, recorded(json!({"action": "Sign"}))).await?;
    stage.until_waiting_for("Jonas Berg").await?;
    stage.decide(&jonas(), json!({"action": "Countersign"})).await?;
    let agreed = stage.until_phase("Agreed").await?;
    let signatures: Vec<_> = status_of(&agreed)
        .sign_off
        .unwrap()
        .signatures
        .into_iter()
        .map(|own| (own.side, own.username, own.attested_by))
        .collect();
    assert_eq!(
        signatures,
        [(Side::Customer, eva().name, Some(tool.name.clone())), (Side::Provider, jonas().name, None)]
    );
    let requests = stage.order_requests().await?;
    assert_eq!(requests[0].spec.confirmed_by, [eva().name], "it is the representative who confirmed");
    let told = stage.until_told("CustomerSigned", 1).await?;
    assert!(told[0].note.as_ref().unwrap().contains(&format!("recorded by {}", tool.name)), "{told:?}");
    Ok(())
}

#[tokio::test]
async fn where_the_policy_forbids_it_nobody_records_what_a_representative_did() -> Result<()> {
    let stage = Example::of("fibre")?
        .under("/spec/rules/confirmation/attestation", &json!("Forbidden"))?
        .and(clerk(), ATTESTER)
        .begin(running().await?)
        .await?;
    stage.until_phase("AwaitingConfirmation").await?;
    for act in [confirm(), json!({"action": "Decline", "reason": "they said on the phone"})] {
        let recorded = stage.decide(&clerk(), recorded(act)).await?;
        assert_eq!(stage.ignored(&recorded).await?, "AttestationForbidden");
    }
    let untouched = stage.get().await?;
    assert_eq!(condition(&untouched, "Understood").0, "False");
    stage.sign_fibre().await?;
    stage.until_phase("Agreed").await?;
    Ok(())
}

#[tokio::test]
async fn neither_the_owner_nor_whoever_recorded_something_plays_a_second_part() -> Result<()> {
    let stage = Example::of("fibre")?
        .with_term("payment-days", "45")
        .and(jonas(), ATTESTER)
        .and(desk(), ATTESTER)
        .begin(running().await?)
        .await?;
    stage.until_phase("AwaitingConfirmation").await?;
    let by_the_owner = stage.decide(&jonas(), recorded(confirm())).await?;
    assert_eq!(stage.ignored(&by_the_owner).await?, "NotHolder");
    assert_eq!(condition(&stage.get().await?, "Understood").0, "False");

    // The desk holds finance L1, and may record; but not both on one agreement.
    stage.decide(&desk(), recorded(confirm())).await?;
    let asked = stage.until_waiting_for("(finance L1)").await?;
    assert_eq!(ignored_in(&asked), [(by_the_owner, "NotHolder".to_owned())]);
    // Of two acts in one second the names, which the server makes up, would say which was first.
    stage.until_after(status_of(&asked).confirmation.unwrap().acceptable_time.as_ref().unwrap()).await?;
    let approve = json!({"action": "Approve", "function": "finance", "level": "L1"});
    let second_part = stage.decide(&desk(), approve.clone()).await?;
    assert_eq!(stage.ignored(&second_part).await?, "NotDistinct");
    let colleague = Person::user("e.desk", &["deal-desk"]);
    stage.grant(&colleague, "countersign-approver").await?;
    stage.decide(&colleague, approve).await?;
    stage.until_phase("AwaitingSignOff").await?;
    Ok(())
}
