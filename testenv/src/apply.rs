//! Applying YAML of any kind, and waiting for custom resource definitions.

use anyhow::{Context, Result, bail};
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::{
    Api, Client,
    api::{ApiResource, DynamicObject, Patch, PatchParams},
    core::GroupVersionKind,
    discovery::{self, Scope},
};
use serde_json::Value;

use crate::{
    ControlPlane,
    wait::{PATIENCE, until},
};

const FIELD_MANAGER: &str = "testenv";

impl ControlPlane {
    /// Applies each document of `yaml` in order (server-side, forced, field manager `testenv`) and
    /// returns what the API server made of them. Objects without a namespace go to the client's own.
    ///
    /// A custom resource definition is established and discoverable before the next document is applied,
    /// so that objects of its kind may follow in the same text.
    ///
    /// # Errors
    /// The first document that cannot be applied; the error says which one it is.
    pub async fn apply_yaml(&self, client: &Client, yaml: &str) -> Result<Vec<DynamicObject>> {
        let documents: Vec<Value> = serde_saphyr::from_multiple(yaml).context("not valid YAML")?;
        let mut applied = Vec::with_capacity(documents.len());
        for (index, document) in documents.into_iter().enumerate() {
            let label = label(index, &document);
            let object = self
                .apply_document(client, document)
                .await
                .with_context(|| format!("could not apply {label}"))?;
            applied.push(object);
        }
        Ok(applied)
    }

    /// Waits until these custom resource definitions are established and discoverable.
    ///
    /// # Errors
    /// If one is not within half a minute; the error shows its conditions.
    pub async fn established(&self, definitions: &[&str]) -> Result<()> {
        let client = self.admin()?;
        let api: Api<CustomResourceDefinition> = Api::all(client.clone());
        for name in definitions {
            until(format_args!("the definition {name} was established"), PATIENCE, || async {
                let definition = api.get(name).await?;
                if !is_established(&definition)? {
                    return Ok(None);
                }
                Ok(is_discoverable(&client, &definition).await?.then_some(()))
            })
            .await?;
        }
        Ok(())
    }

    async fn apply_document(&self, client: &Client, document: Value) -> Result<DynamicObject> {
        let object: DynamicObject = serde_json::from_value(document)?;
        let types = object.types.as_ref().context("it needs `apiVersion` and `kind`")?;
        let Some(name) = object.metadata.name.clone() else { bail!("it needs `metadata.name`") };
        let kind =
            GroupVersionKind::try_from(types).context("its `apiVersion` must be version or group/version")?;
        let (resource, capabilities) = discovery::pinned_kind(client, &kind)
            .await
            .context("the API server does not know its kind; has its definition been applied before it?")?;
        let namespaced = capabilities.scope == Scope::Namespaced;
        let api = dynamic(client, &resource, namespaced.then(|| object.metadata.namespace.clone()));
        let parameters = PatchParams::apply(FIELD_MANAGER).force();
        let applied = api.patch(&name, &parameters, &Patch::Apply(&object)).await?;
        if kind.kind == "CustomResourceDefinition" {
            self.established(&[&name]).await?;
        }
        Ok(applied)
    }
}

/// The outer option says whether the kind is namespaced, the inner one is the object's own namespace.
fn dynamic(client: &Client, resource: &ApiResource, namespace: Option<Option<String>>) -> Api<DynamicObject> {
    match namespace {
        None => Api::all_with(client.clone(), resource),
        Some(None) => Api::default_namespaced_with(client.clone(), resource),
        Some(Some(namespace)) => Api::namespaced_with(client.clone(), &namespace, resource),
    }
}

fn label(index: usize, document: &Value) -> String {
    let text = |pointer: &str| document.pointer(pointer).and_then(Value::as_str).unwrap_or("?").to_owned();
    format!("document {}: {} {} {}", index + 1, text("/apiVersion"), text("/kind"), text("/metadata/name"))
}

fn is_established(definition: &CustomResourceDefinition) -> Result<bool> {
    let conditions = definition.status.iter().flat_map(|status| status.conditions.iter().flatten());
    let mut established = false;
    for condition in conditions {
        match (condition.type_.as_str(), condition.status.as_str()) {
            ("Established", "True") => established = true,
            ("NonStructuralSchema", "True") | ("NamesAccepted", "False") => {
                bail!("{}: {}", condition.type_, condition.message.as_deref().unwrap_or_default());
            }
            _ => {}
        }
    }
    Ok(established)
}

async fn is_discoverable(client: &Client, definition: &CustomResourceDefinition) -> Result<bool> {
    let spec = &definition.spec;
    for version in spec.versions.iter().filter(|version| version.served) {
        let resources = client.list_api_group_resources(&format!("{}/{}", spec.group, version.name)).await?;
        if !resources.resources.iter().any(|resource| resource.name == spec.names.plural) {
            return Ok(false);
        }
    }
    Ok(true)
}
