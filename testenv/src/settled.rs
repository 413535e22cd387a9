//! Waiting until the API server's admission policies are in force.

use std::time::Duration;

use anyhow::{Context, Result};
use jiff::Timestamp;
use k8s_openapi::api::admissionregistration::v1::{
    ValidatingAdmissionPolicy, ValidatingAdmissionPolicyBinding,
};
use k8s_openapi::api::core::v1::ConfigMap;
use kube::api::{ListParams, PostParams};
use kube::{Api, Client, Resource};

use crate::until;

/// Waits until every admission policy and binding is older than `age`, by the server's clock.
///
/// # Errors
/// If the server does not answer, or if they are not old enough within `patience`.
pub async fn admission_older_than(client: &Client, age: Duration, patience: Duration) -> Result<()> {
    let policies = Api::<ValidatingAdmissionPolicy>::all(client.clone()).list(&ListParams::default()).await?;
    let bindings =
        Api::<ValidatingAdmissionPolicyBinding>::all(client.clone()).list(&ListParams::default()).await?;
    let times = policies.items.iter().map(born).chain(bindings.items.iter().map(born));
    let youngest =
        times.collect::<Result<Vec<_>>>()?.into_iter().max().context("there is no admission policy")?;
    // A dry-run create shows the server's time.
    let (maps, dry_run) = (
        Api::<ConfigMap>::default_namespaced(client.clone()),
        PostParams { dry_run: true, ..PostParams::default() },
    );
    let now = ConfigMap {
        metadata: kube::core::ObjectMeta { name: Some("now".to_owned()), ..Default::default() },
        ..Default::default()
    };
    until(format_args!("the admission policies were older than {age:?}"), patience, || async {
        let now = born(&maps.create(&dry_run, &now).await?)?;
        Ok((now.duration_since(youngest).unsigned_abs() > age && now > youngest).then_some(()))
    })
    .await
}

fn born<K: Resource>(object: &K) -> Result<Timestamp> {
    let created = object.meta().creation_timestamp.as_ref();
    created.map(|time| time.0).context("an object without a creation time")
}
