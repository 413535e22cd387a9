//! Clients and kubeconfig files for any user that a test needs.

use std::{path::PathBuf, sync::atomic::Ordering};

use anyhow::{Context, Result};
use base64::{Engine, engine::general_purpose::STANDARD};
use k8s_openapi::api::{
    authentication::v1::{TokenRequest, TokenRequestSpec},
    core::v1::ServiceAccount,
};
use kube::{Api, Client, Config, api::PostParams};

use crate::{
    ControlPlane,
    kubeconfig::{self, Credentials, Entry},
    wait::{PATIENCE, until},
};

const ADMIN: &str = "admin";
const MASTERS: &[&str] = &["system:masters"];

/// Each call makes a new client: a client dies with the runtime it was made in, and
/// every `#[tokio::test]` has its own. Call these inside a runtime.
impl ControlPlane {
    /// A client that may do everything (`system:masters`).
    ///
    /// # Errors
    /// If the certificate cannot be made.
    pub fn admin(&self) -> Result<Client> {
        Ok(Client::try_from(self.admin_config()?)?)
    }

    /// A client with a certificate of its own for the user `name` in `groups`
    /// (`system:authenticated` is added automatically).
    ///
    /// # Errors
    /// If the certificate cannot be made.
    pub fn user(&self, name: &str, groups: &[&str]) -> Result<Client> {
        Ok(Client::try_from(self.user_config(name, groups)?)?)
    }

    /// A client with a token for a service account. Waits for a `default` account if its controller has yet
    /// to create it.
    ///
    /// # Errors
    /// If there is no such account.
    pub async fn service_account(&self, namespace: &str, name: &str) -> Result<Client> {
        Ok(Client::try_from(self.service_account_config(namespace, name).await?)?)
    }

    /// The configuration behind [`Self::admin`].
    ///
    /// # Errors
    /// If the certificate cannot be made.
    pub fn admin_config(&self) -> Result<Config> {
        self.user_config(ADMIN, MASTERS)
    }

    /// The configuration behind [`Self::user`].
    ///
    /// # Errors
    /// If the certificate cannot be made.
    pub fn user_config(&self, name: &str, groups: &[&str]) -> Result<Config> {
        self.config(self.certificate(name, groups)?, "default")
    }

    /// The configuration behind [`Self::service_account`].
    ///
    /// # Errors
    /// If there is no such account.
    pub async fn service_account_config(&self, namespace: &str, name: &str) -> Result<Config> {
        self.config(Credentials::Token(self.token(namespace, name).await?), namespace)
    }

    /// The kubeconfig file of [`Self::admin`].
    #[must_use]
    pub fn admin_kubeconfig(&self) -> PathBuf {
        self.dir().join("admin.kubeconfig")
    }

    /// A new kubeconfig file for a user; see [`Self::user`].
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn user_kubeconfig(&self, name: &str, groups: &[&str]) -> Result<PathBuf> {
        self.kubeconfig(name, &[entry(name, "default", self.certificate(name, groups)?)])
    }

    /// A new kubeconfig file for a service account; its namespace is the context's.
    ///
    /// # Errors
    /// If there is no such account.
    pub async fn service_account_kubeconfig(&self, namespace: &str, name: &str) -> Result<PathBuf> {
        let credentials = Credentials::Token(self.token(namespace, name).await?);
        self.kubeconfig(name, &[entry(name, namespace, credentials)])
    }

    /// A new kubeconfig file with a context for each of `people` (name and groups), named after them,
    /// and one named `admin`, which is the current one. All start in `namespace`.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn kubeconfig_with_contexts(&self, people: &[(&str, &[&str])], namespace: &str) -> Result<PathBuf> {
        let mut entries = vec![entry(ADMIN, namespace, self.certificate(ADMIN, MASTERS)?)];
        for (name, groups) in people {
            entries.push(entry(name, namespace, self.certificate(name, groups)?));
        }
        self.kubeconfig("people", &entries)
    }

    fn certificate(&self, name: &str, groups: &[&str]) -> Result<Credentials> {
        Ok(Credentials::Certificate(self.authority.client(name, groups)?))
    }

    async fn token(&self, namespace: &str, name: &str) -> Result<String> {
        let accounts: Api<ServiceAccount> = Api::namespaced(self.admin()?, namespace);
        let request = TokenRequest {
            spec: Some(TokenRequestSpec {
                expiration_seconds: Some(24 * 60 * 60),
                ..TokenRequestSpec::default()
            }),
            ..TokenRequest::default()
        };
        let issue = || async {
            let options = PostParams::default();
            let answer: TokenRequest = accounts.create_subresource("token", name, &options, &request).await?;
            anyhow::Ok(answer)
        };
        let what = format!("the service account {namespace}/{name} had a token");
        let answer = if name == "default" {
            until(what, PATIENCE, || async { issue().await.map(Some) }).await?
        } else {
            issue().await.with_context(|| {
                format!("no token for the service account {namespace}/{name}: does it exist?")
            })?
        };
        answer.status.and_then(|status| status.token).context("the API server gave no token")
    }

    fn config(&self, credentials: Credentials, namespace: &str) -> Result<Config> {
        let mut config = Config::new(self.server_url().parse()?);
        namespace.clone_into(&mut config.default_namespace);
        config.root_cert = Some(vec![self.authority.der()]);
        // Evidence must show what the code under test sent, not what the client repeated for it.
        config.default_retry = false;
        match credentials {
            Credentials::Certificate(identity) => {
                config.auth_info.client_certificate_data = Some(STANDARD.encode(identity.certificate));
                config.auth_info.client_key_data = Some(STANDARD.encode(identity.key).into());
            }
            Credentials::Token(token) => config.auth_info.token = Some(token.into()),
        }
        Ok(config)
    }

    fn kubeconfig(&self, stem: &str, entries: &[Entry]) -> Result<PathBuf> {
        let stem: String = stem.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
        let number = self.files.fetch_add(1, Ordering::Relaxed);
        let path = self.dir().join(format!("{stem}-{number}.kubeconfig"));
        kubeconfig::write(&path, &self.server_url(), &self.ca_pem(), entries)?;
        Ok(path)
    }
}

fn entry(name: &str, namespace: &str, credentials: Credentials) -> Entry {
    Entry { name: name.to_owned(), namespace: namespace.to_owned(), credentials }
}
