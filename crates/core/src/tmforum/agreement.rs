//! `CustomerAgreement` to TMF651 `Agreement`.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use serde::Serialize;

use super::decisions::{self, AgreementAuthorization};
use super::left_out::Missing;
use super::options::Options;
use super::parts::{Characteristic, Reference, RelatedParty, TimePeriod, agreed_orders};
use super::{characteristics, links};
use crate::decide::name_of;
use crate::verify::Export;
use countersign_api::customer_agreement::{Order, RepresentativeRole};
use countersign_api::{CustomerAgreement, CustomerAgreementSpec, CustomerAgreementStatus, StandardTerms};

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Agreement {
    #[serde(rename = "@type")]
    type_: &'static str,
    id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    href: Option<String>,
    agreement_type: String,
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    document_number: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<String>,
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    initial_date: Option<Time>,
    #[serde(skip_serializing_if = "Option::is_none")]
    completion_date: Option<TimePeriod>,
    agreement_period: TimePeriod,
    #[serde(skip_serializing_if = "Option::is_none")]
    agreement_specification: Option<Reference>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    associated_agreement: Vec<Reference>,
    engaged_party: Vec<RelatedParty>,
    agreement_item: Vec<AgreementItem>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    agreement_authorization: Vec<AgreementAuthorization>,
    characteristic: Vec<Characteristic>,
}

/// The first holds the terms, each further one what an order refers to.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct AgreementItem {
    #[serde(skip_serializing_if = "Option::is_none")]
    term_or_condition: Option<Vec<AgreementTermOrCondition>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    product_offering: Option<Vec<Reference>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    product: Option<Vec<Reference>>,
}

#[derive(Debug, Serialize)]
struct AgreementTermOrCondition {
    id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<String>,
}

pub(super) fn agreement(
    export: &Export,
    agreement: &CustomerAgreement,
    options: &Options,
    missing: &mut Missing<'_>,
) -> Agreement {
    let none = CustomerAgreementStatus::default();
    let status = agreement.status.as_ref().unwrap_or(&none);
    let spec = &agreement.spec;
    let id = agreement.metadata.uid.clone().unwrap_or_default();
    let catalogue = links::catalogue(export, agreement, status, missing);
    let links = links::links(agreement, status);
    let counted = decisions::counted(export, agreement, status, options.audience, missing);
    let terms = catalogue.as_ref().map(|(_, terms)| *terms);
    Agreement {
        type_: "Agreement",
        href: options.agreement_href(&id),
        agreement_type: spec.agreement_type.clone(),
        name: spec.title.clone(),
        description: spec.description.clone(),
        document_number: spec.document_number.as_deref().and_then(whole_number),
        version: status.terms.as_ref().map(|terms| terms.revision.to_string()),
        status: word(status),
        initial_date: agreement.metadata.creation_timestamp.clone(),
        completion_date: status.agreed_time.as_ref().map(TimePeriod::instant),
        agreement_period: TimePeriod::of(&spec.agreement_period),
        agreement_specification: specification(status, catalogue.as_ref(), options),
        associated_agreement: links::associated(export, agreement, &links, options, missing),
        engaged_party: parties(spec),
        agreement_item: items(spec, status, terms),
        agreement_authorization: counted.iter().map(decisions::Counted::authorization).collect(),
        characteristic: characteristics::all(agreement, status, terms, &links, &counted, options.audience),
        id,
    }
}

/// TMF651 names these three words as typical, and no others.
const fn word(status: &CustomerAgreementStatus) -> &'static str {
    match (&status.closed, &status.sign_off) {
        (Some(_), _) => "rejected",
        (None, Some(sign_off)) if sign_off.sealed_time.is_some() => "approved",
        _ => "in process",
    }
}

/// In TMF651 a document number is an integer. One that would not read back as it was written, such as `007`, is left out.
fn whole_number(text: &str) -> Option<i64> {
    text.parse().ok().filter(|number: &i64| number.to_string() == text)
}

fn specification(
    status: &CustomerAgreementStatus,
    found: Option<&(String, &StandardTerms)>,
    options: &Options,
) -> Option<Reference> {
    let pinned = status.pinned.as_ref().map(|pinned| {
        let own = &pinned.standard_terms;
        (own.uid.as_str(), Some(own.name.as_str()))
    });
    let found = found.map(|(uid, own)| (uid.as_str(), own.metadata.name.as_deref()));
    let (id, name) = pinned.or(found)?;
    Some(Reference { href: options.specification_href(id), ..Reference::to(id, name) })
}

fn parties(spec: &CustomerAgreementSpec) -> Vec<RelatedParty> {
    let (customer, provider) = (&spec.customer, &spec.provider);
    let mut all = vec![
        RelatedParty::organization(&customer.id, Some(&customer.name), "Customer"),
        RelatedParty::organization(&provider.id, Some(&provider.name), "Provider"),
    ];
    for other in &spec.other_parties {
        all.push(RelatedParty::organization(&other.id, Some(&other.name), &other.role));
    }
    for person in &customer.representatives {
        for (role, word) in [
            (RepresentativeRole::Confirmer, "CustomerConfirmer"),
            (RepresentativeRole::Signatory, "CustomerSignatory"),
        ] {
            if person.roles.contains(&role) {
                all.push(RelatedParty::individual(&person.username, Some(&person.name), word));
            }
        }
    }
    for person in &provider.signatories {
        all.push(RelatedParty::individual(&person.username, Some(&person.name), "ProviderSignatory"));
    }
    // TMF651 requires a name, and of an owner only the username is required.
    let owner = &provider.owner_username;
    all.push(RelatedParty::individual(owner, Some(name_of(spec, owner).unwrap_or(owner)), "AccountOwner"));
    all
}

fn items(
    spec: &CustomerAgreementSpec,
    status: &CustomerAgreementStatus,
    catalogue: Option<&StandardTerms>,
) -> Vec<AgreementItem> {
    let terms = spec.terms.iter().map(|term| {
        let title = || title(catalogue, &term.id).map(str::to_owned);
        AgreementTermOrCondition { id: term.id.clone(), description: term.text.clone().or_else(title) }
    });
    let mut all =
        vec![AgreementItem { term_or_condition: Some(terms.collect()), ..AgreementItem::default() }];
    all.extend(agreed_orders(spec, status).map(item));
    all
}

fn title<'a>(catalogue: Option<&'a StandardTerms>, id: &str) -> Option<&'a str> {
    let term = catalogue?.spec.terms.iter().find(|term| term.id == id)?;
    Some(&term.title)
}

fn item(order: &Order) -> AgreementItem {
    let offerings = order.items.iter().filter_map(|item| item.product_offering.as_ref());
    let offerings = offerings.map(|offering| Reference::to(&offering.id, offering.name.as_deref()));
    let products = order.items.iter().filter_map(|item| item.product.as_ref()?.id.as_deref());
    AgreementItem {
        product_offering: Some(once(offerings)),
        product: Some(once(products.map(|id| Reference::to(id, None)))),
        ..AgreementItem::default()
    }
}

fn once(all: impl Iterator<Item = Reference>) -> Vec<Reference> {
    let mut seen = std::collections::BTreeSet::new();
    all.filter(|reference| seen.insert(reference.id.clone())).collect()
}
