//! The control plane does what tests rely on.

use anyhow::{Context, Result};
use k8s_openapi::api::{
    authentication::v1::SelfSubjectReview,
    core::v1::{ConfigMap, Namespace},
};
use kube::{
    Api, Client,
    api::{DeleteParams, ListParams, Patch, PatchParams, PostParams},
    config::{KubeConfigOptions, Kubeconfig},
};
use serde_json::{Value, json};
use testenv::{AuditEvent, Change, Component, ControlPlane, PATIENCE, until};
use tokio::sync::OnceCell;

/// One for all. Being a static it is never dropped, and needs not be.
async fn plane() -> Result<&'static ControlPlane> {
    static PLANE: OnceCell<ControlPlane> = OnceCell::const_new();
    PLANE.get_or_try_init(ControlPlane::start).await
}

const NOTES: &str = "
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata:
  name: notes.countersign.dev
spec:
  group: countersign.dev
  scope: Namespaced
  names: {plural: notes, singular: note, kind: Note}
  versions:
    - name: v1
      served: true
      storage: true
      subresources: {status: {}}
      schema:
        openAPIV3Schema:
          type: object
          properties:
            spec: {type: object, properties: {text: {type: string}}}
            status: {type: object, properties: {text: {type: string}}}
";

fn note(name: &str, namespace: &str, text: &str) -> String {
    format!(
        "---\napiVersion: countersign.dev/v1\nkind: Note\nmetadata: {{name: {name}, namespace: {namespace}}}\nspec: {{text: {text}}}\n"
    )
}

fn notes(client: Client, namespace: &str) -> Api<kube::api::DynamicObject> {
    let kind = kube::core::GroupVersionKind::gvk("countersign.dev", "v1", "Note");
    Api::namespaced_with(client, namespace, &kube::api::ApiResource::from_gvk(&kind))
}

async fn whoami(client: Client) -> Result<(String, Vec<String>)> {
    let review = Api::all(client).create(&PostParams::default(), &SelfSubjectReview::default()).await?;
    let user = review.status.and_then(|status| status.user_info).context("no answer")?;
    Ok((user.username.unwrap_or_default(), user.groups.unwrap_or_default()))
}

#[tokio::test]
async fn it_serves_under_the_pinned_version() -> Result<()> {
    let version = plane().await?.admin()?.apiserver_version().await?;
    assert_eq!(version.major, "1");
    assert!(version.git_version.starts_with("v1.") && !version.git_version.contains("v0.0.0"), "{version:?}");
    Ok(())
}

#[tokio::test]
async fn a_user_arrives_with_all_groups() -> Result<()> {
    let client = plane().await?.user("ünal@example.com", &["sales", "approvers", "legal:eu"])?;
    let (name, groups) = whoami(client).await?;
    assert_eq!(name, "ünal@example.com");
    assert_eq!(groups, ["sales", "approvers", "legal:eu", "system:authenticated"]);
    Ok(())
}

#[tokio::test]
async fn a_service_account_arrives_as_itself() -> Result<()> {
    let plane = plane().await?;
    let namespace = plane.namespace("identity").await?;
    let yaml = format!(
        "apiVersion: v1\nkind: ServiceAccount\nmetadata: {{name: operator, namespace: {namespace}}}\n"
    );
    plane.apply_yaml(&plane.admin()?, &yaml).await?;
    for account in ["operator", "default"] {
        let (name, groups) = whoami(plane.service_account(&namespace, account).await?).await?;
        assert_eq!(name, format!("system:serviceaccount:{namespace}:{account}"));
        assert!(groups.contains(&format!("system:serviceaccounts:{namespace}")), "{groups:?}");
    }
    let error = plane.service_account(&namespace, "nobody").await.err().context("nobody got a token")?;
    assert!(error.to_string().contains("nobody"), "{error:#}");
    Ok(())
}

#[tokio::test]
async fn kubeconfig_files_work() -> Result<()> {
    let plane = plane().await?;
    let people: &[(&str, &[&str])] = &[("ada", &["sales"]), ("bob", &["approvers", "legal"])];
    let path = plane.kubeconfig_with_contexts(people, "default")?;
    for (context, user) in
        [(None, "admin"), (Some("ada"), "ada"), (Some("bob"), "bob"), (Some("admin"), "admin")]
    {
        let options =
            KubeConfigOptions { context: context.map(str::to_owned), ..KubeConfigOptions::default() };
        let config = kube::Config::from_custom_kubeconfig(Kubeconfig::read_from(&path)?, &options).await?;
        assert_eq!(whoami(Client::try_from(config)?).await?.0, user);
    }
    for path in [
        plane.admin_kubeconfig(),
        plane.user_kubeconfig("eve", &[])?,
        plane.service_account_kubeconfig("default", "default").await?,
    ] {
        let options = KubeConfigOptions::default();
        let config = kube::Config::from_custom_kubeconfig(Kubeconfig::read_from(&path)?, &options).await?;
        whoami(Client::try_from(config)?).await.with_context(|| path.display().to_string())?;
    }
    Ok(())
}

#[tokio::test]
async fn a_stranger_may_nothing() -> Result<()> {
    let plane = plane().await?;
    let stranger: Api<ConfigMap> = Api::namespaced(plane.user("stranger", &["nobodies"])?, "default");
    let error = stranger.list(&ListParams::default()).await.unwrap_err();
    assert!(matches!(&error, kube::Error::Api(status) if status.code == 403), "{error}");
    Ok(())
}

#[tokio::test]
async fn history_has_every_revision() -> Result<()> {
    let plane = plane().await?;
    let admin = plane.admin()?;
    let namespace = plane.namespace("history").await?;
    plane.apply_yaml(&admin, &format!("{NOTES}{}", note("memo", &namespace, "one"))).await?;
    plane.apply_yaml(&admin, &note("memo", &namespace, "two")).await?;
    let api = notes(admin, &namespace);
    let status = Patch::Merge(json!({ "status": { "text": "three" } }));
    let last = api.patch_status("memo", &PatchParams::default(), &status).await?;
    api.delete("memo", &DeleteParams::default()).await?;

    let prefix = format!("notes/{namespace}/");
    let history = plane.history(&prefix).await?;
    assert_eq!(history.len(), 4);
    assert!(history.is_sorted_by_key(|revision| revision.mod_revision));
    assert!(
        history
            .iter()
            .all(|r| r.name == "memo" && r.resource == "notes" && r.namespace.as_ref() == Some(&namespace))
    );
    assert_eq!(history.iter().map(|r| r.version).collect::<Vec<_>>(), [1, 2, 3, 0]);
    let at = |index: usize, pointer: &str| {
        history[index]
            .object()
            .and_then(|object| object.pointer(pointer))
            .and_then(Value::as_str)
            .map(str::to_owned)
    };
    assert_eq!(at(0, "/spec/text").as_deref(), Some("one"));
    assert_eq!(at(1, "/spec/text").as_deref(), Some("two"));
    assert_eq!(at(2, "/status/text").as_deref(), Some("three"));
    assert_eq!(history[3].change, Change::Delete);
    assert_eq!(Some(history[2].mod_revision.to_string()), last.metadata.resource_version);

    let typed = plane.history_of::<kube::api::DynamicObject>(&prefix).await?;
    assert_eq!(typed.iter().filter_map(|revision| revision.object()).count(), 3);
    Ok(())
}

#[tokio::test]
async fn a_long_history_is_complete() -> Result<()> {
    // More revisions than etcd puts into one answer, and more bytes than fit into one message.
    const WRITERS: usize = 4;
    const WRITES: usize = 300;
    let plane = plane().await?;
    let namespace = plane.namespace("long").await?;
    plane.apply_yaml(&plane.admin()?, NOTES).await?;
    let mut writers = tokio::task::JoinSet::new();
    for writer in 0..WRITERS {
        let api = notes(plane.admin()?, &namespace);
        writers.spawn(async move {
            let name = format!("w{writer}");
            for write in 0..WRITES {
                let note = json!({
                    "apiVersion": "countersign.dev/v1", "kind": "Note", "metadata": { "name": name },
                    "spec": { "text": format!("{write} {}", "x".repeat(8_000)) },
                });
                api.patch(&name, &PatchParams::apply("test"), &Patch::Apply(note)).await?;
            }
            anyhow::Ok(())
        });
    }
    while let Some(done) = writers.join_next().await {
        done??;
    }
    let history = plane.history(&format!("notes/{namespace}/")).await?;
    assert_eq!(history.len(), WRITERS * WRITES);
    assert!(history.is_sorted_by_key(|revision| revision.mod_revision));
    Ok(())
}

#[tokio::test]
async fn audit_tells_who_did_what() -> Result<()> {
    let plane = plane().await?;
    let namespace = plane.namespace("audit").await?;
    plane.apply_yaml(&plane.admin()?, NOTES).await?;
    let mark = plane.audit_mark()?;
    let secret: Api<ConfigMap> = Api::namespaced(plane.admin()?, &namespace);
    secret.list(&ListParams::default()).await?;
    let denied = notes(plane.user("mallory", &["guests"])?, &namespace);
    denied.get("memo").await.unwrap_err();

    let by_mallory = |event: &AuditEvent| event.user.username == "mallory";
    let event = until("the refusal was in the audit log", PATIENCE, || async {
        Ok(plane.audit_since(mark)?.into_iter().find(by_mallory))
    })
    .await?;
    assert_eq!((event.verb.as_str(), event.stage.as_str()), ("get", "ResponseComplete"));
    assert!(event.user.groups.contains(&"guests".to_owned()));
    assert_eq!(event.response_status.map(|status| status.code), Some(403));
    let object = event.object_ref.context("no object")?;
    assert_eq!(object.resource.as_deref(), Some("notes"));
    assert_eq!(object.namespace.as_ref(), Some(&namespace));
    assert_eq!(object.name.as_deref(), Some("memo"));
    assert_eq!(object.api_group.as_deref(), Some("countersign.dev"));
    assert_eq!(event.annotations.get("authorization.k8s.io/decision").map(String::as_str), Some("forbid"));
    let recorded = plane.audit()?;
    assert!(
        !recorded
            .iter()
            .any(|e| e.object_ref.as_ref().is_some_and(|o| o.resource.as_deref() == Some("configmaps")))
    );
    Ok(())
}

#[tokio::test]
async fn impersonation_is_audited() -> Result<()> {
    let plane = plane().await?;
    let mut config = plane.admin_config()?;
    config.auth_info.impersonate = Some("carol".to_owned());
    let mark = plane.audit_mark()?;
    let namespaces: Api<Namespace> = Api::all(Client::try_from(config)?);
    namespaces.get("default").await.unwrap_err();
    let event = until("the request was in the audit log", PATIENCE, || async {
        Ok(plane.audit_since(mark)?.into_iter().find(|event| event.impersonated_user.is_some()))
    })
    .await?;
    assert_eq!(event.user.username, "admin");
    assert_eq!(event.impersonated_user.map(|user| user.username).as_deref(), Some("carol"));
    Ok(())
}

#[tokio::test]
async fn a_policy_refuses_and_the_audit_log_tells() -> Result<()> {
    let plane = plane().await?;
    let namespace = plane.namespace("policy").await?;
    let policy = format!(
        "
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicy
metadata: {{name: {namespace}}}
spec:
  matchConstraints:
    resourceRules: [{{apiGroups: [countersign.dev], apiVersions: [v1], operations: [CREATE], resources: [notes]}}]
  validations: [{{expression: object.spec.text != 'bad', message: no bad notes}}]
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicyBinding
metadata: {{name: {namespace}}}
spec:
  policyName: {namespace}
  validationActions: [Deny, Audit]
  matchResources: {{namespaceSelector: {{matchLabels: {{kubernetes.io/metadata.name: {namespace}}}}}}}
"
    );
    plane.apply_yaml(&plane.admin()?, &format!("{NOTES}---{policy}")).await?;
    let mark = plane.audit_mark()?;
    let api = notes(plane.admin()?, &namespace);
    let bad = serde_json::from_value(json!({
        "apiVersion": "countersign.dev/v1", "kind": "Note",
        "metadata": { "name": "bad" }, "spec": { "text": "bad" },
    }))?;
    let dry = PostParams { dry_run: true, ..PostParams::default() };
    until("the policy refused", PATIENCE, || async {
        Ok(api.create(&dry, &bad).await.is_err().then_some(()))
    })
    .await?;
    let event = until("the refusal was in the audit log", PATIENCE, || async {
        let refused =
            |event: &AuditEvent| event.response_status.as_ref().is_some_and(|status| status.code == 422);
        Ok(plane.audit_since(mark)?.into_iter().find(refused))
    })
    .await?;
    let message = event.response_status.and_then(|status| status.message).unwrap_or_default();
    assert!(message.contains("no bad notes"), "{message}");
    let annotation = event.annotations.get("validation.policy.admission.k8s.io/validation_failure");
    assert!(annotation.is_some_and(|text| text.contains("no bad notes")), "{:?}", event.annotations);
    Ok(())
}

#[tokio::test]
async fn what_an_owner_owns_goes_with_it() -> Result<()> {
    let plane = plane().await?;
    let namespace = plane.namespace("garbage").await?;
    plane.apply_yaml(&plane.admin()?, NOTES).await?;
    plane.restart(Component::ControllerManager).await?;
    let owner = plane.apply_yaml(&plane.admin()?, &note("owner", &namespace, "one")).await?;
    let uid = owner.first().and_then(|object| object.metadata.uid.clone()).context("no uid")?;
    let mut owned = ConfigMap::default();
    owned.metadata.name = Some("owned".to_owned());
    owned.metadata.owner_references = serde_json::from_value(json!([{
        "apiVersion": "countersign.dev/v1", "kind": "Note", "name": "owner", "uid": uid,
    }]))?;
    let maps: Api<ConfigMap> = Api::namespaced(plane.admin()?, &namespace);
    maps.create(&PostParams::default(), &owned).await?;
    notes(plane.admin()?, &namespace).delete("owner", &DeleteParams::background()).await?;
    until("the owned object was gone", PATIENCE, || async {
        Ok(maps.get_opt("owned").await?.is_none().then_some(()))
    })
    .await
}

#[tokio::test]
async fn a_deleted_namespace_goes_with_its_content() -> Result<()> {
    let plane = plane().await?;
    let namespace = plane.namespace("doomed").await?;
    let namespaces: Api<Namespace> = Api::all(plane.admin()?);
    namespaces.delete(&namespace, &DeleteParams::default()).await?;
    until("the namespace was gone", PATIENCE, || async {
        Ok(namespaces.get_opt(&namespace).await?.is_none().then_some(()))
    })
    .await
}

#[tokio::test]
async fn a_document_that_cannot_be_applied_is_named() -> Result<()> {
    let plane = plane().await?;
    let yaml = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: fine}\n---\napiVersion: nowhere.dev/v1\nkind: Thing\nmetadata: {name: odd}\n";
    let error = format!("{:#}", plane.apply_yaml(&plane.admin()?, yaml).await.unwrap_err());
    assert!(error.contains("document 2: nowhere.dev/v1 Thing odd"), "{error}");
    Ok(())
}
