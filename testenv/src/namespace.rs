//! A namespace for each test.

use anyhow::{Context, Result};
use k8s_openapi::api::core::v1::Namespace;
use kube::{Api, api::PostParams};

use crate::ControlPlane;

impl ControlPlane {
    /// Creates a namespace with a unique name that begins with `prefix` and returns the name.
    ///
    /// # Errors
    /// If the API server rejects it.
    pub async fn namespace(&self, prefix: &str) -> Result<String> {
        let mut namespace = Namespace::default();
        namespace.metadata.generate_name = Some(format!("{prefix}-"));
        let namespaces: Api<Namespace> = Api::all(self.admin()?);
        let created = namespaces
            .create(&PostParams::default(), &namespace)
            .await
            .with_context(|| format!("could not create a namespace {prefix}-..."))?;
        created.metadata.name.context("a namespace without a name")
    }
}
