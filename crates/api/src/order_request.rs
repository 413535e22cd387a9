//! `OrderRequest`: one confirmed order, passed on so that others can make the formal Customer Orders (S6).

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};
use kube::{CustomResource, KubeSchema};
use serde::{Deserialize, Serialize};

use super::customer_agreement::{Feasibility, OrderItem};

/// One confirmed order, in the words of TMF622. Created once by the operator, after sign-off; never changed.
#[derive(CustomResource, KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
#[kube(
    group = "countersign.dev",
    version = "v1alpha1",
    kind = "OrderRequest",
    plural = "orderrequests",
    singular = "orderrequest",
    shortname = "oreq",
    category = "commerce",
    namespaced,
    status = "OrderRequestStatus",
    derive = "PartialEq",
    doc = "One confirmed order of a signed CustomerAgreement, passed on as a request. Order controllers watch it and report back in its status.",
    selectable = ".spec.category",
    selectable = ".spec.agreementRef.name",
    selectable = ".spec.customer.id",
    printcolumn(name = "Agreement", type_ = "string", json_path = ".spec.agreementRef.name"),
    printcolumn(name = "Order", type_ = "string", json_path = ".spec.orderId"),
    printcolumn(name = "Acknowledged", type_ = "string", json_path = ".status.conditions[?(@.type=='Acknowledged')].status"),
    printcolumn(name = "Age", type_ = "date", json_path = ".metadata.creationTimestamp"),
    printcolumn(name = "Completed", type_ = "string", json_path = ".status.conditions[?(@.type=='Completed')].status", priority = 1),
    printcolumn(name = "Customer", type_ = "string", json_path = ".spec.customer.name", priority = 1),
    printcolumn(name = "Category", type_ = "string", json_path = ".spec.category", priority = 1),
    printcolumn(name = "By", type_ = "string", json_path = ".status.acknowledgedBy", priority = 1),
    validation = Rule::new("self.spec == oldSelf.spec")
        .message("`spec` may not be changed: it is what the customer confirmed").field_path(".spec").reason(Reason::FieldValueForbidden)
)]
#[serde(rename_all = "camelCase")]
pub struct OrderRequestSpec {
    /// The agreement that this comes from, with the confirmation digest.
    pub agreement_ref: ConfirmedAgreement,
    /// The order within the agreement.
    #[schemars(length(min = 1, max = 63))]
    pub order_id: String,
    /// `documentNumber/orderId`: the same in a cluster that was rebuilt. Left out if the agreement has no number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 256))]
    pub external_id: Option<String>,
    /// The same for every attempt to pass on this order, and for no other. Deduplicate by it.
    #[schemars(length(min = 1, max = 128))]
    pub idempotency_key: String,
    /// The customer.
    pub customer: OrderCustomer,
    /// Everyone who has a part in the agreement.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 100))]
    #[x_kube(merge_strategy = ListMerge::Atomic)]
    pub related_parties: Vec<RelatedParty>,
    /// Billing account that is charged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 128))]
    pub billing_account_id: Option<String>,
    /// Kind of order, by which order controllers select.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 63))]
    pub category: Option<String>,
    /// 0 to 4, 0 is the highest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 4))]
    pub priority: Option<i32>,
    /// When the customer wants work to start.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub requested_start_time: Option<Time>,
    /// When the customer wants it to be complete.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub requested_completion_time: Option<Time>,
    /// What is ordered.
    #[schemars(length(min = 1, max = 500))]
    #[x_kube(merge_strategy = ListMerge::Atomic)]
    pub items: Vec<OrderItem>,
    /// The terms that apply to it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 200))]
    #[x_kube(merge_strategy = ListMerge::Atomic)]
    pub applicable_terms: Vec<ApplicableTerm>,
    /// Requirements that the standard process does not cover.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 32), inner(length(max = 1024)))]
    #[x_kube(merge_strategy = ListMerge::Atomic)]
    pub special_requirements: Vec<String>,
    /// Whether it was checked that the order can be delivered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub feasibility: Option<Feasibility>,
    /// True if there are special requirements and it was not assessed whether they can be met.
    pub special_handling: bool,
    /// Usernames of the representatives who confirmed it.
    #[schemars(length(max = 64), inner(length(max = 256)))]
    #[x_kube(merge_strategy = ListMerge::Atomic)]
    pub confirmed_by: Vec<String>,
    /// When the agreement was sealed.
    pub signed_off_time: Time,
    /// When a consumer should have acknowledged it, if the policy says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub acknowledge_by_time: Option<Time>,
}

/// The agreement that an order request comes from.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
pub struct ConfirmedAgreement {
    /// Name of the agreement, in the same namespace.
    #[schemars(length(min = 1, max = 253))]
    pub name: String,
    /// UID of the agreement.
    #[schemars(length(min = 1, max = 63))]
    pub uid: String,
    /// Revision of the terms.
    #[schemars(range(min = 1, max = 1_000_000_000))]
    pub revision: i64,
    /// The confirmation digest that was signed.
    #[schemars(length(min = 71, max = 71), regex(pattern = r"^sha256:[0-9a-f]{64}$"))]
    pub digest: String,
}

/// The customer of an order.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
pub struct OrderCustomer {
    /// Identifier of the customer.
    #[schemars(length(min = 1, max = 128))]
    pub id: String,
    /// Name of the customer.
    #[schemars(length(min = 1, max = 256))]
    pub name: String,
}

/// A party that has a part in the agreement.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
pub struct RelatedParty {
    /// Identifier of the party, or username of a person.
    #[schemars(length(min = 1, max = 256))]
    pub id: String,
    /// Name of the party.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 256))]
    pub name: Option<String>,
    /// Its part, such as `Provider` or `Signatory`.
    #[schemars(length(min = 1, max = 63))]
    pub role: String,
}

/// A term that applies to an order.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
pub struct ApplicableTerm {
    /// The term.
    #[schemars(length(min = 1, max = 63))]
    pub id: String,
    /// Its value; left out if the term is a text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 256))]
    pub value: Option<String>,
}

/// What consumers report. The operator only reads it.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct OrderRequestStatus {
    /// Acknowledged, Completed, Failed, Rejected.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 16))]
    #[x_kube(merge_strategy = ListMerge::Map(vec!["type".into()]))]
    pub conditions: Vec<Condition>,
    /// The consumer that accepted it. Written first, with the resourceVersion, which claims the request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 256))]
    pub acknowledged_by: Option<String>,
    /// The Customer Orders that were created for it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 100))]
    #[x_kube(merge_strategy = ListMerge::Map(vec!["id".into()]))]
    pub customer_orders: Vec<CustomerOrder>,
}

/// A formal Customer Order, created by a consumer.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
pub struct CustomerOrder {
    /// Identifier of the order.
    #[schemars(length(min = 1, max = 128))]
    pub id: String,
    /// Where it can be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 2048))]
    pub uri: Option<String>,
    /// Its state, in TMF622's words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 63))]
    pub state: Option<String>,
}
