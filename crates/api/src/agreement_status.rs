//! `CustomerAgreement.status`: facts, conditions and who is being waited for. Written by the operator alone.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};
use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::agreement_decision::{Action, Statement};
use super::references::Authority;
use super::subject::Subject;

/// How far the agreement has come. Facts and conditions come first; `phase` and `waitingOn` are derived from them for readers.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct CustomerAgreementStatus {
    /// The `metadata.generation` for which this status was written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
    /// How far the agreement has come, in one word. For readers only; nothing depends on it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 63))]
    pub phase: Option<String>,
    /// Who has to act and since when, in one line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 256))]
    pub waiting_on: Option<String>,
    /// Ready, Valid (S1), Understood (S2a), Acceptable (S2b), Approved (S4), SignedOff (S3), OrdersIssued (S5, S6) and HandedOver, always all; Reconciling and Stalled only while True.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 16))]
    #[x_kube(merge_strategy = ListMerge::Map(vec!["type".into()]))]
    pub conditions: Vec<Condition>,
    /// The terms to which decisions are bound.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub terms: Option<TermsRevision>,
    /// Everyone who was named owner in a spec that the operator saw. None of them may approve.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 64), inner(length(max = 256)))]
    #[x_kube(merge_strategy = ListMerge::Atomic)]
    pub owners: Vec<String>,
    /// The change that somebody requested. Nobody else is asked until the terms change.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub change_request: Option<ChangeRequest>,
    /// Catalogue and policy whose rules apply to this revision.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pinned: Option<Pinned>,
    /// Whether any term deviates from the catalogue (S1).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub classification: Option<Classification>,
    /// The terms that deviate, and by how much (S1).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 200))]
    #[x_kube(merge_strategy = ListMerge::Atomic)]
    pub deviations: Vec<Deviation>,
    /// What the agreement is worth; it decides who must approve (S4).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<Value>,
    /// The customer's confirmation (S2). Its digest exists once confirmation is complete.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confirmation: Option<Confirmation>,
    /// The approvals that the provider's own agreement needs (S4).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 32))]
    #[x_kube(merge_strategy = ListMerge::Atomic)]
    pub approvals: Vec<Approval>,
    /// Signatures, and the time from which nothing can be revoked (S3).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sign_off: Option<SignOff>,
    /// How the agreement ended without being agreed. Never changes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub closed: Option<Closed>,
    /// When the first decision that counted was made. From then on the agreement cannot be deleted without `purge`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decided_time: Option<Time>,
    /// Who has to act, for what, since when and until when.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 32))]
    #[x_kube(merge_strategy = ListMerge::Atomic)]
    pub waiting_for: Vec<Waiting>,
    /// The outcome of each order (S5, S6).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 100))]
    #[x_kube(merge_strategy = ListMerge::Atomic)]
    pub orders: Vec<OrderOutcome>,
    /// What consumers report of the order requests.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub handover: Option<Handover>,
    /// When everything was signed and passed on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agreed_time: Option<Time>,
    /// Agreements that amend this one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 100), inner(length(max = 253)))]
    #[x_kube(merge_strategy = ListMerge::Set)]
    pub amended_by: Vec<String>,
    /// The agreement that replaced this one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 253))]
    pub superseded_by: Option<String>,
    /// Decisions that do not count, with the reason: the newest 20.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 20))]
    #[x_kube(merge_strategy = ListMerge::Atomic)]
    pub ignored_decisions: Vec<IgnoredDecision>,
}

/// One state of the terms. Any change makes a new revision and voids every earlier decision.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
pub struct TermsRevision {
    /// Counts from 1.
    #[schemars(range(min = 1, max = 1_000_000_000))]
    pub revision: i64,
    /// Digest of everything that people decide on. Confirm, Decline, RequestChange and Withdraw name it.
    #[schemars(length(max = 71))]
    pub digest: String,
    /// How the digest is computed.
    #[schemars(length(max = 63))]
    pub encoding: String,
}

/// The change that somebody requested.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
pub struct ChangeRequest {
    /// Name of the decision.
    #[schemars(length(max = 253))]
    pub decision: String,
    /// Who requested it.
    #[schemars(length(max = 256))]
    pub username: String,
    /// What should change, in that person's words.
    #[schemars(length(max = 1024))]
    pub reason: String,
    /// When the decision was made.
    pub time: Time,
}

/// Catalogue and policy whose rules apply to this revision.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct Pinned {
    /// The catalogue.
    pub standard_terms: PinnedObject,
    /// The policy.
    pub policy: PinnedObject,
}

/// An object, by name and UID: one that was created again under the same name is another.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
pub struct PinnedObject {
    /// Its name.
    #[schemars(length(max = 253))]
    pub name: String,
    /// Its UID.
    #[schemars(length(max = 63))]
    pub uid: String,
}

/// Whether the terms are standard (S1).
#[derive(JsonSchema, Serialize, Deserialize, Clone, Copy, Debug, PartialEq, Eq)]
pub enum Classification {
    /// Every term is within the standard.
    Standard,
    /// At least one term deviates.
    NonStandard,
}

/// A term that deviates from the catalogue.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct Deviation {
    /// The term.
    #[schemars(length(max = 63))]
    pub term_id: String,
    /// How it deviates.
    pub category: DeviationCategory,
    /// The value in the agreement.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 256))]
    pub value: Option<String>,
    /// What the standard permits, in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 256))]
    pub permitted: Option<String>,
    /// The band in which the value lies.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 63))]
    pub band: Option<String>,
    /// The function that must approve it.
    #[schemars(length(max = 63))]
    pub function: String,
    /// The level of that function that must approve it.
    #[schemars(length(max = 63))]
    pub level: String,
}

/// How a term deviates.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeviationCategory {
    /// Within a band that the catalogue lists.
    AlternateUsed,
    /// Outside the standard and every band.
    Beyond,
    /// Not in the catalogue.
    Added,
    /// The wording was changed.
    TextModified,
}

/// What the agreement is worth, in the policy's currency if it can be converted.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct Value {
    /// Over the whole commitment, rounded half up to cents.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 64))]
    pub total: Option<String>,
    /// Recurring charges for one month.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 64))]
    pub monthly: Option<String>,
    /// One-time charges.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 64))]
    pub one_time: Option<String>,
    /// The policy's currency.
    #[schemars(length(max = 3))]
    pub currency: String,
    /// Largest discount of any item, in percent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 8))]
    pub max_discount_percent: Option<String>,
    /// Longest commitment of any item, in months; the agreement's period if there are no items.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 120_000))]
    pub term_months: Option<i64>,
    /// What has no value here, and why, in words.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 20), inner(length(max = 256)))]
    #[x_kube(merge_strategy = ListMerge::Atomic)]
    pub not_valued: Vec<String>,
    /// The total together with the agreements in `comparedWith`, which is compared with the limits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 64))]
    pub compared_total: Option<String>,
    /// The agreement that this one amends, and its other amendments.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 100), inner(length(max = 253)))]
    #[x_kube(merge_strategy = ListMerge::Atomic)]
    pub compared_with: Vec<String>,
}

/// The customer's confirmation.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct Confirmation {
    /// Digest of the terms digest, the revision and the confirmed orders. Sign, Countersign, Approve and Refuse name it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 71))]
    pub digest: Option<String>,
    /// When everyone who had to had stated that the terms are understood (S2a).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub understood_time: Option<Time>,
    /// When everyone who had to had stated that the terms are acceptable (S2b).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub acceptable_time: Option<Time>,
    /// The decisions that count.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 64))]
    #[x_kube(merge_strategy = ListMerge::Atomic)]
    pub decisions: Vec<ConfirmationDecision>,
}

/// A Confirm that counts.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct ConfirmationDecision {
    /// Name of the decision.
    #[schemars(length(max = 253))]
    pub decision: String,
    /// The representative.
    #[schemars(length(max = 256))]
    pub username: String,
    /// Who recorded it, if it was not the representative.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 256))]
    pub attested_by: Option<String>,
    /// Which of its statements count.
    #[schemars(length(max = 2))]
    #[x_kube(merge_strategy = ListMerge::Set)]
    pub statements: Vec<Statement>,
}

/// One step of the provider's own agreement (S4).
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct Approval {
    /// The function that must agree.
    #[schemars(length(max = 63))]
    pub function: String,
    /// The level that is asked now.
    #[schemars(length(max = 63))]
    pub level: String,
    /// Every reason why it is needed, in words.
    #[schemars(length(max = 50), inner(length(max = 256)))]
    #[x_kube(merge_strategy = ListMerge::Atomic)]
    pub because: Vec<String>,
    /// How far the step has come.
    pub state: ApprovalState,
    /// How many must approve.
    #[schemars(range(min = 1, max = 16))]
    pub quorum: i32,
    /// Every level that was asked, and when.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 16))]
    #[x_kube(merge_strategy = ListMerge::Atomic)]
    pub asked: Vec<AskedLevel>,
    /// The verdicts that count.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 32))]
    #[x_kube(merge_strategy = ListMerge::Atomic)]
    pub decided_by: Vec<ApprovalVerdict>,
}

impl Approval {
    /// The authority that is asked now.
    #[must_use]
    pub fn authority(&self) -> Authority {
        Authority { function: self.function.clone(), level: self.level.clone() }
    }
}

/// How far a step has come.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Copy, Debug, PartialEq, Eq)]
pub enum ApprovalState {
    /// Not asked yet.
    Next,
    /// Asked, and not answered yet.
    Waiting,
    /// Given.
    Approved,
    /// Refused.
    Refused,
    /// Every level was asked, and none answered.
    Exhausted,
}

/// A level that was asked.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct AskedLevel {
    /// The level.
    #[schemars(length(max = 63))]
    pub level: String,
    /// When it was asked.
    pub asked_time: Time,
    /// Until when the policy lets it answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wait_end_time: Option<Time>,
}

/// An Approve or Refuse that counts.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct ApprovalVerdict {
    /// Name of the decision.
    #[schemars(length(max = 253))]
    pub decision: String,
    /// Who decided.
    #[schemars(length(max = 256))]
    pub username: String,
    /// The level with which the person acted.
    #[schemars(length(max = 63))]
    pub level: String,
    /// The holder entry from which the authority came, in words, such as `Group deal-desk`. `subject` has it in fields.
    #[schemars(length(max = 512))]
    pub via: String,
    /// The holder entry that the authority rested on: the user, or the group that the decision claims. Statuses that earlier
    /// versions wrote lack it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<Subject>,
    /// Whose substitute the person was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 256))]
    pub on_behalf_of: Option<String>,
}

/// Signatures, and the time from which nothing can be revoked (S3).
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct SignOff {
    /// The signatures that count.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 64))]
    #[x_kube(merge_strategy = ListMerge::Atomic)]
    pub signatures: Vec<Signature>,
    /// When all signatures were there and the agreement was sealed. Never changes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sealed_time: Option<Time>,
}

/// A signature that counts.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct Signature {
    /// Name of the decision.
    #[schemars(length(max = 253))]
    pub decision: String,
    /// Who signed.
    #[schemars(length(max = 256))]
    pub username: String,
    /// For whom.
    pub side: Side,
    /// Who recorded it, if it was not the signatory.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 256))]
    pub attested_by: Option<String>,
}

/// The two sides of an agreement (S7).
#[derive(JsonSchema, Serialize, Deserialize, Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// The customer.
    Customer,
    /// The supplier enterprise.
    Provider,
}

/// How the agreement ended without being agreed.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct Closed {
    /// How it ended.
    pub outcome: ClosedOutcome,
    /// What ended it, in one word: `Decision`, `OfferEnded`, `WaitEnded` or `ApprovalWaitEnded`; more may come. Statuses
    /// that earlier versions wrote lack it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 63))]
    pub cause: Option<String>,
    /// The end of the offer, if the cause is `OfferEnded`: `spec.offerEndTime` may be edited afterwards.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub offer_end_time: Option<Time>,
    /// Why, in words; if a person ended it, in that person's words.
    #[schemars(length(max = 1200))]
    pub reason: String,
    /// When it was recorded.
    pub time: Time,
    /// The decisions that ended it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 16), inner(length(max = 253)))]
    #[x_kube(merge_strategy = ListMerge::Atomic)]
    pub decisions: Vec<String>,
}

/// The ends without agreement. All are final.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ClosedOutcome {
    /// Withdrawn by either side.
    Withdrawn,
    /// The customer does not accept the terms.
    Declined,
    /// A delegated manager does not agree.
    Refused,
    /// Time was up.
    Expired,
}

/// People who have to act.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct Waiting {
    /// Who, in words.
    #[schemars(length(max = 512))]
    pub who: String,
    /// Who, as the API server knows them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 64))]
    #[x_kube(merge_strategy = ListMerge::Atomic)]
    pub subjects: Vec<WaitingSubject>,
    /// The action that they have to take.
    #[serde(rename = "for")]
    pub action: WaitingAction,
    /// The function that is asked to approve, such as `finance`. Only for Approve; statuses that earlier versions wrote
    /// lack it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 63))]
    pub function: Option<String>,
    /// The level of that function that is asked, such as `L1`. Only for Approve.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 63))]
    pub level: Option<String>,
    /// The digest to copy into the decision.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 71))]
    pub digest: Option<String>,
    /// When the question could first be seen.
    pub asked_time: Time,
    /// Until when the policy lets them answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wait_end_time: Option<Time>,
    /// The earlier of `waitEndTime` and the end of the offer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deadline_time: Option<Time>,
    /// Which of the two it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ends_with: Option<EndsWith>,
    /// When they were reminded, half-way through their time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reminded_time: Option<Time>,
}

impl CustomerAgreementStatus {
    /// Whether both sides signed and nothing can be taken back any more (S3).
    #[must_use]
    pub fn is_sealed(&self) -> bool {
        self.sign_off.as_ref().is_some_and(|sign_off| sign_off.sealed_time.is_some())
    }
}

impl Waiting {
    /// Whether this asks the level of a step that the step asks now (S4).
    #[must_use]
    pub fn asks(&self, step: &Approval) -> bool {
        self.function.as_ref() == Some(&step.function) && self.level.as_ref() == Some(&step.level)
    }
}

/// What somebody has to do.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum WaitingAction {
    /// A Confirm with the statements that are missing.
    Confirm,
    /// An Approve.
    Approve,
    /// A Sign.
    Sign,
    /// A Countersign.
    Countersign,
    /// An edit of the agreement's spec.
    Edit,
}

impl WaitingAction {
    /// Its word, as it stands in `waitingFor[].for`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Confirm => "Confirm",
            Self::Approve => "Approve",
            Self::Sign => "Sign",
            Self::Countersign => "Countersign",
            Self::Edit => "Edit",
        }
    }

    /// The same as a verb in a sentence, which is also the command of the kubectl plugin that answers.
    #[must_use]
    pub const fn verb(self) -> &'static str {
        match self {
            Self::Confirm => "confirm",
            Self::Approve => "approve",
            Self::Sign => "sign",
            Self::Countersign => "countersign",
            Self::Edit => "edit",
        }
    }

    /// The decision that answers it, if a decision does.
    #[must_use]
    pub const fn decision(self) -> Option<Action> {
        match self {
            Self::Confirm => Some(Action::Confirm),
            Self::Approve => Some(Action::Approve),
            Self::Sign => Some(Action::Sign),
            Self::Countersign => Some(Action::Countersign),
            Self::Edit => None,
        }
    }
}

/// Whether a deadline is the end of the wait or of the offer.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Copy, Debug, PartialEq, Eq)]
pub enum EndsWith {
    /// The policy's time to answer is up.
    Wait,
    /// The offer ends.
    Offer,
}

/// A user or group that has to act, as the API server knows them.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct WaitingSubject {
    /// The user or group.
    #[serde(flatten)]
    pub subject: Subject,
    /// Whose substitute it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 256))]
    pub on_behalf_of: Option<String>,
}

/// The outcome of an order.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct OrderOutcome {
    /// The order.
    #[schemars(length(max = 63))]
    pub id: String,
    /// Whether the customer confirmed it. Left out until confirmation is complete.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confirmed: Option<bool>,
    /// Why not, in the customer's words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 1024))]
    pub reason: Option<String>,
    /// The order request that was created for it (S6).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 253))]
    pub order_request_name: Option<String>,
    /// Its UID.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 63))]
    pub uid: Option<String>,
}

/// What consumers report of the order requests.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Handover {
    /// Order requests that a consumer has accepted.
    #[schemars(range(min = 0, max = 100))]
    pub acknowledged: i32,
    /// Order requests that are done.
    #[schemars(range(min = 0, max = 100))]
    pub completed: i32,
    /// Order requests that failed.
    #[schemars(range(min = 0, max = 100))]
    pub failed: i32,
    /// Order requests that a consumer has rejected.
    #[schemars(range(min = 0, max = 100))]
    pub rejected: i32,
}

/// A decision that does not count.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
pub struct IgnoredDecision {
    /// Name of the decision.
    #[schemars(length(max = 253))]
    pub name: String,
    /// Who made it.
    #[schemars(length(max = 256))]
    pub username: String,
    /// Why it does not count, in one word.
    #[schemars(length(max = 63))]
    pub reason: String,
    /// Why, and what to do, in words.
    #[schemars(length(max = 1024))]
    pub message: String,
}
