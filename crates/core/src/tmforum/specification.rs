//! `StandardTerms` to TMF651 `AgreementSpecification`.

use serde::Serialize;

use super::left_out::Missing;
use super::options::Options;
use super::parts::{Any, TimePeriod};
use crate::audience::Audience;
use countersign_api::StandardTerms;
use countersign_api::references::Document;
use countersign_api::standard_terms::{LifecycleState, StandardTerm, TermValueType};

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct AgreementSpecification {
    #[serde(rename = "@type")]
    type_: &'static str,
    id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    href: Option<String>,
    name: String,
    version: String,
    lifecycle_status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    valid_for: Option<TimePeriod>,
    attachment: Vec<Attachment>,
    specification_characteristic: Vec<SpecificationCharacteristic>,
}

/// A document, known by its digest.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Attachment {
    id: String,
    name: String,
    attachment_type: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    mime_type: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct SpecificationCharacteristic {
    name: String,
    description: String,
    configurable: bool,
    value_type: &'static str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    spec_characteristic_value: Vec<CharacteristicValue>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct CharacteristicValue {
    default: bool,
    value_type: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    unit_of_measure: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<Any>,
    #[serde(skip_serializing_if = "Option::is_none")]
    value_from: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    value_to: Option<String>,
}

pub(super) fn specification(
    catalogue: &StandardTerms,
    options: &Options,
    missing: &mut Missing<'_>,
) -> Option<AgreementSpecification> {
    let spec = &catalogue.spec;
    if spec.documents.is_empty() {
        missing.note(
            "it cannot be an AgreementSpecification: TMF651 requires at least one attachment, and `spec.documents` is \
             empty",
        );
        return None;
    }
    let id = catalogue.metadata.uid.clone().unwrap_or_default();
    Some(AgreementSpecification {
        type_: "AgreementSpecification",
        href: options.specification_href(&id),
        id,
        name: catalogue.metadata.name.clone().unwrap_or_default(),
        version: spec.version.clone(),
        lifecycle_status: match spec.lifecycle_state {
            LifecycleState::Active => "Active",
            LifecycleState::Retired => "Retired",
        },
        valid_for: spec.valid_period.as_ref().map(TimePeriod::of),
        attachment: spec.documents.iter().map(attachment).collect(),
        specification_characteristic: spec.terms.iter().map(|term| characteristic(term, options)).collect(),
    })
}

fn attachment(document: &Document) -> Attachment {
    Attachment {
        id: document.digest.clone(),
        name: document.name.clone(),
        attachment_type: document.role.clone(),
        mime_type: document.media_type.clone(),
        url: document.uri.clone(),
    }
}

fn characteristic(term: &StandardTerm, options: &Options) -> SpecificationCharacteristic {
    let mut values = Vec::new();
    let standard = &term.standard;
    if let Some(default) = &standard.default {
        values.push(one(term, default, true));
    }
    let mut add = |from: &Option<String>, to: &Option<String>, words: &[String]| {
        if from.is_some() || to.is_some() {
            values.push(range(term, from.clone(), to.clone()));
        }
        let more = words.iter().filter(|word| standard.default.as_ref() != Some(word));
        values.extend(more.map(|word| one(term, word, false)));
    };
    add(&standard.from, &standard.to, &standard.values);
    // The bands would show the customer how far the provider would go.
    if options.audience == Audience::Provider {
        for band in &term.bands {
            add(&band.from, &band.to, &band.values);
        }
    }
    SpecificationCharacteristic {
        name: term.id.clone(),
        description: term.title.clone(),
        configurable: true,
        value_type: word(term.value_type),
        spec_characteristic_value: values,
    }
}

fn one(term: &StandardTerm, value: &str, default: bool) -> CharacteristicValue {
    let (value_type, value) = Any::typed(value, Some(term.value_type));
    CharacteristicValue {
        default,
        value_type,
        unit_of_measure: unit(term.value_type),
        value: Some(value),
        value_from: None,
        value_to: None,
    }
}

const fn range(term: &StandardTerm, from: Option<String>, to: Option<String>) -> CharacteristicValue {
    CharacteristicValue {
        default: false,
        value_type: word(term.value_type),
        unit_of_measure: unit(term.value_type),
        value: None,
        value_from: from,
        value_to: to,
    }
}

const fn word(value_type: TermValueType) -> &'static str {
    match value_type {
        TermValueType::Number
        | TermValueType::Percent
        | TermValueType::Money
        | TermValueType::Months
        | TermValueType::Days => "number",
        TermValueType::Boolean => "boolean",
        TermValueType::Enum | TermValueType::Text => "string",
    }
}

/// An amount has no unit here: its currency is that of the policy which is pinned with the catalogue.
const fn unit(value_type: TermValueType) -> Option<&'static str> {
    match value_type {
        TermValueType::Percent => Some("percent"),
        TermValueType::Months => Some("month"),
        TermValueType::Days => Some("day"),
        _ => None,
    }
}
