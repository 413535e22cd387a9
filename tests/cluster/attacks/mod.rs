//! What somebody would try who wants an agreement that was not agreed, on a real API server with the policies and roles as

//! they ship and a running operator. What admission alone refuses is in tests/cluster/admission.rs.
mod evidence;
mod names;
mod replay;
mod rules;

use anyhow::Result;
use countersign_api::GROUP;
use serde_json::{Value, json};
use testkit::example::{common_policy, selecting};
use testkit::operator::running;
use testkit::people::Person;
use testkit::raw;
use testkit::stage::Stage;

/// The policy of the examples under another name, for the namespaces that ask for it by that name.
fn policy(name: &str) -> Result<Value> {
    Ok(selecting(&common_policy()?, name, name))
}

/// A stage whose namespace has rules of its own.
async fn under(rules: &Value, example: &str) -> Result<Stage<'static>> {
    let cluster = running().await?;
    let admin = cluster.admin()?;
    raw::ask(&admin, "POST", &raw::path("delegationpolicies", ""), rules).await?;
    let stage = Stage::set(cluster, example).await?;
    stage.put_under(rules["metadata"]["name"].clone()).await?;
    cluster.example(&stage.namespace, example).await?;
    Ok(stage)
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
