//! Which policy holds: the one that was Active when the terms were submitted, whatever becomes of it later.

use anyhow::Result;
use serde_json::{Value, json};

use super::running;
use testkit::example::{Example, selecting};
use testkit::people::{eva, jonas, kaur};
use testkit::stage::{Stage, condition, status_of, step_of};
use testkit::{raw, schema};

const NOT_CONFIRMED: &str = "the mill burnt down";

/// A second policy for the namespace, which lets no order be left out. Returns its name.
async fn second_policy(stage: &Stage<'_>, label: &str) -> Result<String> {
    let name = format!("{}-second", stage.namespace);
    let policy = stage.policy.clone().unwrap();
    let policy = schema::with(&policy, "/spec/rules/confirmation/partialOrders", &json!("Forbidden"));
    let policy = selecting(&policy, &name, label);
    stage.cluster.plane.apply_yaml(&stage.cluster.admin()?, &policy.to_string()).await?;
    Ok(name)
}

/// Fibre under a policy for its namespace alone, with the rules of the examples.
fn fibre() -> Result<Example> {
    Example::of("fibre")?.under("/spec/lifecycleState", &json!("Active"))
}

/// An agreement that never becomes valid, so that nothing is pinned: it shows which policies the operator knows by now.
async fn canary<'a>(stage: &Stage<'a>) -> Result<Stage<'a>> {
    let mut canary = stage.another("canary");
    canary.document = schema::with(&canary.document, "/spec/terms/0/value", &json!("soon"));
    canary.submit().await?;
    Ok(canary)
}

async fn until_known(canary: &Stage<'_>, reason: &str) -> Result<()> {
    let shown = |agreement: &_| condition(agreement, "Valid").1 == reason;
    canary.until(&format!("the operator knows it: {reason}"), shown).await.map(drop)
}

fn pinned(agreement: &countersign_api::CustomerAgreement) -> String {
    status_of(agreement).pinned.map(|pinned| pinned.policy.name).unwrap_or_default()
}

/// Two policies for one namespace are both named and once one is retired it goes on.
#[tokio::test]
async fn two_policies_for_one_namespace_are_both_named() -> Result<()> {
    let stage = fibre()?.set(running().await?).await?;
    let second = second_policy(&stage, &stage.namespace).await?;
    until_known(&canary(&stage).await?, "PolicyConflict").await?;
    stage.submit().await?;
    let conflict = stage
        .until("both policies are seen", |agreement| condition(agreement, "Valid").1 == "PolicyConflict")
        .await?;
    let (_, reason, message) = condition(&conflict, "Stalled");
    assert_eq!(reason, "PolicyConflict");
    for name in [&stage.namespace, &second] {
        assert!(message.contains(&format!("`{name}`")), "{name} is not in {message:?}");
    }
    assert_eq!(status_of(&conflict).waiting_on.as_deref(), Some("an admin, see Stalled"));
    assert!(status_of(&conflict).waiting_for.is_empty(), "the author can do nothing about it");

    stage.change_policy(&stage.namespace, json!({"lifecycleState": "Retired"})).await?;
    let valid = stage.until_phase("AwaitingConfirmation").await?;
    assert_eq!((pinned(&valid), condition(&valid, "Stalled").0), (second, String::new()));
    stage.sign_fibre().await?;
    stage.until_phase("Agreed").await?;
    Ok(())
}

#[tokio::test]
async fn a_policy_that_was_retired_rules_on_what_was_submitted_under_it() -> Result<()> {
    let stage = fibre()?.begin(running().await?).await?;
    stage.until_phase("AwaitingConfirmation").await?;
    let canary = canary(&stage).await?;
    stage.change_policy(&stage.namespace, json!({"lifecycleState": "Retired"})).await?;
    until_known(&canary, "NoPolicy").await?;
    let second = second_policy(&stage, &stage.namespace).await?;
    until_known(&canary, "TermsInvalid").await?;
    let newer = stage.another("norrland-timber-fibre-2");
    newer.submit().await?;
    let under_the_second = newer.until_phase("AwaitingConfirmation").await?;
    assert_eq!(pinned(&under_the_second), second);

    let leaves_it_out = json!([{"id": "o1", "outcome": "NotConfirmed", "reason": NOT_CONFIRMED}]);
    let forbidden = newer.confirm(&eva(), leaves_it_out.clone()).await?;
    assert_eq!(newer.ignored(&forbidden).await?, "PartialOrdersForbidden");
    stage.confirm(&eva(), leaves_it_out).await?;
    stage.sign(&eva(), "Jonas Berg", &jonas()).await?;
    let agreed = stage.until_phase("Agreed").await?;
    assert_eq!(pinned(&agreed), stage.namespace);
    assert_eq!(status_of(&agreed).orders[0].reason.as_deref(), Some(NOT_CONFIRMED));
    newer.sign_fibre().await?;
    newer.until_phase("Agreed").await?;
    assert_eq!(stage.order_requests().await?.len(), 1, "only the newer one has an order");
    Ok(())
}

#[tokio::test]
async fn a_namespace_that_loses_its_policy_ends_nothing_and_takes_nothing_new() -> Result<()> {
    let stage = Example::of("fibre")?.begin(running().await?).await?;
    stage.confirm_fibre().await?;
    let before = stage.until_phase("AwaitingSignOff").await?;
    let canary = canary(&stage).await?;
    stage.put_under(Value::Null).await?;
    until_known(&canary, "NoPolicy").await?;
    let newer = stage.another("norrland-timber-fibre-2");
    newer.submit().await?;
    let stuck = newer.until_phase("Pending").await?;
    assert_eq!(
        (condition(&stuck, "Valid").1, condition(&stuck, "Stalled").1),
        ("NoPolicy".to_owned(), "NoPolicy".to_owned())
    );
    assert_eq!(stage.get().await?.status, before.status, "what runs does not notice");
    stage.sign(&eva(), "Jonas Berg", &jonas()).await?;
    stage.until_phase("Agreed").await?;

    stage.put_under(json!(testkit::stage::COMMON)).await?;
    let found = newer.until_phase("AwaitingConfirmation").await?;
    assert_eq!(condition(&found, "Stalled").0, "");
    Ok(())
}

#[tokio::test]
async fn edited_terms_are_held_against_the_policy_of_today() -> Result<()> {
    let stage = fibre()?.and(kaur(), "countersign-approver").begin(running().await?).await?;
    stage.until_phase("AwaitingConfirmation").await?;
    let canary = canary(&stage).await?;
    stage.change_policy(&stage.namespace, json!({"lifecycleState": "Retired"})).await?;
    until_known(&canary, "NoPolicy").await?;
    let second = second_policy(&stage, &stage.namespace).await?;
    until_known(&canary, "TermsInvalid").await?;
    let mut terms = serde_json::to_value(stage.get().await?.spec.terms)?;
    terms
        .as_array_mut()
        .unwrap()
        .push(json!({"id": "escrow", "text": "The source code is kept by a notary."}));
    stage.edit_as(&jonas(), json!({"terms": terms})).await?;
    let anew =
        stage.until("it is at revision 2", |a| status_of(a).terms.is_some_and(|t| t.revision == 2)).await?;
    assert_eq!(pinned(&anew), second);
    stage.confirm_fibre().await?;
    stage.approve(&kaur(), "legal", "L3").await?;
    let approved = stage.until_phase("AwaitingSignOff").await?;
    assert_eq!(step_of(&approved, "legal").unwrap().decided_by[0].username, kaur().name);
    Ok(())
}

/// People and state of a policy change and not even the order of its levels does.
#[tokio::test]
async fn people_and_state_of_a_policy_may_change_and_its_levels_may_not() -> Result<()> {
    let stage = fibre()?.set(running().await?).await?;
    let policy = stage.policy.clone().unwrap();
    let path = raw::path(&format!("delegationpolicies/{}", stage.namespace), "");
    let admin = stage.cluster.admin()?;
    for place in ["/spec/rules/ladders", "/spec/rules/ladders/0/levels"] {
        let mut turned = policy.clone();
        turned.pointer_mut(place).and_then(Value::as_array_mut).unwrap().reverse();
        let refused =
            raw::send(&admin, "PATCH", &path, &json!({"spec": {"rules": turned["spec"]["rules"]}})).await;
        let refused = refused.expect_err(place);
        assert!(refused.message.contains("`spec.rules` may not be changed"), "{place}: {refused:?}");
    }
    let mut holders = policy["spec"]["holders"].clone();
    holders.as_array_mut().unwrap().truncate(2);
    for changed in
        [json!({"holders": holders}), json!({"substitutes": []}), json!({"lifecycleState": "Retired"})]
    {
        stage.change_policy(&stage.namespace, changed).await?;
    }

    let [catalogue] = testkit::documents("examples/common/standard-terms.yaml")?.try_into().unwrap();
    let catalogue = schema::with(&catalogue, "/metadata/name", &json!(stage.namespace));
    stage.cluster.plane.apply_yaml(&admin, &catalogue.to_string()).await?;
    let mut turned = catalogue["spec"]["terms"].clone();
    turned[0]["bands"].as_array_mut().unwrap().reverse();
    let path = raw::path(&format!("standardterms/{}", stage.namespace), "");
    let refused = raw::send(&admin, "PATCH", &path, &json!({"spec": {"terms": turned}})).await;
    let refused = refused.expect_err("the first band that holds a value counts");
    assert_eq!(refused.reason, "Invalid", "{refused:?}");
    stage.change(&path, &json!({"spec": {"lifecycleState": "Retired"}})).await
}
