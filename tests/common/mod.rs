//! What the integration tests share: one control plane for each test binary, our definitions on it, and, for
//! tests that ask, the policies and roles as they are shipped.

#![allow(dead_code, reason = "every test binary compiles all of it and uses its own part")]

pub mod people;
pub mod raw;
pub mod schema;

use std::{fs, path::PathBuf, time::Duration};

use anyhow::{Context, Result, bail, ensure};
use countersign::api::GROUP;
use kube::{
    Api, Client,
    api::{DeleteParams, DynamicObject, PostParams},
    core::{ApiResource, GroupVersionKind},
};
use serde_json::{Value, json};
use testenv::{ControlPlane, until};
use tokio::sync::OnceCell;

use people::{Person, decision_on};

/// How long something that another process does may take before a test says that it is broken.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// Where the operator runs, as the shipped policies name it.
pub const OPERATOR_NAMESPACE: &str = "countersign-system";
/// The operator's service account.
pub const OPERATOR: &str = "countersign";

/// A control plane with our definitions.
#[derive(Debug)]
pub struct Cluster {
    /// The control plane itself.
    pub plane: ControlPlane,
    installed: OnceCell<()>,
}

static CLUSTER: OnceCell<Cluster> = OnceCell::const_new();

/// The control plane of this test binary, with our definitions and nothing else.
pub async fn cluster() -> Result<&'static Cluster> {
    CLUSTER
        .get_or_try_init(|| async {
            let plane = ControlPlane::start().await?;
            let admin = plane.admin()?;
            for definition in shipped("crds")? {
                plane.apply_yaml(&admin, &definition).await?;
            }
            Ok(Cluster { plane, installed: OnceCell::new() })
        })
        .await
}

/// The same, with policies and roles installed and enforced, and the operator's service account.
pub async fn installed() -> Result<&'static Cluster> {
    let cluster = cluster().await?;
    cluster.install().await?;
    Ok(cluster)
}

/// The text of every YAML file directly in a folder of the repository, in the order of their names.
pub fn shipped(folder: &str) -> Result<Vec<String>> {
    let path = root().join(folder);
    let mut files: Vec<PathBuf> = fs::read_dir(&path)
        .with_context(|| format!("could not list {}", path.display()))?
        .map(|entry| Ok(entry?.path()))
        .collect::<Result<_>>()?;
    files.retain(|file| file.extension().is_some_and(|extension| extension == "yaml"));
    files.sort();
    ensure!(!files.is_empty(), "no YAML file in {}", path.display());
    files.iter().map(|file| Ok(fs::read_to_string(file)?)).collect()
}

/// The documents of one YAML file of the repository.
pub fn documents(file: &str) -> Result<Vec<Value>> {
    let text = fs::read_to_string(root().join(file)).with_context(|| format!("could not read {file}"))?;
    serde_saphyr::from_multiple(&text).with_context(|| format!("{file} is not valid YAML"))
}

/// The folder of the repository.
pub fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

impl Cluster {
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
        let [document] = documents(&file)?.try_into().map_err(|_| anyhow::anyhow!("{file}: one document"))?;
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
        let subject = match who.service_account() {
            Some((home, name)) => json!({"kind": "ServiceAccount", "namespace": home, "name": name}),
            None => json!({"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": who.name}),
        };
        let binding = json!({
            "apiVersion": "rbac.authorization.k8s.io/v1",
            "kind": "RoleBinding",
            "metadata": {"generateName": "test-"},
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": role},
            "subjects": [subject],
        });
        let admin = self.admin()?;
        let path = format!("/apis/rbac.authorization.k8s.io/v1/namespaces/{namespace}/rolebindings");
        raw::send(&admin, "POST", &path, &binding).await.map_err(raw::Refusal::into_error)?;
        let role = raw::send(
            &admin,
            "GET",
            &format!("/apis/rbac.authorization.k8s.io/v1/clusterroles/{role}"),
            &Value::Null,
        )
        .await
        .map_err(raw::Refusal::into_error)?;
        for rule in role.pointer("/rules").and_then(Value::as_array).into_iter().flatten() {
            let word =
                |pointer: &str| rule.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
            let (resource, subresource) = match word("/resources/0").split_once('/') {
                Some((resource, subresource)) => (resource.to_owned(), subresource.to_owned()),
                None => (word("/resources/0"), String::new()),
            };
            self.until_allowed(
                who,
                json!({
                    "namespace": namespace, "group": word("/apiGroups/0"), "resource": resource,
                    "subresource": subresource, "verb": word("/verbs/0"),
                }),
            )
            .await?;
        }
        Ok(())
    }

    async fn until_allowed(&self, who: &Person, attributes: Value) -> Result<()> {
        let admin = self.admin()?;
        let review = json!({
            "apiVersion": "authorization.k8s.io/v1", "kind": "SubjectAccessReview",
            "spec": {"user": who.name, "groups": who.groups, "resourceAttributes": attributes},
        });
        until(format_args!("{} was allowed {attributes}", who.name), PATIENCE, || async {
            let path = "/apis/authorization.k8s.io/v1/subjectaccessreviews";
            let answer = raw::send(&admin, "POST", path, &review).await.map_err(raw::Refusal::into_error)?;
            Ok(answer.pointer("/status/allowed").and_then(Value::as_bool).unwrap_or_default().then_some(()))
        })
        .await
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
    async fn install(&self) -> Result<()> {
        self.installed
            .get_or_try_init(|| async {
                let admin = self.admin()?;
                let account = json!([
                    {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": OPERATOR_NAMESPACE}},
                    {"apiVersion": "v1", "kind": "ServiceAccount",
                     "metadata": {"name": OPERATOR, "namespace": OPERATOR_NAMESPACE}},
                ]);
                for object in account.as_array().into_iter().flatten() {
                    self.plane.apply_yaml(&admin, &object.to_string()).await?;
                }
                for yaml in shipped("deploy/rbac")?.iter().chain(&shipped("deploy/admission")?) {
                    self.plane.apply_yaml(&admin, yaml).await?;
                }
                self.enforced().await
            })
            .await
            .map(|()| ())
    }

    /// A policy takes effect when the API server's own watch has seen it, up to seconds later.
    async fn enforced(&self) -> Result<()> {
        let namespace = self.plane.namespace("enforced").await?;
        let probe = Person::user("probe@countersign.example", &[]);
        self.grant(&namespace, "countersign-confirmer", &probe).await?;
        let decision = decision_on("probe", "00", &probe, json!({"action": "Withdraw", "reason": "a probe"}));
        let kept = self.decide(&probe, &namespace, &decision).await?.map_err(raw::Refusal::into_error)?;
        let kept = kept.pointer("/metadata/name").and_then(Value::as_str).unwrap_or_default();
        let dry = "?dryRun=All";
        let decisions = raw::path("agreementdecisions", &namespace);
        let requests = raw::path("orderrequests", &namespace);
        let definitions = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
        let order_request = documents("tests/complete/orderrequests.yaml")?.swap_remove(0);
        let probes = [
            ("decide", "POST", format!("{decisions}{dry}"), decision),
            ("append-only", "DELETE", format!("{decisions}/{kept}{dry}"), Value::Null),
            ("outcome", "POST", format!("{requests}{dry}"), order_request),
            ("definitions", "DELETE", format!("{definitions}/agreementdecisions.{GROUP}{dry}"), Value::Null),
        ];
        let admin = self.admin()?;
        for (policy, method, path, body) in probes {
            until(format_args!("the policy {policy}.{GROUP} was enforced"), PATIENCE, || async {
                match raw::send(&admin, method, &path, &body).await {
                    Err(refusal) if refusal.message.contains(&format!("{policy}.{GROUP}")) => Ok(Some(())),
                    other => bail!("{other:?}"),
                }
            })
            .await?;
        }
        // Only an existing order request could show that its own policy works, and by now nobody but the
        // operator can make one: it came in the same file as the policy on outcomes, before it is asked.
        Ok(())
    }

    /// An API for objects of one of our kinds, without Rust types between the test and the server.
    pub fn dynamic(&self, client: &Client, kind: &str, plural: &str, namespace: &str) -> Api<DynamicObject> {
        let resource =
            ApiResource::from_gvk_with_plural(&GroupVersionKind::gvk(GROUP, "v1alpha1", kind), plural);
        Api::namespaced_with(client.clone(), namespace, &resource)
    }
}

/// What a dry run takes.
pub fn dry_run() -> PostParams {
    PostParams { dry_run: true, field_manager: None }
}

/// What a deletion in a dry run takes.
pub fn dry_delete() -> DeleteParams {
    DeleteParams { dry_run: true, ..DeleteParams::default() }
}
