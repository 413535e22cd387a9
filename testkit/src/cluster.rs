//! One control plane for each test binary, our definitions on it, and, for tests that ask, the policies and roles as they
//! are shipped.

use std::time::Duration;

use anyhow::{Context, Error, Result, anyhow, bail};
use countersign_api::GROUP;
use kube::{Client, api::DynamicObject};
use serde_json::{Value, json};
use testenv::{ControlPlane, PATIENCE, admission_older_than, until};
use tokio::sync::OnceCell;

use crate::decision;
use crate::people::Person;
use crate::{documents, raw, schema, shipped};

/// Where the operator runs, as the shipped policies name it.
pub const OPERATOR_NAMESPACE: &str = "countersign-system";
/// The operator's service account.
pub const OPERATOR: &str = "countersign";

/// Where role bindings live.
pub const RBAC: &str = "/apis/rbac.authorization.k8s.io/v1";
/// Where definitions live.
pub const DEFINITIONS: &str = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";

/// A control plane with our definitions.
#[derive(Debug)]
pub struct Cluster {
    /// The control plane itself.
    pub plane: ControlPlane,
    installed: OnceCell<Result<(), String>>,
    pub(crate) rules: OnceCell<()>,
}

/// A failure is kept too: every test shows it, and none of them waits for it again.
static CLUSTER: OnceCell<Result<Cluster, String>> = OnceCell::const_new();

/// The control plane of this test binary, with our definitions and nothing else.
pub async fn cluster() -> Result<&'static Cluster> {
    let cluster =
        CLUSTER.get_or_init(|| async { Cluster::start().await.map_err(|error| format!("{error:#}")) }).await;
    cluster.as_ref().map_err(|error| anyhow!("no control plane: {error}"))
}

/// The same, with policies and roles installed and enforced, and the operator's service account.
pub async fn installed() -> Result<&'static Cluster> {
    let cluster = cluster().await?;
    cluster.install().await?;
    Ok(cluster)
}

impl Cluster {
    /// Starts one, with our definitions and nothing else.
    pub(crate) async fn start() -> Result<Self> {
        let plane = ControlPlane::start().await?;
        let admin = plane.admin()?;
        for definition in shipped("crds")? {
            plane.apply_yaml(&admin, &definition).await?;
        }
        Ok(Self { plane, installed: OnceCell::new(), rules: OnceCell::new() })
    }

    /// A client that may do everything.
    pub fn admin(&self) -> Result<Client> {
        self.plane.admin()
    }

    /// A client with the identity of the operator.
    pub async fn operator(&self) -> Result<Client> {
        self.plane.service_account(OPERATOR_NAMESPACE, OPERATOR).await
    }

    /// Applies an agreement of `examples/` and returns its name.
    pub async fn example(&self, namespace: &str, example: &str) -> Result<String> {
        let file = format!("examples/{example}/agreement.yaml");
        let [document] = documents(&file)?.try_into().map_err(|_| anyhow!("{file}: one document"))?;
        let mut agreement: DynamicObject = serde_json::from_value(document)?;
        agreement.metadata.namespace = Some(namespace.to_owned());
        let applied = self.plane.apply_yaml(&self.admin()?, &serde_json::to_string(&agreement)?).await?;
        applied
            .into_iter()
            .next()
            .and_then(|object| object.metadata.name)
            .context("an agreement without a name")
    }

    /// Binds a shipped role in a namespace, and waits until the API server knows.
    pub async fn grant(&self, namespace: &str, role: &str, who: &Person) -> Result<()> {
        let path = format!("{RBAC}/clusterroles/{role}");
        let role_object = raw::ask(&self.admin()?, "GET", &path, &Value::Null).await?;
        self.bind(namespace, "ClusterRole", role, who).await?;
        self.effective(namespace, role_object.get("rules").unwrap_or(&Value::Null), who).await
    }

    /// Gives somebody rights that no shipped role has, and waits until the API server knows.
    pub async fn allow(&self, namespace: &str, who: &Person, rules: &Value) -> Result<()> {
        let role = json!({
            "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role",
            "metadata": {"generateName": "test-"}, "rules": rules,
        });
        let made =
            raw::ask(&self.admin()?, "POST", &format!("{RBAC}/namespaces/{namespace}/roles"), &role).await?;
        self.bind(namespace, "Role", schema::word(&made, "/metadata/name"), who).await?;
        self.effective(namespace, rules, who).await
    }

    /// Binds a shipped role in every namespace and beyond them, and waits until the API server knows.
    pub async fn grant_everywhere(&self, role: &str, who: &Person) -> Result<()> {
        let path = format!("{RBAC}/clusterroles/{role}");
        let role_object = raw::ask(&self.admin()?, "GET", &path, &Value::Null).await?;
        self.bind("", "ClusterRole", role, who).await?;
        self.effective("", role_object.get("rules").unwrap_or(&Value::Null), who).await
    }

    /// Gives somebody rights in every namespace and beyond them that no shipped role has, and waits until the API server
    /// knows.
    pub async fn allow_everywhere(&self, who: &Person, rules: &Value) -> Result<()> {
        let role = json!({
            "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole",
            "metadata": {"generateName": "test-"}, "rules": rules,
        });
        let made = raw::ask(&self.admin()?, "POST", &format!("{RBAC}/clusterroles"), &role).await?;
        self.bind("", "ClusterRole", schema::word(&made, "/metadata/name"), who).await?;
        self.effective("", rules, who).await
    }

    /// In one namespace, or, where that is empty, in all and beyond them.
    async fn bind(&self, namespace: &str, kind: &str, role: &str, who: &Person) -> Result<()> {
        let subject = match who.service_account() {
            Some((home, name)) => json!({"kind": "ServiceAccount", "namespace": home, "name": name}),
            None => json!({"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": who.name}),
        };
        let everywhere = namespace.is_empty();
        let binding = json!({
            "apiVersion": "rbac.authorization.k8s.io/v1",
            "kind": if everywhere { "ClusterRoleBinding" } else { "RoleBinding" },
            "metadata": {"generateName": "test-"},
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": kind, "name": role},
            "subjects": [subject],
        });
        let path = if everywhere {
            format!("{RBAC}/clusterrolebindings")
        } else {
            format!("{RBAC}/namespaces/{namespace}/rolebindings")
        };
        raw::ask(&self.admin()?, "POST", &path, &binding).await.map(drop)
    }

    /// Waits until what these rules allow is allowed: the authorizer learns of a binding by a watch.
    pub async fn effective(&self, namespace: &str, rules: &Value, who: &Person) -> Result<()> {
        let admin = self.admin()?;
        for rule in rules.as_array().into_iter().flatten() {
            let (resource, subresource) = schema::word(rule, "/resources/0").split_once('/').map_or_else(
                || (schema::word(rule, "/resources/0"), ""),
                |(resource, subresource)| (resource, subresource),
            );
            let attributes = json!({
                "namespace": namespace, "group": schema::word(rule, "/apiGroups/0"), "resource": resource,
                "subresource": subresource, "verb": schema::word(rule, "/verbs/0"),
                "name": schema::word(rule, "/resourceNames/0"),
            });
            let review = json!({
                "apiVersion": "authorization.k8s.io/v1", "kind": "SubjectAccessReview",
                "spec": {"user": who.name, "groups": who.groups, "resourceAttributes": attributes},
            });
            until(format_args!("{} was allowed {attributes}", who.name), PATIENCE, || async {
                let path = "/apis/authorization.k8s.io/v1/subjectaccessreviews";
                let answer = raw::ask(&admin, "POST", path, &review).await?;
                Ok((answer.pointer("/status/allowed") == Some(&json!(true))).then_some(()))
            })
            .await?;
        }
        Ok(())
    }

    /// A client for somebody.
    pub async fn client(&self, who: &Person) -> Result<Client> {
        match who.service_account() {
            Some((namespace, name)) => self.plane.service_account(namespace, name).await,
            None => {
                let groups: Vec<&str> = who.groups.iter().map(String::as_str).collect();
                self.plane.user(&who.name, &groups)
            }
        }
    }

    /// Makes a decision with somebody's own identity. The outer error is the test's, the inner one the server's.
    pub async fn decide(
        &self,
        who: &Person,
        namespace: &str,
        decision: &Value,
    ) -> Result<Result<Value, raw::Refusal>> {
        let client = self.client(who).await?;
        Ok(raw::send(&client, "POST", &raw::path("agreementdecisions", namespace), decision).await)
    }

    /// Policies and roles as they are shipped, and waits until every policy refuses what it is there to refuse.
    pub(crate) async fn install(&self) -> Result<()> {
        let install = async || {
            let admin = self.admin()?;
            for object in [
                json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": OPERATOR_NAMESPACE}}),
                json!({"apiVersion": "v1", "kind": "ServiceAccount",
                       "metadata": {"name": OPERATOR, "namespace": OPERATOR_NAMESPACE}}),
            ] {
                self.plane.apply_yaml(&admin, &object.to_string()).await?;
            }
            // Made while nothing forbids it, to see later that their deletion is refused.
            let namespace = self.plane.namespace("enforced").await?;
            let probe = Person::user("probe@countersign.example", &[]);
            let decision =
                decision::on("probe", "00", &probe, json!({"action": "Withdraw", "reason": "a probe"}));
            let order_request = documents("testkit/complete/orderrequests.yaml")?.swap_remove(0);
            let decisions = raw::path("agreementdecisions", &namespace);
            let requests = raw::path("orderrequests", &namespace);
            let made = raw::ask(&admin, "POST", &decisions, &decision).await?;
            let made = schema::word(&made, "/metadata/name");
            raw::ask(&admin, "POST", &requests, &order_request).await?;
            let kept = schema::word(&order_request, "/metadata/name");
            let agreement = self.example(&namespace, "fibre").await?;
            let agreement = format!("{}/{agreement}", raw::path("customeragreements", &namespace));
            let decided = json!({"status": {"decidedTime": "2026-11-25T09:12:44Z"}});
            raw::ask(&admin, "PATCH", &format!("{agreement}/status"), &decided).await?;
            let home = format!("/api/v1/namespaces/{namespace}");
            let protected = json!({"metadata": {"labels": {"countersign.dev/protected": "yes"}}});
            raw::ask(&admin, "PATCH", &home, &protected).await?;

            for yaml in shipped("deploy/rbac")?.iter().chain(&shipped("deploy/admission")?) {
                self.plane.apply_yaml(&admin, yaml).await?;
            }
            // A policy takes effect when the API server's own watch has seen it, up to seconds later.
            let definition = format!("{DEFINITIONS}/agreementdecisions.{GROUP}");
            for (policy, method, path, body) in [
                ("decide", "POST", decisions.clone(), &decision),
                ("append-only", "DELETE", format!("{decisions}/{made}"), &Value::Null),
                ("outcome", "POST", requests.clone(), &order_request),
                ("order-requests", "DELETE", format!("{requests}/{kept}"), &Value::Null),
                ("definitions", "DELETE", definition, &Value::Null),
                ("kept", "DELETE", agreement, &Value::Null),
                ("protected-namespaces", "DELETE", home.clone(), &Value::Null),
            ] {
                let path = format!("{path}?dryRun=All");
                until(format_args!("the policy {policy}.{GROUP} was enforced"), PATIENCE, || async {
                    match raw::send(&admin, method, &path, body).await {
                        Err(refusal) if refusal.by_policy(policy) => Ok(Some(())),
                        other => bail!("{other:?}"),
                    }
                })
                .await?;
            }
            let meant = json!({"metadata": {"annotations": {"countersign.dev/confirm-deletion": "yes"}}});
            raw::ask(&admin, "PATCH", &home, &meant).await?;
            raw::ask(&admin, "DELETE", &home, &Value::Null).await?;
            // A decision made earlier may have been let through unseen, and does not count.
            admission_older_than(&admin, Duration::from_secs(10), PATIENCE).await
        };
        let installed = self
            .installed
            .get_or_init(|| async { install().await.map_err(|error: Error| format!("{error:#}")) });
        installed
            .await
            .as_ref()
            .copied()
            .map_err(|error| anyhow!("policies and roles are not installed: {error}"))
    }
}
