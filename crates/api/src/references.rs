//! References to other objects, and spans of time.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use kube::KubeSchema;
use serde::{Deserialize, Serialize};

/// Another `CustomerAgreement` in the same namespace, by name.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
pub struct AgreementNameRef {
    /// Name of the agreement.
    #[schemars(length(min = 1, max = 253), regex(pattern = r"^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$"))]
    pub name: String,
}

/// A `StandardTerms` catalogue, by name.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
pub struct StandardTermsRef {
    /// Name of the catalogue.
    #[schemars(length(min = 1, max = 253), regex(pattern = r"^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$"))]
    pub name: String,
}

/// A span of time. The end is part of it; if it is left out, the span is open.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
#[x_kube(validation = Rule::new("!has(self.endTime) || self.endTime > self.startTime")
    .message(Message::Expression("'`endTime` %s must be later than `startTime` %s'.format([self.endTime, self.startTime])".into())).field_path(".endTime").reason(Reason::FieldValueInvalid))]
#[serde(rename_all = "camelCase")]
pub struct Period {
    /// First instant of the span.
    pub start_time: Time,
    /// Last instant of the span.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end_time: Option<Time>,
}

/// A level of authority within one function, such as `finance` `L1`.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Authority {
    /// The function whose ladder is meant, such as `sales`, `finance`, `legal` or `service`.
    #[schemars(length(min = 1, max = 63), regex(pattern = r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$"))]
    pub function: String,
    /// The level on that ladder, such as `L2`.
    #[schemars(length(min = 1, max = 63), regex(pattern = r"^[A-Za-z0-9]([-._A-Za-z0-9]*[A-Za-z0-9])?$"))]
    pub level: String,
}

/// A document that belongs to the agreement, bound by its digest.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct Document {
    /// Name for readers. Changing it voids no decision.
    #[schemars(length(min = 1, max = 256))]
    pub name: String,
    /// What it is in the agreement, such as `GeneralTerms` or `PriceList`.
    #[schemars(length(min = 1, max = 63), regex(pattern = r"^[A-Z][A-Za-z0-9]*$"))]
    pub role: String,
    /// Where it can be read. Changing it voids no decision.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 2048))]
    pub uri: Option<String>,
    /// SHA-256 of its bytes. Only this binds the document.
    #[schemars(length(min = 71, max = 71), regex(pattern = r"^sha256:[0-9a-f]{64}$"))]
    pub digest: String,
    /// Media type, such as `application/pdf`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 127))]
    pub media_type: Option<String>,
}
