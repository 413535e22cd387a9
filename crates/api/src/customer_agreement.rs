//! `CustomerAgreement`: what is agreed, and how far the agreement has come.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use kube::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::agreement_status::CustomerAgreementStatus;
use super::money::Money;
use super::references::{AgreementNameRef, Document, Period, StandardTermsRef};

/// What an agreement says: parties, terms and orders (S1, S5). Written by authors, mostly through Git.
#[derive(CustomResource, KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[kube(
    group = "countersign.dev",
    version = "v1alpha1",
    kind = "CustomerAgreement",
    plural = "customeragreements",
    singular = "customeragreement",
    shortname = "cagr",
    category = "commerce",
    namespaced,
    status = "CustomerAgreementStatus",
    derive = "PartialEq",
    doc = "A customer agreement on its way through confirmation, escalation and sign-off. Its confirmed orders are passed on as OrderRequests.",
    selectable = ".status.phase",
    selectable = ".spec.agreementType",
    selectable = ".spec.customer.id",
    selectable = ".spec.provider.ownerUsername",
    printcolumn(name = "Phase", type_ = "string", json_path = ".status.phase", description = "How far the agreement has come"),
    printcolumn(name = "Waiting For", type_ = "string", json_path = ".status.waitingOn", description = "Who has to act, and since when"),
    printcolumn(name = "Rev", type_ = "integer", json_path = ".status.terms.revision", description = "Revision of the terms; each change voids earlier decisions"),
    printcolumn(name = "Age", type_ = "date", json_path = ".metadata.creationTimestamp"),
    printcolumn(name = "Deadline", type_ = "string", json_path = ".status.waitingFor[0].deadlineTime", priority = 1),
    printcolumn(name = "Customer", type_ = "string", json_path = ".spec.customer.name", priority = 1),
    printcolumn(name = "Value", type_ = "string", json_path = ".status.value.total", priority = 1),
    printcolumn(name = "Currency", type_ = "string", json_path = ".status.value.currency", priority = 1),
    printcolumn(name = "Terms", type_ = "string", json_path = ".status.classification", priority = 1),
    validation = Rule::new("!has(self.spec.amendsRef) || self.spec.amendsRef.name != self.metadata.name")
        .message(Message::Expression("'`spec.amendsRef.name` must name another agreement, and is this one, ' + self.spec.amendsRef.name".into())).field_path(".spec.amendsRef").reason(Reason::FieldValueInvalid),
    validation = Rule::new("!has(self.spec.supersedesRef) || self.spec.supersedesRef.name != self.metadata.name")
        .message(Message::Expression("'`spec.supersedesRef.name` must name another agreement, and is this one, ' + self.spec.supersedesRef.name".into())).field_path(".spec.supersedesRef").reason(Reason::FieldValueInvalid),
    validation = Rule::new("!has(self.spec.parentRef) || self.spec.parentRef.name != self.metadata.name")
        .message(Message::Expression("'`spec.parentRef.name` must name another agreement, and is this one, ' + self.spec.parentRef.name".into())).field_path(".spec.parentRef").reason(Reason::FieldValueInvalid),
    validation = sealed_word("agreementType"),
    validation = sealed_word("offerVersion"),
    validation = sealed("proposalRef", &same("proposalRef")),
    validation = sealed("customer", "self.spec.customer == oldSelf.spec.customer"),
    validation = sealed("provider", "self.spec.provider.id == oldSelf.spec.provider.id && self.spec.provider.name == oldSelf.spec.provider.name"),
    validation = sealed("otherParties", &same("otherParties")),
    validation = sealed("agreementPeriod", "self.spec.agreementPeriod == oldSelf.spec.agreementPeriod"),
    validation = sealed("estimatedValue", &same("estimatedValue")),
    validation = sealed_word("standardTermsRef.name"),
    validation = sealed("terms", &same("terms")),
    validation = sealed("orders", &same("orders")),
    validation = sealed("documents", "has(self.spec.documents) == has(oldSelf.spec.documents) && (!has(self.spec.documents) || (self.spec.documents.size() == oldSelf.spec.documents.size() && self.spec.documents.all(d, self.spec.documents.filter(n, n.role == d.role && n.digest == d.digest).size() == oldSelf.spec.documents.filter(o, o.role == d.role && o.digest == d.digest).size())))"),
    validation = sealed("amendsRef", &same("amendsRef")),
    validation = sealed("supersedesRef", &same("supersedesRef")),
    validation = sealed("parentRef", &same("parentRef")),
    validation = Rule::new(format!("!({SEALED}) || (has(self.status) && has(self.status.signOff) && has(self.status.signOff.sealedTime) && self.status.signOff.sealedTime == oldSelf.status.signOff.sealedTime)"))
        .message(Message::Expression("'`status.signOff.sealedTime` must stay %s: the agreement is sealed'.format([oldSelf.status.signOff.sealedTime])".into())).field_path(".status.signOff.sealedTime").reason(Reason::FieldValueForbidden),
    validation = Rule::new("!has(oldSelf.status) || !has(oldSelf.status.closed) || (has(self.status) && has(self.status.closed) && self.status.closed == oldSelf.status.closed)")
        .message("`status.closed` may not be changed: the agreement has ended").field_path(".status.closed").reason(Reason::FieldValueForbidden)
)]
#[x_kube(
    validation = Rule::new("(self.agreementType == 'Amendment') == has(self.amendsRef)")
        .message(Message::Expression("'`amendsRef` must be given when `agreementType` is Amendment, and only then; `agreementType` is ' + self.agreementType".into())).field_path(".amendsRef").reason(Reason::FieldValueInvalid),
    validation = Rule::new("!has(self.orders) || self.orders.map(o, o.items.size()).sum() <= 2000")
        .message(Message::Expression("'`orders` must hold at most 2000 items in all, and hold %d'.format([self.orders.map(o, o.items.size()).sum()])".into()))
        .field_path(".orders").reason(Reason::FieldValueInvalid)
)]
#[serde(rename_all = "camelCase")]
pub struct CustomerAgreementSpec {
    /// Title for readers. Changing it voids no decision.
    #[schemars(length(min = 1, max = 256))]
    pub title: String,
    /// Kind of agreement, such as `Commercial`, `Framework` or `Amendment`; the catalogue lists the ones it is for.
    #[schemars(length(min = 1, max = 63), regex(pattern = r"^[A-Z][A-Za-z0-9]*$"))]
    pub agreement_type: String,
    /// Raise it to offer the same terms again, which voids earlier decisions.
    #[schemars(range(min = 1, max = 1_000_000))]
    pub offer_version: i32,
    /// Description for readers. Changing it voids no decision.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 4096))]
    pub description: Option<String>,
    /// Number of the contract document in other systems. Order requests carry it, so that it survives a rebuilt cluster.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 128))]
    pub document_number: Option<String>,
    /// The proposal or quote that this agreement comes from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proposal_ref: Option<ProposalRef>,
    /// The customer, with the people who may act for it (S2, S7).
    pub customer: Customer,
    /// The supplier enterprise, with the people who may sign for it (S3, S7).
    pub provider: Provider,
    /// Parties beside customer and provider, such as a guarantor or a reseller.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 32))]
    #[x_kube(merge_strategy = ListMerge::Map(vec!["id".into()]))]
    pub other_parties: Vec<OtherParty>,
    /// When the agreement is in effect, once it is agreed.
    pub agreement_period: Period,
    /// When the offer ends. You may move it until it has passed; moving it voids no decision.
    pub offer_end_time: Time,
    /// What a framework agreement is expected to be worth. A floor for the value that decides who must approve (S4).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub estimated_value: Option<Money>,
    /// The catalogue against which the terms are classified (S1).
    pub standard_terms_ref: StandardTermsRef,
    /// The terms (S1). An Amendment lists only those that change.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 200))]
    #[x_kube(merge_strategy = ListMerge::Map(vec!["id".into()]))]
    pub terms: Vec<Term>,
    /// The orders to be confirmed: zero or more (S5).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 100))]
    #[x_kube(merge_strategy = ListMerge::Atomic)]
    pub orders: Vec<Order>,
    /// Documents that are part of the agreement.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 32))]
    #[x_kube(merge_strategy = ListMerge::Map(vec!["name".into()]))]
    pub documents: Vec<Document>,
    /// The agreement that this one amends. The old one stays in force.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub amends_ref: Option<AgreementNameRef>,
    /// The agreement that this one replaces, once it is sealed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub supersedes_ref: Option<AgreementNameRef>,
    /// The framework agreement that this one is a call-off of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent_ref: Option<AgreementNameRef>,
}

/// True once the agreement is sealed. Spelled with `has`: the server cannot bound the cost of comparing optionals.
const SEALED: &str =
    "has(oldSelf.status) && has(oldSelf.status.signOff) && has(oldSelf.status.signOff.sealedTime)";

/// True if an optional field of `spec` is unchanged.
fn same(field: &str) -> String {
    let (new, old) = (format!("self.spec.{field}"), format!("oldSelf.spec.{field}"));
    format!("has({new}) == has({old}) && (!has({new}) || {new} == {old})")
}

/// A rule that freezes one field of `spec` once the agreement is sealed (S3).
fn sealed(field: &str, unchanged: &str) -> kube::core::Rule {
    kube::core::Rule::new(format!("!({SEALED}) || ({unchanged})"))
        .message(kube::core::Message::Message(format!(
            "`spec.{field}` may not be changed: the agreement is sealed; make an Amendment or a superseding agreement"
        )))
        .field_path(format!(".spec.{field}"))
        .reason(kube::core::Reason::FieldValueForbidden)
}

/// The same for a required word or number, and says what it was: `%s` takes both, and its cost can be bounded.
fn sealed_word(field: &str) -> kube::core::Rule {
    sealed(field, &format!("self.spec.{field} == oldSelf.spec.{field}")).message(kube::core::Message::Expression(format!(
        "'`spec.{field}` must stay %s and not become %s: the agreement is sealed; make an Amendment or a superseding agreement'.format([oldSelf.spec.{field}, self.spec.{field}])"
    )))
}

/// The proposal or quote that an agreement comes from.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
pub struct ProposalRef {
    /// What it is, such as `Quote` or `Proposal`.
    #[schemars(length(min = 1, max = 63), regex(pattern = r"^[A-Z][A-Za-z0-9]*$"))]
    pub kind: String,
    /// Its identifier in the system that holds it.
    #[schemars(length(min = 1, max = 128))]
    pub id: String,
    /// Its version, if it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 63))]
    pub version: Option<String>,
}

/// The customer.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
pub struct Customer {
    /// Identifier of the customer in the system that holds it.
    #[schemars(length(min = 1, max = 128))]
    pub id: String,
    /// Name of the customer.
    #[schemars(length(min = 1, max = 256))]
    pub name: String,
    /// Market segment, such as `Enterprise`; a policy may ask for approval by segment (S4).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 63))]
    pub segment: Option<String>,
    /// People who act for the customer. Nobody else may confirm or sign (S7).
    #[schemars(length(min = 1, max = 32))]
    #[x_kube(merge_strategy = ListMerge::Map(vec!["username".into()]))]
    pub representatives: Vec<Representative>,
}

/// A person who acts for the customer.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
pub struct Representative {
    /// Name as people read it.
    #[schemars(length(min = 1, max = 256))]
    pub name: String,
    /// Username as the API server sees it.
    #[schemars(length(min = 1, max = 256))]
    pub username: String,
    /// What the person may do for the customer.
    #[schemars(length(min = 1, max = 2))]
    #[x_kube(merge_strategy = ListMerge::Set)]
    pub roles: Vec<RepresentativeRole>,
}

/// What a representative may do for the customer.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum RepresentativeRole {
    /// May confirm that the terms are understood and acceptable (S2).
    Confirmer,
    /// May sign (S3).
    Signatory,
}

/// The supplier enterprise.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct Provider {
    /// Identifier of the provider's organisation.
    #[schemars(length(min = 1, max = 128))]
    pub id: String,
    /// Name of the provider's organisation.
    #[schemars(length(min = 1, max = 256))]
    pub name: String,
    /// Username of the account owner, who may withdraw and never approve. Changing it voids no decision.
    #[schemars(length(min = 1, max = 256))]
    pub owner_username: String,
    /// People who may countersign for the provider (S3). Changing them voids no decision.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 32))]
    #[x_kube(merge_strategy = ListMerge::Map(vec!["username".into()]))]
    pub signatories: Vec<ProviderSignatory>,
}

/// A person who may countersign for the provider.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
pub struct ProviderSignatory {
    /// Name as people read it.
    #[schemars(length(min = 1, max = 256))]
    pub name: String,
    /// Username as the API server sees it.
    #[schemars(length(min = 1, max = 256))]
    pub username: String,
    /// The person's title.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 256))]
    pub title: Option<String>,
}

/// A party beside customer and provider.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
pub struct OtherParty {
    /// Identifier of the party.
    #[schemars(length(min = 1, max = 128))]
    pub id: String,
    /// Name of the party.
    #[schemars(length(min = 1, max = 256))]
    pub name: String,
    /// What it is in the agreement, such as `Guarantor`.
    #[schemars(length(min = 1, max = 63))]
    pub role: String,
}

/// One term, classified against the catalogue (S1).
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
#[x_kube(validation = Rule::new("has(self.value) || has(self.text)")
    .message(Message::Expression("'term ' + self.id + ' must have a `value` or a `text`'".into())).field_path(".value").reason(Reason::FieldValueRequired))]
pub struct Term {
    /// Identifier of the term in the catalogue. A term that is not in the catalogue is an added term.
    #[schemars(length(min = 1, max = 63), regex(pattern = r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$"))]
    pub id: String,
    /// Value of the term: a decimal, `true` or `false`, or one of the catalogue's words. Money is in the policy's currency.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 256))]
    pub value: Option<String>,
    /// The wording, if it is not the standard one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 4096))]
    pub text: Option<String>,
    /// Why it is as it is, for everyone who decides, the customer too: it is part of what they decide on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 1024))]
    pub reason: Option<String>,
}

/// One order. What the customer confirms is passed on as one `OrderRequest` (S5, S6).
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
#[x_kube(validation = Rule::new("!has(self.requestedStartTime) || !has(self.requestedCompletionTime) || self.requestedCompletionTime >= self.requestedStartTime")
    .message(Message::Expression("'`requestedCompletionTime` %s must not be earlier than `requestedStartTime` %s'.format([self.requestedCompletionTime, self.requestedStartTime])".into())).field_path(".requestedCompletionTime").reason(Reason::FieldValueInvalid))]
#[serde(rename_all = "camelCase")]
pub struct Order {
    /// Identifier of the order within the agreement.
    #[schemars(length(min = 1, max = 63), regex(pattern = r"^[A-Za-z0-9]([-._A-Za-z0-9]*[A-Za-z0-9])?$"))]
    pub id: String,
    /// What is ordered.
    #[schemars(length(min = 1, max = 500))]
    #[x_kube(merge_strategy = ListMerge::Atomic)]
    pub items: Vec<OrderItem>,
    /// Billing account that is charged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 128))]
    pub billing_account_id: Option<String>,
    /// Kind of order, by which order controllers select.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 63))]
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
    /// Requirements that the standard process does not cover.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 32), inner(length(min = 1, max = 1024)))]
    #[x_kube(merge_strategy = ListMerge::Atomic)]
    pub special_requirements: Vec<String>,
    /// Whether it was checked that the order can be delivered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub feasibility: Option<Feasibility>,
}

/// Whether it was checked that an order can be delivered.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
pub struct Feasibility {
    /// True if it was assessed.
    pub assessed: bool,
    /// Reference to the assessment.
    #[serde(default, rename = "ref", skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 128))]
    pub reference: Option<String>,
}

/// One line of an order.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct OrderItem {
    /// Identifier of the item within the order.
    #[schemars(length(min = 1, max = 63), regex(pattern = r"^[A-Za-z0-9]([-._A-Za-z0-9]*[A-Za-z0-9])?$"))]
    pub id: String,
    /// What is done with the product.
    pub action: ItemAction,
    /// How many.
    #[schemars(range(min = 0, max = 10_000_000))]
    pub quantity: i32,
    /// What is offered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub product_offering: Option<ProductOffering>,
    /// The product as it should be, or the one that exists.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub product: Option<Product>,
    /// Net prices for one unit.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 20))]
    #[x_kube(merge_strategy = ListMerge::Atomic)]
    pub prices: Vec<Price>,
    /// How far below list the prices are, in percent. Required for an Add or Modify with prices; `0` if there is no discount.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 8), regex(pattern = r"^(100(\.0{1,4})?|[0-9]{1,2}(\.[0-9]{1,4})?)$"))]
    pub discount_percent: Option<String>,
    /// For how many months the customer commits to this item. If it is left out, the agreement's period counts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 1200))]
    pub commitment_months: Option<i32>,
    /// How it relates to other items of the order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 20))]
    #[x_kube(merge_strategy = ListMerge::Atomic)]
    pub relationships: Vec<ItemRelationship>,
}

/// What an order item does with its product.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Copy, Debug, PartialEq, Eq)]
pub enum ItemAction {
    /// A new product.
    Add,
    /// A change of an existing one.
    Modify,
    /// The end of an existing one.
    Delete,
    /// An existing one that stays as it is.
    NoChange,
}

/// What is offered, from the product catalogue.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
pub struct ProductOffering {
    /// Identifier of the offering.
    #[schemars(length(min = 1, max = 128))]
    pub id: String,
    /// Name of the offering.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 256))]
    pub name: Option<String>,
}

/// A product as it should be, or one that exists.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
pub struct Product {
    /// Identifier of an existing product.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 128))]
    pub id: Option<String>,
    /// How it is configured.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 20))]
    #[x_kube(merge_strategy = ListMerge::Atomic)]
    pub characteristics: Vec<Characteristic>,
    /// Where it is delivered or used.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 20))]
    #[x_kube(merge_strategy = ListMerge::Atomic)]
    pub place: Vec<Place>,
}

/// One property of a product.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
pub struct Characteristic {
    /// Name of the property.
    #[schemars(length(min = 1, max = 128))]
    pub name: String,
    /// Its value.
    #[schemars(length(max = 256))]
    pub value: String,
}

/// A place of delivery or use.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// What it is for the product, such as `Installation`.
    #[schemars(length(min = 1, max = 63))]
    pub role: String,
    /// Address or name.
    #[schemars(length(min = 1, max = 256))]
    pub name: String,
}

/// A net price for one unit.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
#[x_kube(validation = Rule::new("(self.type == 'Recurring') == has(self.period)")
    .message(Message::Expression("'`period` must be given for a Recurring price, and only for it; `type` is ' + self.type".into())).field_path(".period").reason(Reason::FieldValueInvalid))]
pub struct Price {
    /// When it is charged.
    #[serde(rename = "type")]
    pub price_type: PriceType,
    /// How often a Recurring price is charged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub period: Option<PricePeriod>,
    /// Decimal amount, with at most 13 digits before and 4 after the point.
    #[schemars(length(min = 1, max = 18), regex(pattern = r"^[0-9]{1,13}(\.[0-9]{1,4})?$"))]
    pub amount: String,
    /// ISO 4217 code, such as `EUR`.
    #[schemars(length(min = 3, max = 3), regex(pattern = r"^[A-Z]{3}$"))]
    pub currency: String,
}

/// When a price is charged.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Copy, Debug, PartialEq, Eq)]
pub enum PriceType {
    /// Once in every `period`.
    Recurring,
    /// Once.
    OneTime,
    /// By use. Adds nothing to the value.
    Usage,
}

/// How often a recurring price is charged.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Copy, Debug, PartialEq, Eq)]
pub enum PricePeriod {
    /// Every month.
    Month,
    /// Every three months.
    Quarter,
    /// Every twelve months.
    Year,
}

impl PricePeriod {
    /// Length in months.
    #[must_use]
    pub const fn months(self) -> u32 {
        match self {
            Self::Month => 1,
            Self::Quarter => 3,
            Self::Year => 12,
        }
    }
}

/// How an item relates to another of the same order.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct ItemRelationship {
    /// Kind of relation, such as `reliesOn`.
    #[serde(rename = "type")]
    #[schemars(length(min = 1, max = 63))]
    pub relationship_type: String,
    /// The other item.
    #[schemars(length(min = 1, max = 63))]
    pub item_id: String,
}
