//! The API server's audit log: who asked for what, and the result.

use std::{
    collections::BTreeMap,
    fs,
    io::{Read, Seek, SeekFrom},
};

use anyhow::{Context, Result};
use jiff::Timestamp;
use serde::Deserialize;

use crate::ControlPlane;

/// One entry of the audit log (`audit.k8s.io/v1`, level Metadata).
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AuditEvent {
    /// Identifies the request; the stages of one request share it.
    #[serde(rename = "auditID")]
    pub audit_id: String,
    /// `ResponseStarted` (watches only), `ResponseComplete` or `Panic`.
    pub stage: String,
    /// The path and the query.
    #[serde(rename = "requestURI")]
    pub request_uri: String,
    /// `get`, `list`, `watch`, `create`, `update`, `patch`, `delete`, `deletecollection`.
    pub verb: String,
    /// Who was authenticated.
    pub user: UserInfo,
    /// The user they acted as, if they impersonated one.
    pub impersonated_user: Option<UserInfo>,
    /// The client's user agent.
    pub user_agent: Option<String>,
    /// The object it was about.
    pub object_ref: Option<ObjectReference>,
    /// The outcome.
    pub response_status: Option<ResponseStatus>,
    /// When the API server received the request.
    pub request_received_timestamp: Timestamp,
    /// When this stage was reached.
    pub stage_timestamp: Timestamp,
    /// What authorization and admission noted, such as the failures of a policy that has the action
    /// `Audit`. (What a policy with the action `Deny` said is in the response status.)
    #[serde(default)]
    pub annotations: BTreeMap<String, String>,
}

/// A user.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
pub struct UserInfo {
    /// The name.
    #[serde(default)]
    pub username: String,
    /// The identifier, which service accounts have.
    pub uid: Option<String>,
    /// The groups.
    #[serde(default)]
    pub groups: Vec<String>,
    /// Anything else that authentication supplied.
    #[serde(default)]
    pub extra: BTreeMap<String, Vec<String>>,
}

/// Which object a request was about.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ObjectReference {
    /// The plural.
    pub resource: Option<String>,
    /// `None` for cluster-scoped objects.
    pub namespace: Option<String>,
    /// `None` for lists, and for creations whose path has no name.
    pub name: Option<String>,
    /// The identifier that the request named.
    pub uid: Option<String>,
    /// `None` for the core group.
    pub api_group: Option<String>,
    /// The version of the API.
    pub api_version: Option<String>,
    /// The version of the object that the request named.
    pub resource_version: Option<String>,
    /// `status`, for instance.
    pub subresource: Option<String>,
}

/// The outcome of a request.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
pub struct ResponseStatus {
    /// The HTTP status.
    #[serde(default)]
    pub code: u16,
    /// `Failure` if it failed.
    pub status: Option<String>,
    /// Why it failed, in one word.
    pub reason: Option<String>,
    /// Why it failed.
    pub message: Option<String>,
}

/// A place in the audit log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct AuditMark(u64);

impl ControlPlane {
    /// The whole audit log: our own group, events, leases, namespaces, admission policies and
    /// custom resource definitions; nothing else is recorded.
    ///
    /// An entry is written as the request ends, which is an instant after a client may have read the
    /// last byte of the answer: wait for an entry with [`until`](crate::until).
    ///
    /// # Errors
    /// A line that cannot be read, with its number.
    pub fn audit(&self) -> Result<Vec<AuditEvent>> {
        self.audit_since(AuditMark::default())
    }

    /// The end of the audit log as it is now, for [`Self::audit_since`].
    ///
    /// # Errors
    /// If the log cannot be read.
    pub fn audit_mark(&self) -> Result<AuditMark> {
        Ok(AuditMark(self.audit_bytes(0)?.len() as u64))
    }

    /// What has been added to the audit log since the mark was made.
    ///
    /// # Errors
    /// A line that cannot be read, with its number.
    pub fn audit_since(&self, mark: AuditMark) -> Result<Vec<AuditEvent>> {
        parse(&self.audit_bytes(mark.0)?).with_context(|| match mark.0 {
            0 => "the audit log".to_owned(),
            offset => format!("the audit log from byte {offset} on"),
        })
    }

    /// The complete lines from `offset` on: the last one may be half written.
    fn audit_bytes(&self, offset: u64) -> Result<Vec<u8>> {
        let path = self.dir().join("audit.log");
        let mut bytes = Vec::new();
        fs::File::open(&path)
            .and_then(|mut file| {
                file.seek(SeekFrom::Start(offset))?;
                file.read_to_end(&mut bytes)
            })
            .with_context(|| format!("could not read {}", path.display()))?;
        let complete = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
        bytes.truncate(complete);
        Ok(bytes)
    }
}

fn parse(bytes: &[u8]) -> Result<Vec<AuditEvent>> {
    bytes
        .split(|byte| *byte == b'\n')
        .enumerate()
        .filter(|(_, line)| !line.is_empty())
        .map(|(index, line)| {
            serde_json::from_slice(line)
                .with_context(|| format!("line {}: {}", index + 1, String::from_utf8_lossy(line)))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unreadable_line_is_named() {
        let error = parse(b"\nnot json\n").unwrap_err();
        assert_eq!(error.to_string(), "line 2: not json");
    }
}
