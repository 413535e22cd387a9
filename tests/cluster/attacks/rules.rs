//! Changing the rules while an agreement runs by them.

use anyhow::{Context, Result};
use serde_json::{Value, json};

use super::{may, policy, under};
use testkit::decision::confirm;
use testkit::example::RULES;
use testkit::people::{Person, desk, eva, lea, omar, patel};
use testkit::raw;
use testkit::schema::with;
use testkit::stage::{Stage, condition, phase_of};

/// Nobody need approve anything here.
fn lax(name: &str) -> Result<Value> {
    let policy = policy(name)?;
    let policy = with(
        &policy,
        "/spec/rules/autoWithin",
        &json!([{"function": "sales", "level": "L4"}, {"function": "finance", "level": "L3"}]),
    );
    let policy = with(&policy, "/spec/rules/signOff/countersignature", &json!("Waived"));
    Ok(with(&policy, "/spec/rules/confirmation/representatives", &json!("Any")))
}

fn pinned(agreement: &countersign_api::CustomerAgreement) -> String {
    let pinned = agreement.status.clone().unwrap_or_default().pinned;
    pinned.map(|pinned| pinned.policy.name).unwrap_or_default()
}

async fn fleet_escalated(stage: &Stage<'_>) -> Result<()> {
    stage.until_phase("AwaitingConfirmation").await?;
    let outcomes =
        json!([{"id": "sims", "outcome": "Confirmed"}, {"id": "handsets", "outcome": "Confirmed"}]);
    stage.confirm(&omar(), outcomes.clone()).await?;
    stage.confirm(&lea(), outcomes).await?;
    stage.until_phase("Escalated").await.map(drop)
}

/// The author's edit and the edit of what guards it arrive together, as from one commit.
#[tokio::test]
async fn no_edit_of_an_agreement_changes_quorum_rules_or_people_with_it() -> Result<()> {
    let stage = under(&policy("firm")?, "fleet").await?;
    fleet_escalated(&stage).await?;
    let author = stage.cluster.client(&patel()).await?;
    let agreement = format!("{}/{}", raw::path("customeragreements", &stage.namespace), stage.agreement);
    let firm = format!("{}/firm", raw::path("delegationpolicies", ""));
    // An agreement has no place for rules: what is not in the definition is refused, or dropped.
    for smuggled in [
        json!({"rules": {"escalation": {"quorum": 1}}}),
        json!({"delegationPolicyRef": {"name": "lax"}}),
        json!({"holders": [{"function": "sales", "level": "L4", "subjects": [{"kind": "User", "name": "s.patel"}]}]}),
    ] {
        let strict = format!("{agreement}?fieldValidation=Strict");
        let refusal = raw::send(&author, "PATCH", &strict, &json!({"spec": smuggled})).await.err();
        let refusal = refusal.with_context(|| format!("accepted {smuggled}"))?;
        assert!(refusal.message.contains("unknown field"), "{}", refusal.message);
        let kept = raw::ask(&author, "PATCH", &agreement, &json!({"spec": smuggled})).await?;
        assert!(smuggled.as_object().unwrap().keys().all(|key| kept["spec"].get(key).is_none()), "{kept}");
    }
    // Its author may not write a policy, and whoever may cannot change its rules.
    let rules = [
        json!({"escalation": {"quorum": 2}}),
        json!({"separation": {"ownerMayNotApprove": false}}),
        json!({"autoWithin": [{"function": "sales", "level": "L4"}]}),
        json!({"signOff": {"countersignature": "Waived"}}),
        json!({"ladders": []}),
    ];
    for change in &rules {
        let change = json!({"spec": {"rules": change}});
        let refusal = raw::send(&author, "PATCH", &firm, &change).await.err().context("accepted")?;
        assert_eq!(refusal.code, 403, "{}", refusal.message);
        let admin = stage.cluster.admin()?;
        let refusal = raw::send(&admin, "PATCH", &firm, &change).await.err().context("accepted")?;
        assert!(refusal.message.contains("`spec.rules` may not be changed"), "{}", refusal.message);
    }
    let still = stage.get().await?;
    assert_eq!((phase_of(&still), pinned(&still).as_str()), ("Escalated", "firm"));
    assert_eq!(still.status.unwrap().terms.unwrap().revision, 1);
    Ok(())
}

/// A policy that is slipped in changes nothing that runs and stops what is new.
#[tokio::test]
async fn a_policy_that_is_slipped_in_stops_only_what_is_new() -> Result<()> {
    let stage = under(&policy("before")?, "fleet").await?;
    fleet_escalated(&stage).await?;
    let slipped =
        with(&lax("slipped-in")?, "/spec/namespaceSelector", &json!({"matchLabels": {RULES: "before"}}));
    raw::ask(&stage.cluster.admin()?, "POST", &raw::path("delegationpolicies", ""), &slipped).await?;
    stage.decide(&desk(), json!({"action": "Approve", "function": "finance", "level": "L1"})).await?;
    let waiting = stage.until_waiting_for("sales L3").await?;
    assert_eq!((phase_of(&waiting), pinned(&waiting).as_str()), ("Escalated", "before"));

    stage.edit(json!({"offerVersion": 2})).await?;
    let stopped = stage.until_phase("Pending").await?;
    let (_, reason, message) = condition(&stopped, "Valid");
    assert_eq!(reason, "PolicyConflict");
    assert!(message.contains("before") && message.contains("slipped-in"), "{message}");
    Ok(())
}

/// Whoever may label the namespace chooses the rules of what comes, not of what runs.
#[tokio::test]
async fn a_namespace_that_is_moved_under_other_rules_moves_nothing_that_runs() -> Result<()> {
    let stage = under(&policy("strict-rules")?, "fleet").await?;
    raw::ask(&stage.cluster.admin()?, "POST", &raw::path("delegationpolicies", ""), &lax("lax-rules")?)
        .await?;
    fleet_escalated(&stage).await?;
    stage.put_under(json!("lax-rules")).await?;
    stage.decide(&desk(), json!({"action": "Approve", "function": "finance", "level": "L1"})).await?;
    let waiting = stage.until_waiting_for("sales L3").await?;
    assert_eq!((phase_of(&waiting), pinned(&waiting).as_str()), ("Escalated", "strict-rules"));
    Ok(())
}

/// The rules cannot be edited; so somebody takes them away and puts weaker ones in their place, under the same name.
#[tokio::test]
async fn rules_that_are_replaced_under_the_same_name_are_other_rules() -> Result<()> {
    let stage = under(&policy("replaced")?, "fibre").await?;
    stage.until_phase("AwaitingConfirmation").await?;
    let path = format!("{}/replaced", raw::path("delegationpolicies", ""));
    let admin = stage.cluster.admin()?;
    let refusal = raw::send(&admin, "DELETE", &path, &Value::Null).await.err().context("accepted")?;
    assert!(refusal.by_policy("kept"), "{}", refusal.message);

    let records = Person::user("records@replaced.example", &[]);
    stage
        .cluster
        .allow_everywhere(&records, &json!([may("delegationpolicies", &["purge", "delete"])]))
        .await?;
    raw::ask(&stage.cluster.client(&records).await?, "DELETE", &path, &Value::Null).await?;
    raw::ask(&admin, "POST", &raw::path("delegationpolicies", ""), &lax("replaced")?).await?;
    let stalled = stage.until("the rules are missed", |a| condition(a, "Ready").1 == "PolicyMissing").await?;
    assert_eq!(condition(&stalled, "Stalled").0, "True");
    let made = stage.decide(&eva(), confirm()).await?;
    // An edit that comes later is seen later.
    let edited = stage.edit(json!({"title": "as before"})).await?.metadata.generation;
    let still = stage
        .until("the edit was seen", |a| {
            a.status.as_ref().is_some_and(|status| status.observed_generation == edited)
        })
        .await?;
    assert_eq!(condition(&still, "Ready").1, "PolicyMissing");
    let status = still.status.unwrap();
    let mut counted = status.confirmation.iter().flat_map(|confirmation| &confirmation.decisions);
    assert!(counted.all(|decision| decision.decision != made), "by other rules: {:?}", status.confirmation);
    Ok(())
}

#[tokio::test]
async fn a_policy_with_several_ladders_can_be_retired() -> Result<()> {
    let stage = under(&policy("retired")?, "fibre").await?;
    let path = format!("{}/retired", raw::path("delegationpolicies", ""));
    let retired = json!({"spec": {"lifecycleState": "Retired"}});
    raw::ask(&stage.cluster.admin()?, "PATCH", &path, &retired).await.map(drop)
}

/// Rules are law, people change: a successor may decide, and only by the rules that were there.
#[tokio::test]
async fn a_new_holder_decides_only_by_the_rules_that_were_there() -> Result<()> {
    let stage = under(&policy("people")?, "fleet").await?;
    fleet_escalated(&stage).await?;
    let late = Person::user("late@countersign.example", &[]);
    stage.cluster.grant(&stage.namespace, "countersign-approver", &late).await?;
    let early =
        stage.decide(&late, json!({"action": "Approve", "function": "finance", "level": "L1"})).await?;
    assert_eq!(stage.ignored(&early).await?, "NotHolder");
    // A policy-admin names another holder of that level.
    let path = format!("{}/people", raw::path("delegationpolicies", ""));
    let admin = stage.cluster.admin()?;
    let policy = raw::ask(&admin, "GET", &path, &Value::Null).await?;
    let mut holders = policy["spec"]["holders"].as_array().unwrap().clone();
    for holder in &mut holders {
        if holder["function"] == "finance" && holder["level"] == "L1" {
            holder["subjects"] =
                json!([{"kind": "Group", "name": "deal-desk"}, {"kind": "User", "name": late.name}]);
        }
    }
    raw::ask(&admin, "PATCH", &path, &json!({"spec": {"holders": holders}})).await?;
    // What was ignored is weighed anew, for the function that it was made for and no other.
    let sales = json!({"action": "Approve", "function": "sales", "level": "L4"});
    let waiting = stage.until_waiting_for("sales L3").await?;
    assert_eq!(waiting.status.unwrap().approvals[0].decided_by[0].username, late.name);
    let beyond = stage.decide(&late, sales).await?;
    assert_eq!(stage.ignored(&beyond).await?, "NotHolder");
    Ok(())
}
