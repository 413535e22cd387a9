//! Requests as they go over the wire: tests of schemas and policies must not be helped by Rust types.

use anyhow::{Error, anyhow};
use countersign_api::GROUP;
use http::Request;
use kube::Client;
use serde_json::Value;

/// What the API server answered instead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// HTTP status; 0 when there was no answer.
    pub code: u16,
    /// `Forbidden`, `Invalid`, ...
    pub reason: String,
    /// In words.
    pub message: String,
    /// What was wrong, by field.
    pub causes: Vec<Cause>,
}

/// One thing that was wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cause {
    /// The field, with indices.
    pub field: String,
    /// What about it.
    pub message: String,
}

impl Refusal {
    /// For tests that did not expect one.
    pub fn into_error(self) -> Error {
        anyhow!("{} {}: {}", self.code, self.reason, self.message)
    }

    /// Whether this policy, and nothing else, refused.
    pub fn by_policy(&self, policy: &str) -> bool {
        self.message.contains(&format!("ValidatingAdmissionPolicy '{policy}-"))
    }
}

impl From<kube::Error> for Refusal {
    fn from(error: kube::Error) -> Self {
        let kube::Error::Api(status) = error else {
            return Self { code: 0, reason: String::new(), message: error.to_string(), causes: Vec::new() };
        };
        let causes = status.details.iter().flat_map(|details| &details.causes);
        Self {
            code: status.code,
            reason: status.reason.clone(),
            message: status.message.clone(),
            causes: causes.map(|c| Cause { field: c.field.clone(), message: c.message.clone() }).collect(),
        }
    }
}

/// Path of our resources. An empty namespace is for those that live in none.
pub fn path(plural: &str, namespace: &str) -> String {
    if namespace.is_empty() {
        format!("/apis/{GROUP}/v1alpha1/{plural}")
    } else {
        format!("/apis/{GROUP}/v1alpha1/namespaces/{namespace}/{plural}")
    }
}

/// The same, for tests that expect an answer.
pub async fn ask(client: &Client, method: &str, path: &str, body: &Value) -> anyhow::Result<Value> {
    send(client, method, path, body)
        .await
        .map_err(|refusal| refusal.into_error().context(format!("{method} {path}")))
}

/// Sends a request. A body of `null` is none; a PATCH is a JSON merge patch.
pub async fn send(client: &Client, method: &str, path: &str, body: &Value) -> Result<Value, Refusal> {
    let kind = if method == "PATCH" { "application/merge-patch+json" } else { "application/json" };
    send_as(client, method, path, kind, body).await
}

/// Server-side apply, with force, as delivery tools do it.
pub async fn apply(client: &Client, path: &str, body: &Value) -> Result<Value, Refusal> {
    let path = format!("{path}?fieldManager=tests&force=true");
    send_as(client, "PATCH", &path, "application/apply-patch+yaml", body).await
}

/// Sends a request whose body is of this kind.
pub async fn send_as(
    client: &Client,
    method: &str,
    path: &str,
    kind: &str,
    body: &Value,
) -> Result<Value, Refusal> {
    let bytes = if body.is_null() { Vec::new() } else { body.to_string().into_bytes() };
    let request = Request::builder().method(method).uri(path).header("content-type", kind).body(bytes);
    let request = request.map_err(kube::Error::HttpError)?;
    Ok(client.request(request).await?)
}
