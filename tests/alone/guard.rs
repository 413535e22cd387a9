//! The guard against those who take the policies away: administrators of the cluster, for a moment or for good.

use anyhow::{Result, anyhow};
use countersign::admission::{OPERATOR, Set, versioned};
use countersign_api::CustomerAgreement;
use k8s_openapi::api::events::v1::Event;
use kube::Api;
use kube::api::ListParams;
use serde_json::{Value, json};
use testenv::until;
use testkit::alone::{Turn, installed};
use testkit::decision::confirm;
use testkit::operator::Operator;
use testkit::people::eva;
use testkit::stage::{Stage, condition, ignored_in, phase_of};
use testkit::{Cluster, OPERATOR_NAMESPACE, PATIENCE, decision, raw, shipped};
use tokio::sync::{Mutex, MutexGuard};

const POLICIES: &str = "/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies";
const BINDINGS: &str = "/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicybindings";

/// The policies are there once for all tests, and each of these takes them away.
async fn alone() -> Result<(&'static Cluster, (Turn, MutexGuard<'static, ()>))> {
    static TURN: Mutex<()> = Mutex::const_new(());
    let only = TURN.lock().await;
    let turn = installed("guard").await?;
    Ok((turn.cluster, (turn, only)))
}

/// The name under which the policy `decide` and its binding are installed.
fn decide_policy() -> String {
    let names = Set::of(OPERATOR).policies.into_iter().filter_map(|policy| policy.metadata.name);
    names.into_iter().find(|name| name.starts_with("decide-")).unwrap()
}

/// Somebody with every right, who decides in Eva's name. Returns the decision's name once it was let through.
async fn forge(stage: &Stage<'_>) -> Result<String> {
    let forged = decision::as_shown(&stage.get().await?, &eva(), confirm());
    let admin = stage.cluster.admin()?;
    let path = raw::path("agreementdecisions", &stage.namespace);
    let made = until("a forged decision was let through", PATIENCE, || async {
        match raw::send(&admin, "POST", &path, &forged).await {
            Ok(made) => Ok(Some(made)),
            Err(refusal) => Err(refusal.into_error()),
        }
    })
    .await?;
    Ok(testkit::schema::word(&made, "/metadata/name").to_owned())
}

async fn until_guard(operator: &Operator, active: bool) -> Result<()> {
    let line = format!("countersign_decision_guard_active {}", u8::from(active));
    until(format_args!("{line}"), PATIENCE, || async {
        let told = operator.metrics.render()?;
        Ok(told.lines().any(|known| known == line).then_some(()))
    })
    .await
}

/// Takes all of it away and installs it as shipped, as an administrator would after an incident.
async fn reinstall(cluster: &Cluster) -> Result<()> {
    let admin = cluster.admin()?;
    let set = Set::of(OPERATOR);
    let policies = set.policies.iter().map(|policy| (POLICIES, &policy.metadata));
    let bindings = set.bindings.iter().map(|binding| (BINDINGS, &binding.metadata));
    for (kind, metadata) in bindings.chain(policies) {
        let path = format!("{kind}/{}", metadata.name.clone().unwrap_or_default());
        match raw::send(&admin, "DELETE", &path, &Value::Null).await {
            Ok(_) => {}
            Err(refusal) if refusal.code == 404 => {}
            Err(refusal) => return Err(refusal.into_error()),
        }
    }
    for yaml in shipped("deploy/admission")? {
        cluster.plane.apply_yaml(&admin, &yaml).await?;
    }
    Ok(())
}

async fn patch(cluster: &Cluster, kind: &str, change: &Value) -> Result<()> {
    let path = format!("{kind}/{}", decide_policy());
    raw::ask(&cluster.admin()?, "PATCH", &path, change).await.map(drop)
}

/// Why the agreement does not go on.
async fn until_inactive(stage: &Stage<'_>) -> Result<String> {
    let inactive = stage
        .until("the guard is inactive", |agreement| condition(agreement, "Ready").1 == "GuardInactive")
        .await?;
    assert_eq!(condition(&inactive, "Stalled").1, "GuardInactive");
    Ok(condition(&inactive, "Ready").2)
}

/// Eva confirms, and again as often as she is told that the policies were not in force for long enough. Returns the decision
/// that counts.
async fn counted_in_the_end(stage: &Stage<'_>) -> Result<String> {
    until("a decision of Eva's counted", PATIENCE, || async {
        let made = stage.decide(&eva(), confirm()).await?;
        let weighed = |agreement: &CustomerAgreement| {
            let ignored = ignored_in(agreement).iter().any(|(name, _)| *name == made);
            ignored || phase_of(agreement) == "AwaitingSignOff"
        };
        let agreement = stage.until("it was weighed", weighed).await?;
        Ok((phase_of(&agreement) == "AwaitingSignOff").then_some(made))
    })
    .await
}

async fn own_events(cluster: &Cluster, reason: &str) -> Result<Vec<Event>> {
    let events: Api<Event> = Api::namespaced(cluster.admin()?, OPERATOR_NAMESPACE);
    let all = events.list(&ListParams::default()).await?.items;
    Ok(all.into_iter().filter(|event| event.reason.as_deref() == Some(reason)).collect())
}

#[tokio::test]
async fn a_decision_that_was_forged_while_a_binding_was_gone_never_counts() -> Result<()> {
    let (cluster, _turn) = alone().await?;
    let stage = Stage::set(cluster, "fibre").await?;
    let operator = Operator::start(cluster, &[&stage.namespace]).await?;
    until_guard(&operator, true).await?;
    let warned = own_events(cluster, "GuardInactive").await?.len();
    cluster.example(&stage.namespace, "fibre").await?;
    stage.until_phase("AwaitingConfirmation").await?;

    let binding = format!("{BINDINGS}/{}", decide_policy());
    raw::ask(&cluster.admin()?, "DELETE", &binding, &Value::Null).await?;
    let forged = forge(&stage).await?;
    until_guard(&operator, false).await?;
    let message = until_inactive(&stage).await?;
    assert!(message.contains(&decide_policy()) && message.contains("is missing"), "{message}");
    let agreement = stage.get().await?;
    assert_eq!(phase_of(&agreement), "AwaitingConfirmation", "nothing moved");
    assert_eq!(condition(&agreement, "Understood").0, "False");

    reinstall(cluster).await?;
    until_guard(&operator, true).await?;
    assert_eq!(stage.ignored(&forged).await?, "BeforeGuard");
    let counted = counted_in_the_end(&stage).await?;
    let confirmed = stage.until_phase("AwaitingSignOff").await?.status.unwrap().confirmation.unwrap();
    let counts: Vec<_> = confirmed.decisions.into_iter().map(|decision| decision.decision).collect();
    assert_eq!(counts, [counted], "and not the forged one");

    let warnings = until("the loss was told", PATIENCE, || async {
        let told = own_events(cluster, "GuardInactive").await?;
        Ok((told.len() > warned).then_some(told))
    })
    .await?;
    assert_eq!(warnings.len() - warned, 1, "one, and not one for each agreement or look");
    assert!(warnings.iter().all(|event| event.type_.as_deref() == Some("Warning")));
    operator.stop().await
}

/// A binding that was weakened and put back while the operator was down is found.
#[tokio::test]
async fn a_binding_that_was_weakened_while_it_was_down_is_found() -> Result<()> {
    let (cluster, _turn) = alone().await?;
    let stage = Stage::set(cluster, "fibre").await?;
    let operator = Operator::start(cluster, &[&stage.namespace]).await?;
    cluster.example(&stage.namespace, "fibre").await?;
    stage.until_phase("AwaitingConfirmation").await?;
    operator.stop().await?;

    patch(cluster, BINDINGS, &json!({"spec": {"validationActions": ["Warn"]}})).await?;
    let forged = forge(&stage).await?;
    patch(cluster, BINDINGS, &json!({"spec": {"validationActions": ["Deny", "Audit"]}})).await?;

    let operator = Operator::start(cluster, &[&stage.namespace]).await?;
    until_guard(&operator, false).await?;
    let message = until_inactive(&stage).await?;
    assert!(message.contains("was changed since it was installed"), "{message}");
    reinstall(cluster).await?;
    until_guard(&operator, true).await?;
    assert_eq!(stage.ignored(&forged).await?, "BeforeGuard");
    assert_eq!(phase_of(&stage.get().await?), "AwaitingConfirmation");
    operator.stop().await
}

#[tokio::test]
async fn however_a_policy_is_weakened_nothing_counts_until_it_is_installed_anew() -> Result<()> {
    let (cluster, _turn) = alone().await?;
    let stage = Stage::set(cluster, "fibre").await?;
    let operator = Operator::start(cluster, &[&stage.namespace]).await?;
    let never = json!([{"name": "never", "expression": "false"}]);
    for (what, kind, change) in [
        ("it only warns", BINDINGS, json!({"spec": {"validationActions": ["Warn", "Audit"]}})),
        (
            "it binds some namespaces only",
            BINDINGS,
            json!({"spec": {"matchResources": {"namespaceSelector": {"matchLabels": {"guarded": "yes"}}}}}),
        ),
        ("it never matches", POLICIES, json!({"spec": {"matchConditions": never}})),
        ("it lets pass what it cannot judge", POLICIES, json!({"spec": {"failurePolicy": "Ignore"}})),
        ("it asks for less", POLICIES, json!({"spec": {"validations": [{"expression": "true"}]}})),
        (
            "it hides behind a label",
            POLICIES,
            json!({"metadata": {"labels": {"app.kubernetes.io/name": "other"}}}),
        ),
    ] {
        until_guard(&operator, true).await?;
        patch(cluster, kind, &change).await?;
        until_guard(&operator, false).await.map_err(|error| error.context(what))?;
        reinstall(cluster).await?;
    }
    until_guard(&operator, true).await?;
    operator.stop().await
}

#[tokio::test]
async fn what_refuses_the_trial_in_the_place_of_the_policies_proves_nothing() -> Result<()> {
    let (cluster, _turn) = alone().await?;
    let admin = cluster.admin()?;
    let stage = Stage::set(cluster, "fibre").await?;
    let bindings = format!("{}/namespaces/{OPERATOR_NAMESPACE}/rolebindings", testkit::RBAC);
    let right = raw::ask(&admin, "GET", &format!("{bindings}/countersign-guard"), &Value::Null).await?;
    raw::ask(&admin, "DELETE", &format!("{bindings}/countersign-guard"), &Value::Null).await?;
    let operator = Operator::start(cluster, &[&stage.namespace]).await?;
    until_guard(&operator, false).await?;
    cluster.example(&stage.namespace, "fibre").await?;
    let message = until_inactive(&stage).await?;
    assert!(message.contains("refused by something else"), "{message}");

    let fresh = testkit::schema::with(&right, "/metadata", &json!({"name": "countersign-guard"}));
    raw::ask(&admin, "POST", &bindings, &fresh).await?;
    until_guard(&operator, true).await?;
    let goes_on = |agreement: &CustomerAgreement| condition(agreement, "Ready").1 == "AwaitingConfirmation";
    stage.until("it goes on", goes_on).await?;
    operator.stop().await.map_err(|error| anyhow!("{error:#}"))
}

/// During an upgrade both sets are installed and decisions count all the time.
#[tokio::test]
async fn during_an_upgrade_decisions_count_all_the_time() -> Result<()> {
    let (cluster, _turn) = alone().await?;
    let admin = cluster.admin()?;
    let stage = Stage::set(cluster, "fibre").await?;
    let operator = Operator::start(cluster, &[&stage.namespace]).await?;
    until_guard(&operator, true).await?;
    let warned = own_events(cluster, "GuardInactive").await?.len();
    cluster.example(&stage.namespace, "fibre").await?;
    stage.until_phase("AwaitingConfirmation").await?;

    // Another version, with another text in it.
    let ours = shipped("deploy/admission")?;
    let other = ours.iter().map(|text| versioned(&text.replace("# ", "#  ")));
    let other: Vec<String> = other.collect();
    let named = |texts: &[String]| -> Vec<String> {
        let lines = texts.iter().flat_map(|text| text.lines());
        lines.filter_map(|line| line.strip_prefix("  policyName: ").map(str::to_owned)).collect()
    };
    assert!(named(&other).iter().all(|name| !named(&ours).contains(name)), "{:?}", named(&other));
    for yaml in &other {
        cluster.plane.apply_yaml(&admin, yaml).await?;
    }
    let counted = counted_in_the_end(&stage).await?;
    for name in named(&other) {
        for kind in [BINDINGS, POLICIES] {
            raw::ask(&admin, "DELETE", &format!("{kind}/{name}"), &Value::Null).await?;
        }
    }
    stage.decide(&eva(), json!({"action": "Sign"})).await?;
    let signed = stage.until_waiting_for("Jonas Berg").await?.status.unwrap();
    assert_eq!(signed.confirmation.unwrap().decisions[0].decision, counted);
    until_guard(&operator, true).await?;
    assert_eq!(own_events(cluster, "GuardInactive").await?.len(), warned);
    operator.stop().await
}
