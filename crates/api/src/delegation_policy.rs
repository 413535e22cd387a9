//! `DelegationPolicy`: whether the provider's own agreement needs escalation, and who the appropriate people are (S4).

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{LabelSelector, Time};
use kube::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::references::Authority;
use super::standard_terms::LifecycleState;
use super::subject::Subject;

#[allow(clippy::duplicated_attributes, reason = "each printer column has a type")]
/// The rules of an organisation, which never change, and its people, who do. Kept by admins.
#[derive(CustomResource, KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[kube(
    group = "countersign.dev",
    version = "v1alpha1",
    kind = "DelegationPolicy",
    plural = "delegationpolicies",
    singular = "delegationpolicy",
    shortname = "dpol",
    category = "commerce",
    derive = "PartialEq",
    doc = "Who may agree to what on the provider's side: ladders of authority with limits, deadlines and quorums, and the people who hold them. Its rules never change.",
    selectable = ".spec.lifecycleState",
    printcolumn(name = "State", type_ = "string", json_path = ".spec.lifecycleState"),
    printcolumn(name = "Currency", type_ = "string", json_path = ".spec.rules.currency"),
    printcolumn(name = "Timing", type_ = "string", json_path = ".spec.rules.escalation.timing"),
    printcolumn(name = "Age", type_ = "date", json_path = ".metadata.creationTimestamp")
)]
#[serde(rename_all = "camelCase")]
pub struct DelegationPolicySpec {
    /// If Retired, running agreements keep it, and new ones may not use it.
    pub lifecycle_state: LifecycleState,
    /// The namespaces whose agreements it is for. Empty selects all. Exactly one Active policy must select a namespace.
    pub namespace_selector: LabelSelector,
    /// The rules. They may not be changed: agreements are pinned to them.
    #[x_kube(validation = Rule::new("self == oldSelf")
        .message("`spec.rules` may not be changed: agreements are pinned to them; make a new policy and retire this one").reason(Reason::FieldValueForbidden))]
    pub rules: Rules,
    /// Who holds which level. Changes apply at once, so that a successor can decide what is pending.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 256))]
    #[x_kube(merge_strategy = ListMerge::Map(vec!["function".into(), "level".into()]))]
    pub holders: Vec<Holder>,
    /// Who substitutes for whom, and when.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 256))]
    #[x_kube(merge_strategy = ListMerge::Atomic)]
    pub substitutes: Vec<Substitute>,
    /// People with several usernames. They count as one person.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 256))]
    #[x_kube(merge_strategy = ListMerge::Map(vec!["username".into()]))]
    pub aliases: Vec<Alias>,
}

/// The rules for every agreement that is pinned to the policy.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
#[x_kube(validation = Rule::new("self.ladders.all(l, self.ladders.exists_one(o, o.__function__ == l.__function__))")
    .message("`ladders` must not have a function twice").field_path(".ladders").reason(Reason::FieldValueInvalid),
    validation = Rule::new("!has(self.autoWithin) || self.autoWithin.all(a, self.autoWithin.exists_one(o, o.__function__ == a.__function__))")
    .message("`autoWithin` must not have a function twice").field_path(".autoWithin").reason(Reason::FieldValueInvalid))]
#[serde(rename_all = "camelCase")]
pub struct Rules {
    /// The catalogues that may be used.
    pub standard_terms: AllowedStandardTerms,
    /// Currency of every limit, ISO 4217.
    #[schemars(length(min = 3, max = 3), regex(pattern = r"^[A-Z]{3}$"))]
    pub currency: String,
    /// What one unit of other currencies is worth in `currency`. One that is not listed cannot be valued.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 200))]
    #[x_kube(merge_strategy = ListMerge::Map(vec!["currency".into()]))]
    pub rates: Vec<Rate>,
    /// The functions, each with its levels of authority.
    #[schemars(length(min = 1, max = 16))]
    // By keys, the server's `self == oldSelf` sees no order and mistakes entries for each other: `function` is a word of CEL.
    #[x_kube(merge_strategy = ListMerge::Atomic)]
    pub ladders: Vec<Ladder>,
    /// Circumstances that need approval whatever the value.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 64))]
    #[x_kube(merge_strategy = ListMerge::Map(vec!["name".into()]))]
    pub triggers: Vec<Trigger>,
    /// What this level of a function covers needs no approval. The person who countersigns must hold it, or a higher one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 16))]
    #[x_kube(merge_strategy = ListMerge::Atomic)]
    pub auto_within: Vec<Authority>,
    /// How approvals are asked for.
    pub escalation: Escalation,
    /// Who may not decide together.
    #[serde(default = "Separation::strict")]
    pub separation: Separation,
    /// What the customer's confirmation needs (S2).
    pub confirmation: ConfirmationRules,
    /// What sign-off needs (S3).
    pub sign_off: SignOffRules,
    /// Days on which deadlines run. Without it every day counts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub calendar: Option<Calendar>,
    /// How long a consumer may take to acknowledge an order request, in seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 315_360_000))]
    pub acknowledge_within_seconds: Option<i64>,
}

/// The catalogues that may be used.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
pub struct AllowedStandardTerms {
    /// Names of `StandardTerms`.
    #[schemars(length(min = 1, max = 64), inner(length(min = 1, max = 253)))]
    #[x_kube(merge_strategy = ListMerge::Set)]
    pub allowed: Vec<String>,
}

/// What one unit of a currency is worth.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
pub struct Rate {
    /// The currency, ISO 4217.
    #[schemars(length(min = 3, max = 3), regex(pattern = r"^[A-Z]{3}$"))]
    pub currency: String,
    /// One unit of it in the policy's currency, a decimal.
    #[schemars(length(min = 1, max = 20), regex(pattern = r"^[0-9]{1,9}(\.[0-9]{1,10})?$"))]
    pub rate: String,
}

/// The levels of one function, lowest first.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
#[x_kube(validation = Rule::new("self.levels.all(l, self.levels.exists_one(o, o.name == l.name))")
    .message(Message::Expression("'`levels` of ' + self.__function__ + ' must not have a name twice'".into())).field_path(".levels").reason(Reason::FieldValueInvalid))]
pub struct Ladder {
    /// The function, such as `sales`.
    #[schemars(length(min = 1, max = 63), regex(pattern = r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$"))]
    pub function: String,
    /// Its levels, lowest first. A higher level has no lower limit.
    #[schemars(length(min = 1, max = 16))]
    #[x_kube(merge_strategy = ListMerge::Atomic)]
    pub levels: Vec<Level>,
}

/// One level of authority.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct Level {
    /// Name within the ladder, such as `L2`.
    #[schemars(length(min = 1, max = 63), regex(pattern = r"^[A-Za-z0-9]([-._A-Za-z0-9]*[A-Za-z0-9])?$"))]
    pub name: String,
    /// Title of the people who hold it.
    #[schemars(length(min = 1, max = 256))]
    pub title: String,
    /// Its limits, inclusive. If it is left out, there are none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limits: Option<Limits>,
    /// How long it has to answer, in seconds.
    #[schemars(range(min = 1, max = 315_360_000))]
    pub deadline_seconds: i64,
}

/// The limits of a level, inclusive. A limit that is left out does not apply.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct Limits {
    /// Highest value of the agreement, in the policy's currency.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 18), regex(pattern = r"^[0-9]{1,13}(\.[0-9]{1,4})?$"))]
    pub contract_value: Option<String>,
    /// Highest discount of any item, in percent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 8), regex(pattern = r"^(100(\.0{1,4})?|[0-9]{1,2}(\.[0-9]{1,4})?)$"))]
    pub discount_percent: Option<String>,
    /// Longest commitment, in months.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 12_000))]
    pub term_months: Option<i64>,
}

/// A circumstance that needs approval. All lists that are given must match.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
#[x_kube(validation = Rule::new("has(self.segments) || has(self.agreementTypes) || has(self.orderCategories)")
    .message(Message::Expression("'trigger ' + self.name + ' must have `segments`, `agreementTypes` or `orderCategories`'".into())).field_path(".segments").reason(Reason::FieldValueRequired))]
#[serde(rename_all = "camelCase")]
pub struct Trigger {
    /// Name, shown in the reason for the approval.
    #[schemars(length(min = 1, max = 63))]
    pub name: String,
    /// The customer's segment is one of these.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 64), inner(length(min = 1, max = 63)))]
    #[x_kube(merge_strategy = ListMerge::Set)]
    pub segments: Vec<String>,
    /// The agreement's type is one of these.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 64), inner(length(min = 1, max = 63)))]
    #[x_kube(merge_strategy = ListMerge::Set)]
    pub agreement_types: Vec<String>,
    /// Some order's category is one of these.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 64), inner(length(min = 1, max = 63)))]
    #[x_kube(merge_strategy = ListMerge::Set)]
    pub order_categories: Vec<String>,
    /// The function that must approve.
    #[schemars(length(min = 1, max = 63))]
    pub function: String,
    /// The level of that function.
    #[schemars(length(min = 1, max = 63))]
    pub level: String,
}

/// How approvals are asked for.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
#[x_kube(validation = Rule::new("!has(self.quorums) || self.quorums.all(q, self.quorums.exists_one(o, o.__function__ == q.__function__ && o.level == q.level))")
    .message("`quorums` must not have a level twice").field_path(".quorums").reason(Reason::FieldValueInvalid))]
#[serde(rename_all = "camelCase")]
pub struct Escalation {
    /// Before or after the customer confirms.
    pub timing: EscalationTiming,
    /// One function after the other, or all at once.
    pub mode: EscalationMode,
    /// Functions in the order in which they are asked. Those left out follow, in the order of the ladders.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 16), inner(length(min = 1, max = 63)))]
    #[x_kube(merge_strategy = ListMerge::Atomic)]
    pub order: Vec<String>,
    /// How many of a level must approve.
    #[schemars(range(min = 1, max = 16))]
    pub quorum: i32,
    /// Other quorums, by function and level.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 256))]
    #[x_kube(merge_strategy = ListMerge::Atomic)]
    pub quorums: Vec<Quorum>,
    /// What happens if nobody answers in time. That never approves.
    pub on_timeout: OnTimeout,
    /// Whether a level that did not answer in time may still decide.
    #[serde(default)]
    pub earlier_level_may_still_decide: bool,
}

/// When approvals are asked for.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Copy, Debug, PartialEq, Eq)]
pub enum EscalationTiming {
    /// Once the customer has confirmed.
    AfterConfirmation,
    /// Before the customer is asked.
    BeforeConfirmation,
}

/// Whether functions are asked in turn.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Copy, Debug, PartialEq, Eq)]
pub enum EscalationMode {
    /// One after the other.
    Sequential,
    /// All at once.
    Parallel,
}

/// What happens if nobody answers in time.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnTimeout {
    /// The next level that covers the need is asked.
    EscalateUp,
    /// The offer expires.
    Expire,
}

/// How many of one level must approve.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
pub struct Quorum {
    /// The function.
    #[schemars(length(min = 1, max = 63))]
    pub function: String,
    /// The level.
    #[schemars(length(min = 1, max = 63))]
    pub level: String,
    /// How many.
    #[schemars(range(min = 1, max = 16))]
    pub count: i32,
}

/// Who may not decide together.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Copy, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct Separation {
    /// Nobody who was ever named owner may approve.
    #[serde(default = "yes")]
    pub owner_may_not_approve: bool,
    /// Nobody's approval counts for two steps.
    #[serde(default = "yes")]
    pub distinct_approvers: bool,
}

impl Separation {
    /// Both rules apply.
    #[must_use]
    pub const fn strict() -> Self {
        Self { owner_may_not_approve: true, distinct_approvers: true }
    }
}

const fn yes() -> bool {
    true
}

/// What the customer's confirmation needs (S2).
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct ConfirmationRules {
    /// Whether every representative with the role Confirmer must confirm, or any one.
    pub representatives: Required,
    /// Whether orders may be left out.
    pub partial_orders: Permission,
    /// Whether a representative's act may be recorded by somebody else.
    #[serde(default = "Permission::forbidden")]
    pub attestation: Permission,
    /// How long the customer has, in seconds.
    #[schemars(range(min = 1, max = 315_360_000))]
    pub deadline_seconds: i64,
}

/// All or any of several people.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Copy, Debug, PartialEq, Eq)]
pub enum Required {
    /// Every one.
    All,
    /// Any one.
    Any,
}

/// Whether something may be done.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Copy, Debug, PartialEq, Eq)]
pub enum Permission {
    /// It may.
    Allowed,
    /// It may not.
    Forbidden,
}

impl Permission {
    const fn forbidden() -> Self {
        Self::Forbidden
    }
}

/// What sign-off needs (S3).
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct SignOffRules {
    /// Who signs first.
    pub order: SignOffOrder,
    /// Whether every representative with the role Signatory must sign, or any one.
    pub customers: Required,
    /// Whether one of the provider's signatories must countersign.
    pub countersignature: Countersignature,
    /// How long each side has, in seconds.
    #[schemars(range(min = 1, max = 315_360_000))]
    pub deadline_seconds: i64,
}

/// Who signs first.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignOffOrder {
    /// The customer.
    CustomerFirst,
    /// The provider.
    ProviderFirst,
    /// Either.
    Any,
}

/// Whether the provider signs.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Copy, Debug, PartialEq, Eq)]
pub enum Countersignature {
    /// One of its signatories must.
    Required,
    /// Nobody must.
    Waived,
}

/// Days on which deadlines run.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct Calendar {
    /// IANA time zone, such as `Europe/Stockholm`.
    #[schemars(length(min = 1, max = 63))]
    pub time_zone: String,
    /// Days of the week on which people work.
    #[schemars(length(min = 1, max = 7))]
    #[x_kube(merge_strategy = ListMerge::Set)]
    pub work_days: Vec<Weekday>,
    /// Days on which they do not work, such as `2026-12-25`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(
        length(max = 366),
        inner(length(min = 10, max = 10), regex(pattern = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"))
    )]
    #[x_kube(merge_strategy = ListMerge::Set)]
    pub holidays: Vec<String>,
}

/// A day of the week.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[allow(missing_docs, reason = "the names say it")]
pub enum Weekday {
    Monday,
    Tuesday,
    Wednesday,
    Thursday,
    Friday,
    Saturday,
    Sunday,
}

/// Who holds a level.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
pub struct Holder {
    /// The function.
    #[schemars(length(min = 1, max = 63))]
    pub function: String,
    /// The level.
    #[schemars(length(min = 1, max = 63))]
    pub level: String,
    /// Users and groups that hold it.
    #[schemars(length(min = 1, max = 64))]
    #[x_kube(merge_strategy = ListMerge::Atomic)]
    pub subjects: Vec<Subject>,
}

/// A person who represents a holder for a while.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
#[x_kube(validation = Rule::new("self.endTime > self.startTime")
    .message(Message::Expression("'`endTime` %s must be later than `startTime` %s'.format([self.endTime, self.startTime])".into())).field_path(".endTime").reason(Reason::FieldValueInvalid),
    validation = Rule::new("self.holder != self.substitute")
    .message(Message::Expression("'`substitute` must not be the `holder`, ' + self.holder".into())).field_path(".substitute").reason(Reason::FieldValueInvalid))]
#[serde(rename_all = "camelCase")]
pub struct Substitute {
    /// Username of the holder.
    #[schemars(length(min = 1, max = 256))]
    pub holder: String,
    /// Username of the substitute.
    #[schemars(length(min = 1, max = 256))]
    pub substitute: String,
    /// For which functions; for all that the holder has if it is empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 16), inner(length(min = 1, max = 63)))]
    #[x_kube(merge_strategy = ListMerge::Set)]
    pub functions: Vec<String>,
    /// From when.
    pub start_time: Time,
    /// Until when.
    pub end_time: Time,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 256))]
    pub reason: Option<String>,
}

/// A person with several usernames.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
pub struct Alias {
    /// The username under which the person counts.
    #[schemars(length(min = 1, max = 256))]
    pub username: String,
    /// The other ones.
    #[schemars(length(min = 1, max = 16), inner(length(min = 1, max = 256)))]
    #[x_kube(merge_strategy = ListMerge::Set)]
    pub aliases: Vec<String>,
}
