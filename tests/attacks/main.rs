//! What somebody would try who wants an agreement that was not agreed, on a real API server with the policies and roles as
//! they ship and a running operator. What admission alone refuses is in tests/admission.rs.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

#[path = "../common/mod.rs"]
mod common;

mod evidence;
mod names;
mod replay;
mod rules;

use anyhow::Result;
use common::operator::Operator;
use common::people::Person;
use common::schema::with;
use common::stage::Stage;
use common::{Cluster, documents, installed, raw};
use countersign::api::GROUP;
use serde_json::{Value, json};
use tokio::sync::OnceCell;

/// Policies, roles and one operator for all of these tests. The rules of the examples hold in every namespace whose label
/// `rules` names no others.
async fn running() -> Result<&'static Cluster> {
    static OPERATOR: OnceCell<Operator> = OnceCell::const_new();
    let cluster = installed().await?;
    let start = || async {
        let terms = documents("examples/common/standard-terms.yaml")?.swap_remove(0);
        cluster.plane.apply_yaml(&cluster.admin()?, &terms.to_string()).await?;
        let common = with(
            &policy("b2b-2026")?,
            "/spec/namespaceSelector",
            &json!({"matchExpressions": [{"key": "rules", "operator": "DoesNotExist"}]}),
        );
        raw::ask(&cluster.admin()?, "POST", &raw::path("delegationpolicies", ""), &common).await?;
        Operator::start(cluster, &[]).await
    };
    OPERATOR.get_or_try_init(start).await?;
    Ok(cluster)
}

/// The policy of the examples under another name, for the namespaces whose label `rules` has that name.
fn policy(name: &str) -> Result<Value> {
    let policy = documents("examples/common/delegation-policy.yaml")?.swap_remove(0);
    let policy = with(&policy, "/metadata/name", &json!(name));
    Ok(with(&policy, "/spec/namespaceSelector", &json!({"matchLabels": {"rules": name}})))
}

/// A stage whose namespace has rules of its own.
async fn under(rules: &Value, example: &str) -> Result<Stage<'static>> {
    let cluster = running().await?;
    let admin = cluster.admin()?;
    raw::ask(&admin, "POST", &raw::path("delegationpolicies", ""), rules).await?;
    let stage = Stage::set(cluster, example).await?;
    relabel(&stage, rules["metadata"]["name"].as_str().unwrap()).await?;
    cluster.example(&stage.namespace, example).await?;
    Ok(stage)
}

async fn relabel(stage: &Stage<'_>, rules: &str) -> Result<()> {
    let path = format!("/api/v1/namespaces/{}", stage.namespace);
    let label = json!({"metadata": {"labels": {"rules": rules}}});
    raw::ask(&stage.cluster.admin()?, "PATCH", &path, &label).await.map(drop)
}

/// Somebody who may do everything, as a delivery tool does.
async fn gitops(stage: &Stage<'_>) -> Result<Person> {
    let tool = Person::user(&format!("gitops@{}.example", stage.namespace), &[]);
    let everything = json!([{"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]}]);
    stage.cluster.allow(&stage.namespace, &tool, &everything).await?;
    Ok(tool)
}

/// A service account of the namespace, with these rights.
async fn account(stage: &Stage<'_>, name: &str, rules: &Value) -> Result<Person> {
    let account = json!({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": name}});
    let path = format!("/api/v1/namespaces/{}/serviceaccounts", stage.namespace);
    raw::ask(&stage.cluster.admin()?, "POST", &path, &account).await?;
    let who = Person::account(&stage.namespace, name);
    stage.cluster.allow(&stage.namespace, &who, rules).await?;
    Ok(who)
}

/// Rights on one of our kinds in the stage's namespace.
fn may(resource: &str, verbs: &[&str]) -> Value {
    json!({"apiGroups": [GROUP], "resources": [resource], "verbs": verbs})
}

fn confirm() -> Value {
    json!({
        "action": "Confirm", "statements": ["Understood", "Acceptable"],
        "orders": [{"id": "o1", "outcome": "Confirmed"}],
    })
}
