//! Validation of an agreement against catalogue and policy before anybody is asked (S1). All faults at once.

use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;
use kube::core::{Selector, SelectorExt};

use super::approval;
use super::authority::{self, Requirements};
use super::classify::{Classed, classify};
use super::fault::{Fault, FaultKind};
use super::observed::Observed;
use super::rules::{AMENDMENT, RuleSet};
use super::value::{Valued, months, value};
use super::{calendar, links, separation};
use crate::text;
use countersign_api::customer_agreement::{CustomerAgreementSpec, ItemAction, PriceType, RepresentativeRole};
use countersign_api::delegation_policy::{Countersignature, DelegationPolicy};
use countersign_api::standard_terms::{LifecycleState, StandardTerms};

/// What the rules make of an agreement.
#[derive(Clone, Debug)]
pub(crate) struct Assessment {
    pub(crate) classed: Classed,
    pub(crate) valued: Valued,
    pub(crate) requirements: Requirements,
}

/// Classifies the terms, and values the orders that remain and finds what they require: all, until the customer has confirmed
/// some.
pub(crate) fn assess(
    observed: &Observed<'_>,
    confirmed: Option<&BTreeSet<String>>,
    rules: RuleSet<'_>,
) -> Assessment {
    let spec = &observed.agreement.spec;
    let classed = classify(&spec.terms, spec.agreement_type == AMENDMENT, &rules.terms.spec);
    let rules = &rules.policy.spec.rules;
    let orders: Vec<_> = spec
        .orders
        .iter()
        .filter(|order| confirmed.is_none_or(|confirmed| confirmed.contains(&order.id)))
        .collect();
    let mut valued = value(spec, &orders, rules);
    links::compare(observed, rules, &mut valued);
    let requirements = authority::requirements(spec, &orders, &classed.deviations, &valued, rules);
    Assessment { classed, valued, requirements }
}

/// What today's rules make of an agreement, and everything that is wrong with it.
#[derive(Debug)]
pub(crate) struct Validation<'a> {
    /// Catalogue and policy, and what they make of all orders: if there are both, whatever else is wrong.
    pub(crate) rules: Option<(RuleSet<'a>, Assessment)>,
    /// Empty only if `rules` is there.
    pub(crate) faults: Vec<Fault>,
}

/// Checks everything.
pub(crate) fn validate<'a>(observed: &Observed<'a>, now: Timestamp) -> Validation<'a> {
    let spec = &observed.agreement.spec;
    let mut faults = Faults::default();
    let policy = the_policy(observed, &mut faults);
    let terms = the_catalogue(observed, policy, now, &mut faults);
    orders(spec, &mut faults);
    parties(spec, policy, &mut faults);
    faults.0.extend(links::faults(observed, now));
    let rules = terms.zip(policy).map(|(terms, policy)| {
        let rules = RuleSet { terms, policy };
        (rules, assess(observed, None, rules))
    });
    match (&rules, terms) {
        (Some((rules, assessed)), _) => {
            faults.all(FaultKind::TermsInvalid, assessed.classed.faults.clone());
            faults.all(FaultKind::NoAuthority, assessed.requirements.faults.clone());
            for need in &assessed.requirements.approvals {
                if !approval::anybody_may_approve(observed, *rules, &need.function, &need.level) {
                    faults.add(
                        FaultKind::NoAuthority,
                        format!(
                            "nobody who may approve holds {} {} or a higher level; name a holder in the policy",
                            need.function, need.level
                        ),
                    );
                }
            }
        }
        (None, Some(terms)) => {
            let amends = spec.agreement_type == AMENDMENT;
            faults.all(FaultKind::TermsInvalid, classify(&spec.terms, amends, &terms.spec).faults);
        }
        (None, None) => {}
    }
    Validation { rules, faults: faults.0 }
}

#[derive(Default)]
struct Faults(Vec<Fault>);

impl Faults {
    fn add(&mut self, kind: FaultKind, message: String) {
        self.0.push(Fault { kind, message });
    }

    fn all(&mut self, kind: FaultKind, messages: Vec<String>) {
        self.0.extend(messages.into_iter().map(|message| Fault { kind, message }));
    }

    fn terms(&mut self, message: String) {
        self.add(FaultKind::TermsInvalid, message);
    }
}

/// The one Active policy that selects the agreement's namespace.
fn the_policy<'a>(observed: &Observed<'a>, faults: &mut Faults) -> Option<&'a DelegationPolicy> {
    let mut selecting: Vec<&Arc<DelegationPolicy>> = observed
        .policies
        .iter()
        .filter(|policy| {
            policy.spec.lifecycle_state == LifecycleState::Active
                && policy.metadata.deletion_timestamp.is_none()
        })
        .filter(|policy| selects(&policy.spec.namespace_selector, observed))
        .collect();
    selecting.sort_by(|a, b| a.metadata.name.cmp(&b.metadata.name));
    match selecting.as_slice() {
        [] => {
            faults.add(
                FaultKind::NoPolicy,
                "no Active DelegationPolicy selects this namespace; an admin must make one, or label the namespace".to_owned(),
            );
            None
        }
        [policy] => {
            let broken = policy.spec.rules.calendar.as_ref().map(calendar::faults).unwrap_or_default();
            if broken.is_empty() {
                return Some(policy);
            }
            faults.all(FaultKind::PolicyInvalid, broken);
            None
        }
        several => {
            let names: Vec<String> = several
                .iter()
                .map(|policy| format!("`{}`", policy.metadata.name.as_deref().unwrap_or_default()))
                .collect();
            faults.add(
                FaultKind::PolicyConflict,
                format!("exactly one Active DelegationPolicy must select this namespace, and {} do; an admin must retire one", text::join_and(&names)),
            );
            None
        }
    }
}

/// A selector that cannot be read selects nothing.
fn selects(selector: &LabelSelector, observed: &Observed<'_>) -> bool {
    Selector::try_from(selector.clone()).is_ok_and(|selector| selector.matches(observed.namespace_labels))
}

fn the_catalogue<'a>(
    observed: &Observed<'a>,
    policy: Option<&DelegationPolicy>,
    now: Timestamp,
    faults: &mut Faults,
) -> Option<&'a StandardTerms> {
    let spec = &observed.agreement.spec;
    let name = text::name(&spec.standard_terms_ref.name);
    if let Some(policy) = policy {
        let allowed = &policy.spec.rules.standard_terms.allowed;
        if !allowed.contains(&spec.standard_terms_ref.name) {
            let permitted: Vec<String> =
                allowed.iter().map(|name| format!("`{}`", text::name(name))).collect();
            faults.terms(format!(
                "`spec.standardTermsRef.name` {name:?} is not allowed by the policy; permitted is {}",
                text::reason(&text::join_or(&permitted))
            ));
        }
    }
    let Some(terms) = observed.standard_terms else {
        faults.terms(format!(
            "`spec.standardTermsRef.name` {name:?} does not exist; name a StandardTerms that does"
        ));
        return None;
    };
    if terms.spec.lifecycle_state == LifecycleState::Retired {
        faults.terms(format!("`spec.standardTermsRef.name` {name:?} is Retired; name an Active one"));
    }
    if let Some(period) = &terms.spec.valid_period {
        let from = text::time(&period.start_time);
        match &period.end_time {
            _ if now < period.start_time.0 => {
                faults.terms(format!("`spec.standardTermsRef.name` {name:?} is not valid before {from}"));
            }
            Some(end) if now > end.0 => {
                faults.terms(format!(
                    "`spec.standardTermsRef.name` {name:?} was valid until {}",
                    text::time(end)
                ));
            }
            _ => {}
        }
    }
    if !terms.spec.agreement_types.contains(&spec.agreement_type) {
        let permitted: Vec<String> = terms.spec.agreement_types.iter().map(|kind| text::id(kind)).collect();
        faults.terms(format!(
            "`spec.agreementType` {:?} is not one that the catalogue {name:?} is for; permitted is {}",
            text::id(&spec.agreement_type),
            text::join_or(&permitted)
        ));
    }
    Some(terms)
}

fn orders(spec: &CustomerAgreementSpec, faults: &mut Faults) {
    let period = months(&spec.agreement_period);
    let estimated = spec.estimated_value.as_ref().map(|money| money.amount.as_str());
    if let Some(amount) = estimated.filter(|amount| super::decimal::parse(amount).is_none()) {
        faults.terms(format!(
            "`spec.estimatedValue.amount` {:?} must be a decimal, such as 1290.00",
            text::value(amount)
        ));
    }
    let mut ids = BTreeSet::new();
    for order in &spec.orders {
        let id = text::id(&order.id);
        if !ids.insert(&order.id) {
            faults.terms(format!("`spec.orders` must not have {id:?} twice"));
        }
        let mut items = BTreeSet::new();
        for item in &order.items {
            let place = format!("`spec.orders[{id}].items[{}]", text::id(&item.id));
            if !items.insert(&item.id) {
                faults.terms(format!("{place}` must not be there twice"));
            }
            let recurring = item.prices.iter().any(|price| price.price_type == PriceType::Recurring);
            let valued =
                matches!(item.action, ItemAction::Add | ItemAction::Modify) && !item.prices.is_empty();
            if valued && item.discount_percent.is_none() {
                faults.terms(format!(
                    "{place}.discountPercent` must be given for a priced item; \"0\" if there is no discount"
                ));
            }
            if valued && recurring && item.commitment_months.is_none() && period.is_none() {
                faults.terms(format!(
                    "{place}.commitmentMonths` must be given for a recurring price, since `spec.agreementPeriod.endTime` is not"
                ));
            }
            let discount = item.discount_percent.as_deref();
            if let Some(discount) = discount.filter(|discount| super::decimal::parse(discount).is_none()) {
                faults.terms(format!(
                    "{place}.discountPercent` {:?} must be a decimal, such as 12.5",
                    text::value(discount)
                ));
            }
            let unreadable = item.prices.iter().find(|price| super::decimal::parse(&price.amount).is_none());
            if let Some(price) = unreadable {
                faults.terms(format!(
                    "{place}.prices` amount {:?} must be a decimal, such as 1290.00",
                    text::value(&price.amount)
                ));
            }
        }
    }
}

fn parties(spec: &CustomerAgreementSpec, policy: Option<&DelegationPolicy>, faults: &mut Faults) {
    for (role, word) in
        [(RepresentativeRole::Confirmer, "Confirmer"), (RepresentativeRole::Signatory, "Signatory")]
    {
        if !spec.customer.representatives.iter().any(|representative| representative.roles.contains(&role)) {
            faults.terms(format!("`spec.customer.representatives` must have one with the role {word}"));
        }
    }
    let required = policy
        .is_some_and(|policy| policy.spec.rules.sign_off.countersignature == Countersignature::Required);
    if required && spec.provider.signatories.is_empty() {
        faults.terms(
            "`spec.provider.signatories` must have one, since the policy asks for a countersignature"
                .to_owned(),
        );
    }
    for (representative, field) in separation::on_both_sides(spec, policy.map(|policy| &policy.spec)) {
        faults.terms(format!(
            "{:?} must not be on both sides: `spec.customer.representatives` and `{field}`",
            text::user(&representative.username)
        ));
    }
}
