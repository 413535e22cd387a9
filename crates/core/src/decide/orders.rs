//! From a sealed agreement to its order requests (S6).

use std::sync::Arc;

use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ObjectMeta, OwnerReference, Time};
use kube::Resource;

use super::conditions::Conditions;
use super::observed::Observed;
use super::{calendar, digest};
use crate::text;
use countersign_api::agreement_decision::Statement;
use countersign_api::agreement_status::Side;
use countersign_api::conditions::{condition, phase, reason};
use countersign_api::customer_agreement::Order;
use countersign_api::order_request::{ApplicableTerm, ConfirmedAgreement, OrderCustomer, RelatedParty};
use countersign_api::{
    CustomerAgreement, CustomerAgreementSpec, CustomerAgreementStatus, OrderRequest, OrderRequestSpec,
};

/// The name of the request for an order: the same for every attempt, and for no other order.
fn request_name(agreement: &str, order_id: &str, key: &str) -> String {
    let plain = |text: &str, max: usize| -> String {
        let text: String = text
            .to_lowercase()
            .chars()
            .map(|c| if c.is_ascii_lowercase() || c.is_ascii_digit() { c } else { '-' })
            .take(max)
            .collect();
        text.trim_matches('-').to_owned()
    };
    let hash: String = key.chars().take(20).collect();
    format!("{}-{}-{hash}", plain(agreement, 100), plain(order_id, 63))
}

/// Identifies an order for consumers, whatever happens to objects and names.
pub(crate) fn idempotency_key(
    agreement: &CustomerAgreement,
    order_id: &str,
    confirmation_digest: &str,
) -> String {
    digest::key(&[agreement.metadata.uid.as_deref().unwrap_or_default(), order_id, confirmation_digest])
}

pub(crate) fn confirmation_digest(status: &CustomerAgreementStatus) -> &str {
    status.confirmation.as_ref().and_then(|confirmation| confirmation.digest.as_deref()).unwrap_or_default()
}

/// Records the names of the order requests for the confirmed orders.
pub(crate) fn name_requests(agreement: &CustomerAgreement, status: &mut CustomerAgreementStatus) {
    let digest = confirmation_digest(status).to_owned();
    let name = agreement.metadata.name.as_deref().unwrap_or_default();
    for order in status.orders.iter_mut().filter(|order| order.confirmed == Some(true)) {
        let key = idempotency_key(agreement, &order.id, &digest);
        order.order_request_name = Some(request_name(name, &order.id, &key));
    }
}

/// Names of the order requests of a sealed agreement; empty until it is sealed.
pub(crate) fn names(agreement: &CustomerAgreement) -> Vec<String> {
    let sealed = agreement.status.iter().filter(|status| status.is_sealed());
    sealed
        .flat_map(|status| status.orders.iter().filter_map(|order| order.order_request_name.clone()))
        .collect()
}

pub(crate) fn confirmed(status: &CustomerAgreementStatus) -> usize {
    status.orders.iter().filter(|order| order.confirmed == Some(true)).count()
}

/// What follows from sealing at once. Without orders it is agreed.
pub(crate) fn issuing(status: &mut CustomerAgreementStatus, conditions: &mut Conditions<'_>, now: Timestamp) {
    match confirmed(status) {
        0 => agreed(status, conditions, now),
        orders => {
            let message = format!("{} being made", is(orders));
            status.phase = Some(phase::ISSUING_ORDERS.to_owned());
            conditions.set(condition::ORDERS_ISSUED, false, reason::ISSUING_ORDERS, &message);
            conditions.set(
                condition::HANDED_OVER,
                false,
                reason::ISSUING_ORDERS,
                "consumers are told once order requests are there",
            );
            conditions.set(condition::READY, false, reason::ISSUING_ORDERS, &message);
            conditions.reconciling(reason::ISSUING_ORDERS, message);
        }
    }
}

fn is(orders: usize) -> String {
    format!("{} {}", text::count(orders, "order request"), if orders == 1 { "is" } else { "are" })
}

fn agreed(status: &mut CustomerAgreementStatus, conditions: &mut Conditions<'_>, now: Timestamp) {
    status.phase = Some(phase::AGREED.to_owned());
    status.agreed_time = Some(Time(now));
    conditions.clear_abnormal();
    match confirmed(status) {
        0 => {
            for type_ in [condition::ORDERS_ISSUED, condition::HANDED_OVER] {
                conditions.set(type_, true, reason::NO_ORDERS, "the agreement has no confirmed orders");
            }
            conditions.set(
                condition::READY,
                true,
                reason::AGREED,
                "signed by both sides; no orders to pass on",
            );
        }
        orders => {
            let message = format!("{} passed on", text::count(orders, "order request"));
            conditions.set(condition::ORDERS_ISSUED, true, reason::ISSUED, &message);
            conditions.set(
                condition::READY,
                true,
                reason::AGREED,
                format!("signed by both sides; {message}"),
            );
        }
    }
}

/// What has the name of an order request.
pub(crate) enum Found<'a> {
    Ours(&'a OrderRequest),
    Foreign,
    Nothing,
}

pub(crate) fn found_under<'a>(observed: &Observed<'a>, name: &str, key: &str) -> Found<'a> {
    let uid = observed.agreement.metadata.uid.as_deref();
    let found: Option<&Arc<OrderRequest>> =
        observed.orders.iter().find(|order| order.metadata.name.as_deref() == Some(name));
    match found {
        None => Found::Nothing,
        Some(order)
            if order
                .metadata
                .owner_references
                .iter()
                .flatten()
                .any(|owner| Some(owner.uid.as_str()) == uid)
                && order.spec.idempotency_key == key =>
        {
            Found::Ours(order)
        }
        Some(_) => Found::Foreign,
    }
}

/// Plans the order requests that are missing, and says what became of those that were made.
pub(crate) fn issue(
    observed: &Observed<'_>,
    status: &mut CustomerAgreementStatus,
    conditions: &mut Conditions<'_>,
    create: &mut Vec<OrderRequest>,
    now: Timestamp,
) {
    let digest = confirmation_digest(status).to_owned();
    let (mut conflicts, mut made) = (Vec::new(), Vec::new());
    for (index, outcome) in status.orders.iter().enumerate() {
        let Some(name) = outcome.order_request_name.as_deref() else { continue };
        let key = idempotency_key(observed.agreement, &outcome.id, &digest);
        match found_under(observed, name, &key) {
            Found::Ours(order) => made.push((index, order.metadata.uid.clone())),
            // It was made and is gone before the others are made: it is not made again.
            _ if outcome.uid.is_some() => made.push((index, outcome.uid.clone())),
            Found::Foreign => conflicts.push(format!("`{name}`")),
            Found::Nothing => {
                let order = observed.agreement.spec.orders.iter().find(|order| order.id == outcome.id);
                create.extend(order.map(|order| request(observed, status, order, name, key)));
            }
        }
    }
    let total = confirmed(status);
    let all_made = made.len() == total;
    // Nothing is written between two attempts: what was made is recorded with the result of the rest.
    if all_made || !conflicts.is_empty() || !observed.refused.is_empty() {
        for (index, uid) in made {
            if let Some(outcome) = status.orders.get_mut(index) {
                outcome.uid = uid;
            }
        }
    }
    if all_made {
        agreed(status, conditions, now);
    } else if !conflicts.is_empty() {
        let (exist, are) = if conflicts.len() == 1 { ("exists", "is") } else { ("exist", "are") };
        let message = format!(
            "{} already {exist} and {are} not ours; nothing is overwritten: remove it, and the order request is made",
            text::join_and(&conflicts)
        );
        conditions.set(condition::ORDERS_ISSUED, false, reason::NAME_CONFLICT, &message);
        conditions.set(condition::READY, false, reason::NAME_CONFLICT, &message);
        conditions.stalled(reason::NAME_CONFLICT, message);
    } else if let Some(refused) = observed.refused.first() {
        let message = format!(
            "the server rejects {} of {}, which is tried again; for order `{}` it says: {}",
            observed.refused.len(),
            text::count(total, "order request"),
            text::id(&refused.order_id),
            text::reason(&refused.message)
        );
        conditions.set(condition::ORDERS_ISSUED, false, reason::CREATE_REFUSED, &message);
        conditions.set(condition::READY, false, reason::ISSUING_ORDERS, message);
        conditions.repaired();
    }
}

fn request(
    observed: &Observed<'_>,
    status: &CustomerAgreementStatus,
    order: &Order,
    name: &str,
    key: String,
) -> OrderRequest {
    let agreement = observed.agreement;
    let spec = &agreement.spec;
    let sealed = status.sign_off.as_ref().and_then(|sign_off| sign_off.sealed_time.clone());
    let sealed = sealed.unwrap_or(Time(Timestamp::UNIX_EPOCH));
    let assessed = order.feasibility.as_ref().is_some_and(|feasibility| feasibility.assessed);
    let mut confirmed_by: Vec<String> = status
        .confirmation
        .iter()
        .flat_map(|confirmation| &confirmation.decisions)
        .filter(|decision| decision.statements.contains(&Statement::Acceptable))
        .map(|decision| decision.username.clone())
        .collect();
    confirmed_by.sort();
    confirmed_by.dedup();
    OrderRequest {
        metadata: ObjectMeta {
            name: Some(name.to_owned()),
            namespace: agreement.metadata.namespace.clone(),
            owner_references: Some(vec![owner(agreement)]),
            ..ObjectMeta::default()
        },
        spec: OrderRequestSpec {
            agreement_ref: ConfirmedAgreement {
                name: agreement.metadata.name.clone().unwrap_or_default(),
                uid: agreement.metadata.uid.clone().unwrap_or_default(),
                revision: status.terms.as_ref().map_or(1, |terms| terms.revision),
                digest: confirmation_digest(status).to_owned(),
            },
            order_id: order.id.clone(),
            external_id: spec.document_number.as_ref().map(|number| format!("{number}/{}", order.id)),
            idempotency_key: key,
            customer: OrderCustomer { id: spec.customer.id.clone(), name: spec.customer.name.clone() },
            related_parties: related_parties(agreement, status),
            billing_account_id: order.billing_account_id.clone(),
            category: order.category.clone(),
            priority: order.priority,
            requested_start_time: order.requested_start_time.clone(),
            requested_completion_time: order.requested_completion_time.clone(),
            items: order.items.clone(),
            applicable_terms: spec
                .terms
                .iter()
                .map(|term| ApplicableTerm { id: term.id.clone(), value: term.value.clone() })
                .collect(),
            special_requirements: order.special_requirements.clone(),
            feasibility: order.feasibility.clone(),
            special_handling: !order.special_requirements.is_empty() && !assessed,
            confirmed_by,
            acknowledge_by_time: acknowledge_by(observed, status, sealed.0).map(Time),
            signed_off_time: sealed,
        },
        status: None,
    }
}

/// Owned by the agreement, so that it goes with it; it does not block the agreement's deletion.
fn owner(agreement: &CustomerAgreement) -> OwnerReference {
    OwnerReference {
        api_version: CustomerAgreement::api_version(&()).into_owned(),
        kind: CustomerAgreement::kind(&()).into_owned(),
        name: agreement.metadata.name.clone().unwrap_or_default(),
        uid: agreement.metadata.uid.clone().unwrap_or_default(),
        controller: Some(true),
        block_owner_deletion: None,
    }
}

fn related_parties(agreement: &CustomerAgreement, status: &CustomerAgreementStatus) -> Vec<RelatedParty> {
    let spec = &agreement.spec;
    let party = |id: &str, name: Option<&str>, role: &str| RelatedParty {
        id: id.to_owned(),
        name: name.map(str::to_owned),
        role: role.to_owned(),
    };
    let name_of = |username| name_of(spec, username);
    let mut parties = vec![
        party(&spec.provider.id, Some(&spec.provider.name), "Provider"),
        party(&spec.provider.owner_username, name_of(&spec.provider.owner_username), "AccountOwner"),
    ];
    parties.extend(spec.other_parties.iter().map(|other| party(&other.id, Some(&other.name), &other.role)));
    for signature in status.sign_off.iter().flat_map(|sign_off| &sign_off.signatures) {
        let role = match signature.side {
            Side::Customer => "CustomerSignatory",
            Side::Provider => "ProviderSignatory",
        };
        parties.push(party(&signature.username, name_of(&signature.username), role));
    }
    parties.truncate(100);
    parties
}

/// The name of a person who acts in the agreement, by username.
pub(crate) fn name_of<'a>(spec: &'a CustomerAgreementSpec, username: &str) -> Option<&'a str> {
    let customer = spec.customer.representatives.iter().map(|r| (&r.username, &r.name));
    let provider = spec.provider.signatories.iter().map(|s| (&s.username, &s.name));
    customer.chain(provider).find(|(known, _)| *known == username).map(|(_, name)| name.as_str())
}

/// Until when consumers should acknowledge, by the pinned policy if it is still there.
fn acknowledge_by(
    observed: &Observed<'_>,
    status: &CustomerAgreementStatus,
    sealed: Timestamp,
) -> Option<Timestamp> {
    let pinned = &status.pinned.as_ref()?.policy;
    let policy =
        observed.policies.iter().find(|policy| policy.metadata.uid.as_deref() == Some(&pinned.uid))?;
    let rules = &policy.spec.rules;
    Some(calendar::wait_end(rules.calendar.as_ref(), sealed, rules.acknowledge_within_seconds?))
}
