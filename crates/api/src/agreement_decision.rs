//! `AgreementDecision`: one immutable human act (S2, S3, S4).

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use kube::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// One act of one person. It is evidence: created once, never changed, and not owned by the agreement.
#[derive(CustomResource, KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
#[kube(
    group = "countersign.dev",
    version = "v1alpha1",
    kind = "AgreementDecision",
    plural = "agreementdecisions",
    singular = "agreementdecision",
    shortname = "adec",
    category = "commerce",
    namespaced,
    derive = "PartialEq",
    doc = "One immutable act of one person on a CustomerAgreement: a confirmation, an approval, a signature or an end.",
    selectable = ".spec.agreementRef.name",
    selectable = ".spec.action",
    selectable = ".spec.decidedBy.username",
    printcolumn(name = "Agreement", type_ = "string", json_path = ".spec.agreementRef.name"),
    printcolumn(name = "Action", type_ = "string", json_path = ".spec.action"),
    printcolumn(name = "By", type_ = "string", json_path = ".spec.decidedBy.username"),
    printcolumn(name = "Rev", type_ = "integer", json_path = ".spec.agreementRef.revision"),
    printcolumn(name = "Age", type_ = "date", json_path = ".metadata.creationTimestamp"),
    printcolumn(name = "Function", type_ = "string", json_path = ".spec.function", priority = 1),
    printcolumn(name = "Level", type_ = "string", json_path = ".spec.level", priority = 1),
    printcolumn(name = "On Behalf Of", type_ = "string", json_path = ".spec.onBehalfOf", priority = 1),
    printcolumn(name = "Reason", type_ = "string", json_path = ".spec.reason", priority = 1),
    validation = Rule::new("self.spec == oldSelf.spec")
        .message("`spec` may not be changed: a decision is made once; make a new one").field_path(".spec").reason(Reason::FieldValueForbidden)
)]
#[x_kube(
    validation = Rule::new("(self.action == 'Confirm') == has(self.statements)")
        .message(Message::Expression("'`statements` must be given for Confirm, and only for it; `action` is ' + self.action".into())).field_path(".statements").reason(Reason::FieldValueInvalid),
    validation = Rule::new("!has(self.orders) || (has(self.statements) && 'Acceptable' in self.statements)")
        .message(Message::Expression("'`orders` may only be given for a Confirm with the statement Acceptable; `action` is ' + self.action".into())).field_path(".orders").reason(Reason::FieldValueInvalid),
    validation = Rule::new("!(self.action in ['Decline', 'RequestChange', 'Refuse', 'Withdraw']) || has(self.reason)")
        .message(Message::Expression("'`reason` must be given for ' + self.action".into())).field_path(".reason").reason(Reason::FieldValueRequired),
    validation = Rule::new("has(self.function) == has(self.level)")
        .message("`function` and `level` must be given together").field_path(".level").reason(Reason::FieldValueInvalid),
    validation = Rule::new("!(self.action in ['Approve', 'Refuse']) || has(self.function)")
        .message(Message::Expression("'`function` and `level` must be given for ' + self.action + ': the authority that you act with'".into()))
        .field_path(".function").reason(Reason::FieldValueRequired),
    validation = Rule::new("!has(self.function) || self.action in ['Approve', 'Refuse', 'RequestChange']")
        .message(Message::Expression("'`function` may only be given for Approve, Refuse and RequestChange; `action` is ' + self.action".into())).field_path(".function").reason(Reason::FieldValueInvalid),
    validation = Rule::new("!has(self.onBehalfOf) || has(self.function) || self.action in ['Confirm', 'Decline', 'RequestChange', 'Sign']")
        .message(Message::Expression("'`onBehalfOf` may only be given with `function`, or for Confirm, Decline, RequestChange and Sign; `action` is ' + self.action".into())).field_path(".onBehalfOf").reason(Reason::FieldValueInvalid),
    validation = Rule::new("(has(self.onBehalfOf) && !has(self.function)) == has(self.evidence)")
        .message("`evidence` must be given when a representative's act is recorded (`onBehalfOf` without `function`), and only then").field_path(".evidence").reason(Reason::FieldValueInvalid)
)]
#[serde(rename_all = "camelCase")]
pub struct AgreementDecisionSpec {
    /// What is decided on. Copy it from the agreement's status.
    pub agreement_ref: DecidedAgreement,
    /// What is done.
    pub action: Action,
    /// What a Confirm states (S2).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(min = 1, max = 2))]
    #[x_kube(merge_strategy = ListMerge::Set)]
    pub statements: Vec<Statement>,
    /// Whether each order is confirmed (S5). A Confirm with Acceptable names every order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(min = 1, max = 100))]
    #[x_kube(merge_strategy = ListMerge::Map(vec!["id".into()]))]
    pub orders: Vec<OrderDecision>,
    /// The function for which an approver acts, such as `finance` (S4).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 63))]
    pub function: Option<String>,
    /// The level of authority with which an approver acts, such as `L2` (S4).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 63))]
    pub level: Option<String>,
    /// The holder whom a substitute represents; without `function`, the representative whose act is recorded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 256))]
    pub on_behalf_of: Option<String>,
    /// Why, in the person's own words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 1024))]
    pub reason: Option<String>,
    /// Who decides. Admission compares it with the identity of the request.
    pub decided_by: DecidedBy,
    /// The evidence for the act of a representative who signed elsewhere.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evidence: Option<Evidence>,
}

/// What is decided on: this agreement, at this revision, with this content.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
pub struct DecidedAgreement {
    /// Name of the agreement, in the same namespace.
    #[schemars(length(min = 1, max = 253), regex(pattern = r"^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$"))]
    pub name: String,
    /// UID of the agreement: one that was deleted and created again has another.
    #[schemars(length(min = 1, max = 63))]
    pub uid: String,
    /// `status.terms.revision` of the agreement.
    #[schemars(range(min = 1, max = 1_000_000_000))]
    pub revision: i64,
    /// The digest that `status.waitingFor` names: of the terms, or of the confirmation.
    #[schemars(length(min = 71, max = 71), regex(pattern = r"^sha256:[0-9a-f]{64}$"))]
    pub digest: String,
}

/// What a person does.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Action {
    /// The customer states that the terms are understood, acceptable, or both (S2).
    Confirm,
    /// The customer does not accept the terms. Final.
    Decline,
    /// Either side asks for other terms. Not final.
    RequestChange,
    /// A delegated manager agrees for the provider (S4).
    Approve,
    /// A delegated manager does not agree. Final.
    Refuse,
    /// The customer signs (S3).
    Sign,
    /// The provider signs (S3).
    Countersign,
    /// Either side withdraws the agreement before it is sealed. Final.
    Withdraw,
}

impl Action {
    /// The word, as it is written in the resource.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Confirm => "Confirm",
            Self::Decline => "Decline",
            Self::RequestChange => "RequestChange",
            Self::Approve => "Approve",
            Self::Refuse => "Refuse",
            Self::Sign => "Sign",
            Self::Countersign => "Countersign",
            Self::Withdraw => "Withdraw",
        }
    }
}

/// What a Confirm states.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Statement {
    /// The terms are understood (S2a).
    Understood,
    /// The terms are acceptable (S2b).
    Acceptable,
}

impl Statement {
    /// As it is said of the terms, in the middle of a sentence.
    #[must_use]
    pub const fn adjective(self) -> &'static str {
        match self {
            Self::Understood => "understood",
            Self::Acceptable => "acceptable",
        }
    }
}

/// Whether an order is confirmed, and why not.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
pub struct OrderDecision {
    /// The order.
    #[schemars(length(min = 1, max = 63))]
    pub id: String,
    /// Whether it is confirmed.
    pub outcome: OrderConfirmation,
    /// Why not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 1024))]
    pub reason: Option<String>,
}

/// Whether an order is confirmed (S5).
#[derive(JsonSchema, Serialize, Deserialize, Clone, Copy, Debug, PartialEq, Eq)]
pub enum OrderConfirmation {
    /// It is part of the agreement.
    Confirmed,
    /// It is not.
    NotConfirmed,
}

/// The identity of the request that makes a decision.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
pub struct DecidedBy {
    /// Username as the API server sees it.
    #[schemars(length(min = 1, max = 256))]
    pub username: String,
    /// UID of the user, if the authenticator gives one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 256))]
    pub uid: Option<String>,
    /// Groups on which the person relies. A person who holds authority through a group names it here.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 64), inner(length(min = 1, max = 256)))]
    #[x_kube(merge_strategy = ListMerge::Set)]
    pub groups: Vec<String>,
    /// Identifier of the credential, if the authenticator gives one.
    #[serde(default, rename = "credentialID", skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 256))]
    pub credential_id: Option<String>,
}

/// The evidence for an act that was done elsewhere, on paper or with an e-signature tool.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct Evidence {
    /// How it was done, such as `Paper` or `ESignature`.
    #[schemars(length(min = 1, max = 63), regex(pattern = r"^[A-Z][A-Za-z0-9]*$"))]
    pub channel: String,
    /// Where the record is kept.
    #[schemars(length(min = 1, max = 2048))]
    pub uri: String,
    /// SHA-256 of the record.
    #[schemars(length(min = 71, max = 71), regex(pattern = r"^sha256:[0-9a-f]{64}$"))]
    pub digest: String,
    /// When it was signed, according to the record. Shown to readers, never used.
    pub signed_time: Time,
}
