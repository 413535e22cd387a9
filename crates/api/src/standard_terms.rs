//! `StandardTerms`: the catalogue against which terms are classified (S1).

use kube::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::references::{Authority, Document, Period};

/// A versioned catalogue of standard terms, permitted bands, and who may allow what lies beyond. Kept by legal.
#[derive(CustomResource, KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[kube(
    group = "countersign.dev",
    version = "v1alpha1",
    kind = "StandardTerms",
    plural = "standardterms",
    singular = "standardterms",
    shortname = "sterms",
    category = "commerce",
    derive = "PartialEq",
    doc = "A versioned catalogue of standard terms, with the bands that may be agreed instead and who may allow them. Only its lifecycleState changes.",
    selectable = ".spec.lifecycleState",
    printcolumn(name = "Version", type_ = "string", json_path = ".spec.version"),
    printcolumn(name = "State", type_ = "string", json_path = ".spec.lifecycleState"),
    printcolumn(name = "Valid Until", type_ = "string", json_path = ".spec.validPeriod.endTime"),
    printcolumn(name = "Age", type_ = "date", json_path = ".metadata.creationTimestamp"),
    validation = fixed("version", "self.spec.version == oldSelf.spec.version").message(Message::Expression("'`spec.version` must stay ' + oldSelf.spec.version + ' and not become ' + self.spec.version + ': agreements are pinned to it; make a new catalogue and retire this one'".into())),
    validation = fixed("validPeriod", "has(self.spec.validPeriod) == has(oldSelf.spec.validPeriod) && (!has(self.spec.validPeriod) || self.spec.validPeriod == oldSelf.spec.validPeriod)"),
    validation = fixed("agreementTypes", "self.spec.agreementTypes == oldSelf.spec.agreementTypes"),
    validation = fixed("documents", "has(self.spec.documents) == has(oldSelf.spec.documents) && (!has(self.spec.documents) || self.spec.documents == oldSelf.spec.documents)"),
    validation = fixed("unknownTerms", "self.spec.unknownTerms == oldSelf.spec.unknownTerms"),
    validation = fixed("terms", "self.spec.terms == oldSelf.spec.terms")
)]
#[serde(rename_all = "camelCase")]
pub struct StandardTermsSpec {
    /// Version of the catalogue, for readers.
    #[schemars(length(min = 1, max = 63))]
    pub version: String,
    /// If Retired, running agreements keep it, and new ones may not use it. The only field that may change.
    pub lifecycle_state: LifecycleState,
    /// When agreements that use it may be submitted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valid_period: Option<Period>,
    /// Kinds of agreement that it is for.
    #[schemars(length(min = 1, max = 16), inner(length(min = 1, max = 63)))]
    #[x_kube(merge_strategy = ListMerge::Set)]
    pub agreement_types: Vec<String>,
    /// Documents that hold the wording.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 32))]
    #[x_kube(merge_strategy = ListMerge::Map(vec!["name".into()]))]
    pub documents: Vec<Document>,
    /// Who may allow a term that is not listed here, or whose wording was changed (S4).
    pub unknown_terms: Authority,
    /// The terms.
    #[schemars(length(min = 1, max = 200))]
    #[x_kube(merge_strategy = ListMerge::Map(vec!["id".into()]))]
    pub terms: Vec<StandardTerm>,
}

/// A rule that keeps one field as it was created: agreements are pinned to the catalogue by its UID.
fn fixed(field: &str, unchanged: &str) -> kube::core::Rule {
    kube::core::Rule::new(unchanged)
        .message(kube::core::Message::Message(format!(
            "`spec.{field}` may not be changed: agreements are pinned to it; make a new catalogue and retire this one"
        )))
        .field_path(format!(".spec.{field}"))
        .reason(kube::core::Reason::FieldValueForbidden)
}

/// Whether new agreements may use an object.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Copy, Debug, PartialEq, Eq)]
pub enum LifecycleState {
    /// New agreements may use it.
    Active,
    /// Only running agreements that are pinned to it may.
    Retired,
}

/// One standard term.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
#[x_kube(
    validation = Rule::new("self.valueType in ['Boolean', 'Enum', 'Text'] ? (!has(self.standard.from) && !has(self.standard.to)) : !has(self.standard.values)")
        .message(Message::Expression("'`standard` of term ' + self.id + ' may have `from` and `to` for numbers and `values` for words; `valueType` is ' + self.valueType".into()))
        .field_path(".standard").reason(Reason::FieldValueInvalid),
    validation = Rule::new("!has(self.bands) || self.bands.all(b, self.valueType in ['Boolean', 'Enum', 'Text'] ? (!has(b.from) && !has(b.to)) : !has(b.values))")
        .message(Message::Expression("'a band of term ' + self.id + ' may have `from` and `to` for numbers and `values` for words; `valueType` is ' + self.valueType".into()))
        .field_path(".bands").reason(Reason::FieldValueInvalid),
    validation = Rule::new("!has(self.bands) || self.bands.all(b, self.bands.exists_one(o, o.name == b.name))")
        .message(Message::Expression("'`bands` of term ' + self.id + ' must not have a name twice'".into())).field_path(".bands").reason(Reason::FieldValueInvalid)
)]
#[serde(rename_all = "camelCase")]
pub struct StandardTerm {
    /// Identifier that agreements use.
    #[schemars(length(min = 1, max = 63), regex(pattern = r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$"))]
    pub id: String,
    /// Name as people read it.
    #[schemars(length(min = 1, max = 256))]
    pub title: String,
    /// What its values are.
    pub value_type: TermValueType,
    /// Whether every agreement must have it.
    pub presence: TermPresence,
    /// What needs no approval.
    pub standard: StandardValue,
    /// What may be agreed instead, with who may allow it. The first band that contains the value counts.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 16))]
    #[x_kube(merge_strategy = ListMerge::Atomic)]
    pub bands: Vec<TermBand>,
    /// Who may allow what is outside the standard and every band, or that nobody may.
    pub beyond: Beyond,
}

/// What the values of a term are.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Copy, Debug, PartialEq, Eq)]
pub enum TermValueType {
    /// A decimal.
    Number,
    /// A decimal, without the sign.
    Percent,
    /// A decimal in the policy's currency.
    Money,
    /// Whole months.
    Months,
    /// Whole days.
    Days,
    /// `true` or `false`.
    Boolean,
    /// A word.
    Enum,
    /// Free text.
    Text,
}

/// Whether every agreement must have a term.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Copy, Debug, PartialEq, Eq)]
pub enum TermPresence {
    /// It must be there, except in an Amendment.
    Mandatory,
    /// It may be left out.
    Optional,
}

/// What needs no approval. Bounds are inclusive; one that is left out does not apply.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
#[x_kube(validation = Rule::new("!has(self.from) || !has(self.to) || quantity(self.from).compareTo(quantity(self.to)) <= 0")
    .message(Message::Expression("'`from` ' + self.from + ' must not be above `to` ' + self.to".into())).field_path(".from").reason(Reason::FieldValueInvalid))]
pub struct StandardValue {
    /// The value that a new agreement starts from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 256))]
    pub default: Option<String>,
    /// Lowest value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 18), regex(pattern = r"^-?[0-9]{1,12}(\.[0-9]{1,4})?$"))]
    pub from: Option<String>,
    /// Highest value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 18), regex(pattern = r"^-?[0-9]{1,12}(\.[0-9]{1,4})?$"))]
    pub to: Option<String>,
    /// Words, for a Boolean, Enum or Text.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 64), inner(length(min = 1, max = 256)))]
    #[x_kube(merge_strategy = ListMerge::Set)]
    pub values: Vec<String>,
}

/// What may be agreed instead of the standard. Bounds are inclusive; one that is left out does not apply.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
#[x_kube(validation = Rule::new("!has(self.from) || !has(self.to) || quantity(self.from).compareTo(quantity(self.to)) <= 0")
    .message(Message::Expression("'`from` ' + self.from + ' must not be above `to` ' + self.to".into())).field_path(".from").reason(Reason::FieldValueInvalid),
    validation = Rule::new("has(self.from) || has(self.to) || has(self.values)")
    .message(Message::Expression("'band ' + self.name + ' must have `from`, `to` or `values`'".into())).field_path(".from").reason(Reason::FieldValueRequired))]
pub struct TermBand {
    /// Name of the band.
    #[schemars(length(min = 1, max = 63))]
    pub name: String,
    /// Lowest value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 18), regex(pattern = r"^-?[0-9]{1,12}(\.[0-9]{1,4})?$"))]
    pub from: Option<String>,
    /// Highest value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 18), regex(pattern = r"^-?[0-9]{1,12}(\.[0-9]{1,4})?$"))]
    pub to: Option<String>,
    /// Words, for a Boolean, Enum or Text.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 64), inner(length(min = 1, max = 256)))]
    #[x_kube(merge_strategy = ListMerge::Set)]
    pub values: Vec<String>,
    /// The function that may allow it.
    #[schemars(length(min = 1, max = 63))]
    pub function: String,
    /// The level of that function.
    #[schemars(length(min = 1, max = 63))]
    pub level: String,
}

/// Who may allow what is outside the standard and every band.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
#[x_kube(validation = Rule::new("(has(self.prohibited) && self.prohibited) ? (!has(self.function) && !has(self.level)) : (has(self.function) && has(self.level))")
    .message("`beyond` must have either `prohibited: true`, or `function` and `level`").field_path(".function").reason(Reason::FieldValueInvalid))]
pub struct Beyond {
    /// True if nobody may.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prohibited: Option<bool>,
    /// The function that may allow it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 63))]
    pub function: Option<String>,
    /// The level of that function.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 63))]
    pub level: Option<String>,
}
