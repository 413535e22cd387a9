//! Deciding as somebody else, as nobody, or twice.

use anyhow::{Context, Result};
use kube::{Client, config::AuthInfo};
use serde_json::{Value, json};
use testenv::until;

use super::{account, gitops, may, policy, running, under};
use testkit::decision::confirm;
use testkit::people::{Person, desk, eva, lea, mary, omar};
use testkit::raw::{self, Refusal};
use testkit::schema::{with, word};
use testkit::stage::{Stage, condition, phase_of};
use testkit::{PATIENCE, decision};

/// A decision that was committed to git is refused whatever the tool that applies it may do.
///
/// Whoever may merge to Git would sign for everybody if a tool's word counted.
#[tokio::test]
async fn a_decision_that_was_committed_to_git_is_refused() -> Result<()> {
    let stage = Stage::with_agreement(running().await?, "fibre").await?;
    let asked = stage.until_phase("AwaitingConfirmation").await?;
    let committed = decision::as_shown(&asked, &eva(), confirm());
    let committed = with(&committed, "/metadata", &json!({"name": "from-git"}));
    let committed = with(&committed, "/spec/decidedBy", &json!({"username": eva().name}));
    let narrow = [
        may("agreementdecisions", &["get", "create", "patch"]),
        may("customeragreements", &["confirm", "sign", "attest"]),
    ];
    let wide = json!([{"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]}]);
    let user = Person::user("flux@delivery.example", &[]);
    stage.cluster.allow(&stage.namespace, &user, &json!(narrow)).await?;
    for (tool, says) in [
        (gitops(&stage).await?, "no wildcard holder: "),
        (Person::user("admin", &["system:masters"]), "no wildcard holder: "),
        (account(&stage, "argocd", &wide).await?, "no wildcard holder: "),
        (account(&stage, "narrow", &json!(narrow)).await?, "people only: "),
        (user, "no borrowed name: "),
    ] {
        let client = stage.cluster.client(&tool).await?;
        let collection = raw::path("agreementdecisions", &stage.namespace);
        let made = raw::send(&client, "POST", &collection, &committed).await;
        let applied = raw::apply(&client, &format!("{collection}/from-git"), &committed).await;
        for answer in [made, applied] {
            let refusal = answer.err().with_context(|| format!("{} decided as Eva", tool.name))?;
            assert!(refusal.by_policy("decide"), "{}: {}", tool.name, refusal.message);
            assert!(refusal.message.contains(says), "{}: {}", tool.name, refusal.message);
        }
    }
    // Her own is made by her, and is the only one there is.
    let own = stage.decide(&eva(), confirm()).await?;
    let confirmed = stage.until_phase("AwaitingSignOff").await?.status.unwrap().confirmation.unwrap();
    let counted: Vec<_> = confirmed.decisions.into_iter().map(|decision| decision.decision).collect();
    assert_eq!(counted, [own]);
    Ok(())
}

#[tokio::test]
async fn who_gives_no_name_decides_nothing() -> Result<()> {
    let stage = Stage::with_agreement(running().await?, "fibre").await?;
    let anonymous = Person::user("system:anonymous", &[]);
    stage.cluster.grant(&stage.namespace, "countersign-confirmer", &anonymous).await?;
    stage.cluster.grant(&stage.namespace, "countersign-attester", &anonymous).await?;
    let mut config = stage.cluster.plane.admin_config()?;
    config.auth_info = AuthInfo::default();
    let client = Client::try_from(config)?;
    let path = raw::path("agreementdecisions", &stage.namespace);
    for by in [&anonymous, &eva()] {
        let decision = decision::on(&stage.agreement, "00", by, confirm());
        let refusal = raw::send(&client, "POST", &path, &decision).await.err().context("accepted")?;
        assert!(refusal.by_policy("decide"), "{}", refusal.message);
        assert!(refusal.message.contains("people only: \"system:anonymous\""), "{}", refusal.message);
    }
    Ok(())
}

/// Verbs of RBAC let a person speak; whether the word counts is said by the agreement and by the policy.
#[tokio::test]
async fn the_verb_alone_makes_nobody_a_representative_a_manager_or_a_signatory() -> Result<()> {
    let stage = Stage::with_agreement(running().await?, "fibre").await?;
    stage.until_phase("AwaitingConfirmation").await?;
    let stranger = Person::user("stranger@countersign.example", &[]);
    for role in ["confirmer", "signatory", "approver", "countersignatory"] {
        stage.cluster.grant(&stage.namespace, &format!("countersign-{role}"), &stranger).await?;
    }
    // Something that counts, so that the rest is weighed and shown.
    let understood = json!({"action": "Confirm", "statements": ["Understood"]});
    stage.decide(&eva(), understood).await?;
    for act in [
        confirm(),
        json!({"action": "Decline", "reason": "no"}),
        json!({"action": "RequestChange", "reason": "cheaper"}),
        json!({"action": "Withdraw", "reason": "gone"}),
    ] {
        let made = stage.decide(&stranger, act.clone()).await?;
        assert_eq!(stage.ignored(&made).await?, "NotHolder", "{act}");
    }
    // Here nobody is asked to approve, so whoever holds the level has nothing to say either.
    for act in ["Approve", "Refuse"] {
        let act = json!({"action": act, "function": "sales", "level": "L4", "reason": "because"});
        let made = stage.decide(&stranger, act.clone()).await?;
        assert_eq!(stage.ignored(&made).await?, "NotRequired", "{act}");
    }
    stage.decide(&eva(), confirm()).await?;
    stage.until_phase("AwaitingSignOff").await?;
    // The provider's turn comes after the customer's.
    for (action, reason) in [("Sign", "NotHolder"), ("Countersign", "OutOfTurn")] {
        let made = stage.decide(&stranger, json!({"action": action})).await?;
        assert_eq!(stage.ignored(&made).await?, reason, "{action}");
    }
    stage.decide(&eva(), json!({"action": "Sign"})).await?;
    stage.until_waiting_for("Jonas Berg").await?;
    let made = stage.decide(&stranger, json!({"action": "Countersign"})).await?;
    assert_eq!(stage.ignored(&made).await?, "NotHolder");
    assert_eq!(phase_of(&stage.get().await?), "AwaitingSignOff");
    Ok(())
}

async fn escalated(stage: &Stage<'_>) -> Result<()> {
    stage.until_phase("AwaitingConfirmation").await?;
    let outcomes =
        json!([{"id": "sims", "outcome": "Confirmed"}, {"id": "handsets", "outcome": "Confirmed"}]);
    stage.confirm(&omar(), outcomes.clone()).await?;
    stage.confirm(&lea(), outcomes).await?;
    stage.until_phase("Escalated").await.map(drop)
}

fn approve(function: &str, level: &str) -> Value {
    json!({"action": "Approve", "function": function, "level": level})
}

#[tokio::test]
async fn the_account_owner_does_not_approve_under_another_name_either() -> Result<()> {
    let stage = Stage::set(running().await?, "fleet").await?;
    stage.cluster.example(&stage.namespace, "fleet").await?;
    stage.until_phase("AwaitingConfirmation").await?;
    // She was the owner under her other name, and gave that up: it is remembered.
    let owner = |username: &str| json!({"provider": {"ownerUsername": username}});
    stage.edit(owner("oidc:m.osei@telecom.example")).await?;
    stage
        .until("the owner was seen", |a| a.status.as_ref().is_some_and(|status| status.owners.len() == 2))
        .await?;
    stage.edit(owner("s.patel")).await?;
    escalated(&stage).await?;
    stage.decide(&desk(), approve("finance", "L1")).await?;
    // Her level has no other holder, so the next one is asked.
    stage.until_waiting_for("sales L4").await?;
    let hers = stage.decide(&mary(), approve("sales", "L3")).await?;
    assert_eq!(stage.ignored(&hers).await?, "OwnerMayNotApprove");
    assert_eq!(phase_of(&stage.get().await?), "Escalated");
    Ok(())
}

#[tokio::test]
async fn one_person_does_not_approve_twice_under_two_names() -> Result<()> {
    let twice = policy("twice")?;
    let twice = with(
        &twice,
        "/spec/rules/escalation/quorums",
        &json!([{"function": "finance", "level": "L1", "count": 2}]),
    );
    let twice =
        with(&twice, "/spec/aliases/1", &json!({"username": "d.desk", "aliases": ["desk@idp.example"]}));
    let stage = under(&twice, "fleet").await?;
    let alias = Person::user("desk@idp.example", &["deal-desk"]);
    let colleague = Person::user("d.two", &["deal-desk"]);
    for who in [&alias, &colleague] {
        stage.cluster.grant(&stage.namespace, "countersign-approver", who).await?;
    }
    escalated(&stage).await?;
    stage.decide(&desk(), approve("finance", "L1")).await?;
    let once = |a: &countersign_api::CustomerAgreement| {
        a.status.as_ref().is_some_and(|status| status.approvals[0].decided_by.len() == 1)
    };
    stage.until("the first approval counted", once).await?;
    let again = stage.decide(&alias, approve("finance", "L1")).await?;
    assert_eq!(stage.ignored(&again).await?, "NotDistinct");
    assert!(once(&stage.get().await?));
    stage.decide(&colleague, approve("finance", "L1")).await?;
    stage.until_waiting_for("sales L3").await?;
    Ok(())
}

#[tokio::test]
async fn one_person_is_not_on_both_sides_under_two_names() -> Result<()> {
    let stage = Stage::set(running().await?, "fleet").await?;
    stage.cluster.example(&stage.namespace, "fleet").await?;
    stage.until_phase("AwaitingConfirmation").await?;
    // Mary signs for the provider.
    let spy = json!([{"name": "M. O.", "username": "oidc:m.osei@telecom.example", "roles": ["Confirmer", "Signatory"]}]);
    stage.edit(json!({"customer": {"representatives": spy}})).await?;
    let faulty = stage.until_phase("Pending").await?;
    let (_, reason, message) = condition(&faulty, "Valid");
    assert_eq!(reason, "TermsInvalid");
    assert!(message.contains("must not be on both sides"), "{message}");
    Ok(())
}

/// Nobody poses as another without the right and nobody who has it remains unseen.
///
/// Who may pose as everybody decides as everybody; so that is a right of its own, and the log shows both.
#[tokio::test]
async fn nobody_poses_as_another_without_the_right_or_unseen() -> Result<()> {
    let stage = Stage::with_agreement(running().await?, "fibre").await?;
    let asked = stage.until_phase("AwaitingConfirmation").await?;
    let helper = Person::user("helper@countersign.example", &[]);
    for role in ["confirmer", "signatory"] {
        stage.cluster.grant(&stage.namespace, &format!("countersign-{role}"), &helper).await?;
    }
    let client = stage.cluster.client(&helper).await?;
    let decision = with(
        &decision::as_shown(&asked, &eva(), confirm()),
        "/spec/decidedBy",
        &json!({"username": eva().name}),
    );
    let post = async |groups: &[&str]| -> Result<Result<Value, Refusal>> {
        let mut posing = http::Request::post(raw::path("agreementdecisions", &stage.namespace))
            .header("content-type", "application/json")
            .header("impersonate-user", eva().name);
        for group in groups {
            posing = posing.header("impersonate-group", *group);
        }
        let answer = client.request::<Value>(posing.body(decision.to_string().into_bytes())?).await;
        Ok(answer.map_err(Refusal::from))
    };
    let refusal = post(&[]).await?.err().context("posed as Eva")?;
    assert!(refusal.code == 403 && refusal.message.contains("cannot impersonate"), "{}", refusal.message);

    // With it, and for her alone, it is her decision: no policy can see a difference.
    let as_eva = json!([{"apiGroups": [""], "resources": ["users"], "verbs": ["impersonate"], "resourceNames": [eva().name]}]);
    stage.cluster.allow_everywhere(&helper, &as_eva).await?;
    let refusal = post(&["deal-desk"]).await?.err().context("posed as a group")?;
    assert!(refusal.code == 403 && refusal.message.contains("cannot impersonate"), "{}", refusal.message);
    let mark = stage.cluster.plane.audit_mark()?;
    let made = post(&[]).await?.map_err(Refusal::into_error)?;
    stage.until_phase("AwaitingSignOff").await?;
    let seen = until("the log has it", PATIENCE, || async {
        let events = stage.cluster.plane.audit_since(mark)?;
        Ok(events.into_iter().find(|event| event.impersonated_user.is_some() && event.verb == "create"))
    })
    .await?;
    assert_eq!(seen.user.username, helper.name);
    assert_eq!(seen.impersonated_user.unwrap().username, eva().name);
    let said: Vec<_> = seen.annotations.values().filter(|said| said.starts_with("Confirm ")).collect();
    assert_eq!(said.len(), 1, "{:?} for {}", seen.annotations, word(&made, "/metadata/name"));
    Ok(())
}
