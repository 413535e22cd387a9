//! Each term with the standard (S1), and each order with its value (S5).

use serde::Serialize;

use crate::decide::{Assessment, RuleSet, permitted, value};
use crate::text;
use countersign_api::agreement_status::Deviation;
use countersign_api::customer_agreement::CustomerAgreementSpec;
use countersign_api::standard_terms::StandardTermsSpec;

/// A term with the standard.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TermLine {
    /// Identifier.
    pub id: String,
    /// Name as people read it; the identifier if the catalogue does not have it.
    pub title: String,
    /// What is asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
    /// The wording, if it is not the standard one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// Why, in the author's words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// What the standard permits, in words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub standard: Option<String>,
    /// How it deviates, and who may allow it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub deviations: Vec<Deviation>,
}

pub(super) fn terms(
    spec: &CustomerAgreementSpec,
    catalogue: Option<&StandardTermsSpec>,
    assessed: Option<&Assessment>,
) -> Vec<TermLine> {
    let line = |term: &countersign_api::customer_agreement::Term| {
        let standard = catalogue.and_then(|catalogue| catalogue.terms.iter().find(|own| own.id == term.id));
        let deviations = assessed.iter().flat_map(|assessed| &assessed.classed.deviations);
        let text = |text: &Option<String>| text.as_deref().map(text::passage);
        TermLine {
            id: text::id(&term.id),
            title: text::name(standard.map_or(&term.id, |standard| &standard.title)),
            value: text(&term.value),
            text: text(&term.text),
            reason: text(&term.reason),
            standard: standard.map(permitted),
            deviations: deviations.filter(|deviation| deviation.term_id == term.id).cloned().collect(),
        }
    };
    spec.terms.iter().map(line).collect()
}

/// An order, which would be passed on as one `OrderRequest`.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct OrderLine {
    /// Identifier.
    pub id: String,
    /// The category by which order controllers select.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub category: Option<String>,
    /// How many items it has.
    pub items: usize,
    /// What it is worth over the whole commitment, in the policy's currency.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
    /// The policy's currency.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub currency: Option<String>,
}

pub(super) fn orders(spec: &CustomerAgreementSpec, rules: Option<RuleSet<'_>>) -> Vec<OrderLine> {
    // What the author estimates is for the whole agreement.
    let without_estimate =
        CustomerAgreementSpec { estimated_value: None, orders: Vec::new(), ..spec.clone() };
    let orders = spec.orders.iter().map(|order| {
        let valued = rules.map(|rules| value(&without_estimate, &[order], &rules.policy.spec.rules).shown);
        OrderLine {
            id: text::id(&order.id),
            category: order.category.as_deref().map(text::id),
            items: order.items.len(),
            value: valued.as_ref().and_then(|valued| valued.total.clone()),
            currency: valued.map(|valued| valued.currency),
        }
    });
    orders.collect()
}
