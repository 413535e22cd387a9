//! `OrderRequest` to TMF622 `ProductOrder`, as its consumer would post it.
//!
//! It leaves out what only the system that accepts the order can say: `id`, `state` and `orderDate`. So it is valid as a
//! `ProductOrder_Create` as well as a `ProductOrder`.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use serde::Serialize;

use super::options::Options;
use super::parts::{Any, Characteristic, Number, Reference, RelatedParty};
use countersign_api::customer_agreement::{
    ItemAction, ItemRelationship, OrderItem, Place, Price, PricePeriod, PriceType, Product,
};
use countersign_api::order_request::{ApplicableTerm, RelatedParty as OwnParty};
use countersign_api::{OrderRequest, OrderRequestSpec};

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ProductOrder {
    #[serde(rename = "@type")]
    type_: &'static str,
    external_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    category: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    priority: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    requested_start_date: Option<Time>,
    #[serde(skip_serializing_if = "Option::is_none")]
    requested_completion_date: Option<Time>,
    agreement: Vec<Reference>,
    #[serde(skip_serializing_if = "Option::is_none")]
    billing_account: Option<Reference>,
    related_party: Vec<RelatedParty>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    product_offering_qualification: Vec<Reference>,
    note: Vec<Note>,
    product_order_item: Vec<ProductOrderItem>,
}

#[derive(Debug, Serialize)]
struct Note {
    id: String,
    text: String,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct ProductOrderItem {
    id: String,
    action: &'static str,
    quantity: i32,
    #[serde(skip_serializing_if = "Option::is_none")]
    product_offering: Option<Reference>,
    #[serde(skip_serializing_if = "Option::is_none")]
    product: Option<ProductValue>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    item_price: Vec<OrderPrice>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    item_term: Vec<OrderTerm>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    product_order_item_relationship: Vec<Relationship>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct ProductValue {
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    product_characteristic: Vec<Characteristic>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    place: Vec<RelatedPlace>,
}

#[derive(Debug, Serialize)]
struct RelatedPlace {
    role: String,
    name: String,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct OrderPrice {
    price_type: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    recurring_charge_period: Option<&'static str>,
    price: PriceValue,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct PriceValue {
    duty_free_amount: Money,
}

#[derive(Debug, Serialize)]
struct Money {
    unit: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<Number>,
}

#[derive(Debug, Serialize)]
struct OrderTerm {
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    duration: Option<Quantity>,
}

#[derive(Debug, Serialize)]
struct Quantity {
    amount: i32,
    units: &'static str,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Relationship {
    id: String,
    relationship_type: String,
}

pub(super) fn product_order(request: &OrderRequest, options: &Options) -> ProductOrder {
    let spec = &request.spec;
    let (agreement, customer) = (&spec.agreement_ref, &spec.customer);
    let mut related_party = vec![RelatedParty::organization(&customer.id, Some(&customer.name), "Customer")];
    related_party.extend(spec.related_parties.iter().map(party));
    ProductOrder {
        type_: "ProductOrder",
        external_id: spec.external_id.as_ref().unwrap_or(&spec.idempotency_key).clone(),
        category: spec.category.clone(),
        priority: spec.priority.map(|priority| priority.to_string()),
        requested_start_date: spec.requested_start_time.clone(),
        requested_completion_date: spec.requested_completion_time.clone(),
        agreement: vec![Reference {
            href: options.agreement_href(&agreement.uid),
            ..Reference::to(&agreement.uid, Some(&agreement.name))
        }],
        billing_account: spec.billing_account_id.as_deref().map(|id| Reference::to(id, None)),
        related_party,
        product_offering_qualification: spec
            .feasibility
            .iter()
            .filter_map(|feasibility| Some(Reference::to(feasibility.reference.as_deref()?, None)))
            .collect(),
        note: notes(spec),
        product_order_item: spec.items.iter().map(|own| item(own, &spec.applicable_terms)).collect(),
    }
}

/// In these roles the operator names people; everyone else who has a part is an organisation.
fn party(own: &OwnParty) -> RelatedParty {
    let name = own.name.as_deref();
    match own.role.as_str() {
        "AccountOwner" | "CustomerSignatory" | "ProviderSignatory" => {
            RelatedParty::individual(&own.id, name, &own.role)
        }
        _ => RelatedParty::organization(&own.id, name, &own.role),
    }
}

/// A TMF622 order has no characteristics of its own, so the rest becomes notes, whose ids say what they are.
fn notes(spec: &OrderRequestSpec) -> Vec<Note> {
    let note = |id: &str, text: String| Note { id: id.to_owned(), text };
    let mut all = vec![
        note("idempotencyKey", spec.idempotency_key.clone()),
        note("orderId", spec.order_id.clone()),
        note("agreementRevision", spec.agreement_ref.revision.to_string()),
        note("agreementDigest", spec.agreement_ref.digest.clone()),
        note("signedOffTime", spec.signed_off_time.0.to_string()),
    ];
    all.extend(spec.acknowledge_by_time.iter().map(|time| note("acknowledgeByTime", time.0.to_string())));
    let mut number = |id: &str, texts: &[String]| {
        let numbered = texts.iter().enumerate();
        all.extend(numbered.map(|(index, text)| note(&format!("{id}-{}", index + 1), text.clone())));
    };
    number("confirmedBy", &spec.confirmed_by);
    number("specialRequirement", &spec.special_requirements);
    if let Some(feasibility) = &spec.feasibility {
        let text = if feasibility.assessed { "assessed" } else { "not assessed" };
        all.push(note("feasibility", text.to_owned()));
    }
    if spec.special_handling {
        all.push(note("specialHandling", "true".to_owned()));
    }
    all
}

fn item(own: &OrderItem, terms: &[ApplicableTerm]) -> ProductOrderItem {
    let offering = own.product_offering.as_ref();
    ProductOrderItem {
        id: own.id.clone(),
        action: match own.action {
            ItemAction::Add => "add",
            ItemAction::Modify => "modify",
            ItemAction::Delete => "delete",
            ItemAction::NoChange => "noChange",
        },
        quantity: own.quantity,
        product_offering: offering.map(|offering| Reference::to(&offering.id, offering.name.as_deref())),
        product: own.product.as_ref().map(product),
        item_price: own.prices.iter().map(price).collect(),
        item_term: item_terms(own, terms),
        product_order_item_relationship: own.relationships.iter().map(relationship).collect(),
    }
}

fn product(own: &Product) -> ProductValue {
    let characteristics = own.characteristics.iter().map(|own| Characteristic {
        name: own.name.clone(),
        value_type: None,
        value: Any::Text(own.value.clone()),
    });
    let place = |own: &Place| RelatedPlace { role: own.role.clone(), name: own.name.clone() };
    ProductValue {
        id: own.id.clone(),
        product_characteristic: characteristics.collect(),
        place: own.place.iter().map(place).collect(),
    }
}

fn price(own: &Price) -> OrderPrice {
    OrderPrice {
        price_type: match own.price_type {
            PriceType::Recurring => "recurring",
            PriceType::OneTime => "oneTime",
            PriceType::Usage => "usage",
        },
        recurring_charge_period: own.period.map(|period| match period {
            PricePeriod::Month => "month",
            PricePeriod::Quarter => "quarter",
            PricePeriod::Year => "year",
        }),
        price: PriceValue {
            duty_free_amount: Money { unit: own.currency.clone(), value: Number::decimal(&own.amount) },
        },
    }
}

fn item_terms(own: &OrderItem, terms: &[ApplicableTerm]) -> Vec<OrderTerm> {
    let commitment = own.commitment_months.map(|amount| OrderTerm {
        // It cannot be taken for a term: the ids of those have no capital letters.
        name: "commitmentMonths".to_owned(),
        description: None,
        duration: Some(Quantity { amount, units: "month" }),
    });
    let terms = terms.iter().map(|term| OrderTerm {
        name: term.id.clone(),
        description: term.value.clone(),
        duration: None,
    });
    commitment.into_iter().chain(terms).collect()
}

fn relationship(own: &ItemRelationship) -> Relationship {
    Relationship { id: own.item_id.clone(), relationship_type: own.relationship_type.clone() }
}
