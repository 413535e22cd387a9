//! Kubeconfig files for programs under test.

use std::{fs, os::unix::fs::OpenOptionsExt, path::Path};

use anyhow::{Context, Result};
use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Value, json};

use crate::pki::Identity;

/// The credentials of a user.
#[derive(Debug, Clone)]
pub(crate) enum Credentials {
    Certificate(Identity),
    Token(String),
}

impl Credentials {
    fn user(&self) -> Value {
        match self {
            Self::Certificate(identity) => json!({
                "client-certificate-data": STANDARD.encode(&identity.certificate),
                "client-key-data": STANDARD.encode(&identity.key),
            }),
            Self::Token(token) => json!({ "token": token }),
        }
    }
}

/// One context: its name is also the name of its user entry.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) name: String,
    pub(crate) namespace: String,
    pub(crate) credentials: Credentials,
}

/// Writes a kubeconfig whose current context is the first one.
pub(crate) fn write(path: &Path, server: &str, ca_pem: &str, contexts: &[Entry]) -> Result<()> {
    const CLUSTER: &str = "countersign-testenv";
    let config = json!({
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{
            "name": CLUSTER,
            "cluster": { "server": server, "certificate-authority-data": STANDARD.encode(ca_pem) },
        }],
        "users": contexts.iter().map(|c| json!({ "name": c.name, "user": c.credentials.user() })).collect::<Vec<_>>(),
        "contexts": contexts.iter().map(|c| json!({
            "name": c.name,
            "context": { "cluster": CLUSTER, "user": c.name, "namespace": c.namespace },
        })).collect::<Vec<_>>(),
        "current-context": contexts.first().map(|c| &c.name),
    });
    // JSON is YAML, and every client reads it.
    let text = serde_json::to_vec_pretty(&config)?;
    fs::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(path)
        .and_then(|mut file| std::io::Write::write_all(&mut file, &text))
        .with_context(|| format!("could not write {}", path.display()))
}
