//! What was passed on (S6): each confirmed order, as it was confirmed, once; and nothing else.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::{Value, json};

use super::differences::differences;
use super::export::Export;
use super::exported_agreement::ExportedAgreement;
use super::reconstructed::Reconstructed;
use super::report::{Claim, Statement};
use crate::decide::{Plan, decide, name_requests};
use crate::text;
use countersign_api::conditions::{condition, reason};
use countersign_api::{CustomerAgreement, OrderRequest};

/// One statement for each confirmed order, and one for everything else.
pub(super) fn check(exported: &ExportedAgreement<'_>) -> Vec<Statement> {
    let expected = expected(exported);
    let mut statements: Vec<Statement> = expected
        .iter()
        .map(|expected| one(exported, expected).about(format!("`{}`", text::id(&expected.spec.order_id))))
        .collect();
    // There is no request for an order that is not in the spec.
    if exported.sealed().is_some() {
        let known: BTreeSet<&str> = expected.iter().map(|expected| expected.spec.order_id.as_str()).collect();
        for id in exported.confirmed_orders().iter().filter(|id| !known.contains(id.as_str())) {
            let statement = Claim::OrderRequest.fails("the agreement has no such order");
            statements.push(statement.about(format!("`{}`", text::id(id))));
        }
    }
    statements.push(others(exported, &expected));
    statements
}

/// The order requests that follow from a sealed agreement, as the operator would make them.
fn expected(exported: &ExportedAgreement<'_>) -> Vec<OrderRequest> {
    let Some(sealed) = exported.sealed() else { return Vec::new() };
    let mut reconstructed = Reconstructed::of(exported, Vec::new());
    let mut status = exported.status.clone();
    status.closed = None;
    status.agreed_time = None;
    status.orders.iter_mut().for_each(|order| order.uid = None);
    name_requests(exported.agreement, &mut status);
    reconstructed.agreement.status = Some(status);
    match decide(&reconstructed.observed(exported), sealed) {
        Plan::Write(changes) => changes.orders,
        Plan::Rest { .. } | Plan::Need(_) => Vec::new(),
    }
}

fn one(exported: &ExportedAgreement<'_>, expected: &OrderRequest) -> Statement {
    let claim = Claim::OrderRequest;
    let name = expected.metadata.name.as_deref().unwrap_or_default();
    let id = &expected.spec.order_id;
    let Some(outcome) = exported.status.orders.iter().find(|order| order.id == *id) else {
        return claim.fails("the status does not mention the order");
    };
    if outcome.order_request_name.as_deref() != Some(name) {
        let said = outcome.order_request_name.as_deref().unwrap_or("nothing");
        return claim.fails(format!(
            "its name follows from UID, order and digest and is `{name}`, and the status says {:?}",
            text::name(said)
        ));
    }
    let namespace = &exported.agreement.metadata.namespace;
    let found = exported.export.requests.iter().find(|request| {
        request.metadata.namespace == *namespace && request.metadata.name.as_deref() == Some(name)
    });
    let Some(found) = found else {
        if is_missing(exported) && outcome.uid.is_some() {
            return claim
                .not_checked(format!("`{name}` is gone, as the status says; what it said cannot be seen"));
        }
        return if exported.status.agreed_time.is_some() {
            claim.fails(format!("`{name}` is not in the export"))
        } else {
            claim.not_checked(format!("`{name}` is not in the export; the agreement is not agreed yet"))
        };
    };
    let mut faults = Vec::new();
    if !owners(found).any(|owner| owner == exported.uid()) {
        faults.push("the agreement does not own it".to_owned());
    }
    if let Some(uid) = &outcome.uid
        && found.metadata.uid.as_ref() != Some(uid)
    {
        faults.push(format!(
            "the status says its uid {:?}, and it is {:?}",
            text::id(uid),
            text::id(found.metadata.uid.as_deref().unwrap_or_default())
        ));
    }
    let (mut there, mut follows) = (frozen(found), frozen(expected));
    faults.extend(differences("spec", &there, &follows));
    if !faults.is_empty() {
        return claim.fails(format!("`{name}`: {}", faults.join("; ")));
    }
    // What is outside the digest may have been edited after the order was passed on.
    there = json!(found.spec);
    follows = json!(expected.spec);
    if exported.policy.is_none() {
        for spec in [&mut there, &mut follows] {
            spec.as_object_mut().map(|spec| spec.remove("acknowledgeByTime"));
        }
    }
    let loose = differences("spec", &there, &follows);
    if loose.is_empty() {
        claim.ok(format!("`{name}` says what was confirmed"))
    } else {
        claim.not_checked(format!(
            "`{name}` says what was confirmed; what is outside the digest may have changed since: {}",
            loose.join("; ")
        ))
    }
}

/// Whether the operator itself reports that an order request is gone.
fn is_missing(exported: &ExportedAgreement<'_>) -> bool {
    let issued = exported.status.conditions.iter().find(|own| own.type_ == condition::ORDERS_ISSUED);
    issued.is_some_and(|own| own.reason == reason::ORDER_REQUEST_MISSING)
}

/// What cannot change in an order request: it comes from inside the digest, from decisions, or from the sealing.
fn frozen(request: &OrderRequest) -> Value {
    let mut spec = json!(request.spec);
    let Some(fields) = spec.as_object_mut() else { return spec };
    fields.remove("externalId");
    fields.remove("acknowledgeByTime");
    for party in fields.get_mut("relatedParties").and_then(Value::as_array_mut).into_iter().flatten() {
        let role = party.get("role").and_then(Value::as_str).unwrap_or_default().to_owned();
        if let Some(party) = party.as_object_mut()
            && ["AccountOwner", "ProviderSignatory"].contains(&role.as_str())
        {
            party.remove("name");
            if role == "AccountOwner" {
                party.remove("id");
            }
        }
    }
    spec
}

fn owners(request: &OrderRequest) -> impl Iterator<Item = &str> {
    request.metadata.owner_references.iter().flatten().map(|owner| owner.uid.as_str())
}

fn is_of(request: &OrderRequest, agreement: &CustomerAgreement) -> bool {
    let uid = agreement.metadata.uid.as_deref();
    request.metadata.namespace == agreement.metadata.namespace
        && (Some(request.spec.agreement_ref.uid.as_str()) == uid
            || owners(request).any(|own| Some(own) == uid))
}

fn others(exported: &ExportedAgreement<'_>, expected: &[OrderRequest]) -> Statement {
    let own: Vec<&Arc<OrderRequest>> =
        exported.export.requests.iter().filter(|request| is_of(request, exported.agreement)).collect();
    let names: BTreeSet<Option<&str>> =
        expected.iter().map(|expected| expected.metadata.name.as_deref()).collect();
    let mut faults: Vec<String> = own
        .iter()
        .filter(|request| !names.contains(&request.metadata.name.as_deref()))
        .map(|request| {
            format!(
                "`{}` passes on order `{}`, which does not follow from the agreement",
                text::name(request.metadata.name.as_deref().unwrap_or_default()),
                text::id(&request.spec.order_id)
            )
        })
        .collect();
    let mut orders: BTreeMap<&str, usize> = BTreeMap::new();
    for request in &own {
        *orders.entry(&request.spec.order_id).or_default() += 1;
    }
    let twice = orders.into_iter().filter(|(_, times)| *times > 1);
    faults.extend(twice.map(|(id, times)| format!("order `{}` was passed on {times} times", text::id(id))));
    Claim::NoOtherOrders.unless(&faults, format!("{} in the export", text::count(own.len(), "order request")))
}

/// Objects that belong to agreements which are not in the export.
pub(super) fn strays(export: &Export) -> Vec<String> {
    let known = |uid: &str| export.agreements.iter().any(|own| own.metadata.uid.as_deref() == Some(uid));
    let mut strays = BTreeSet::new();
    for request in export.requests.iter().filter(|request| !known(&request.spec.agreement_ref.uid)) {
        let named = &request.spec.agreement_ref;
        strays.insert(format!(
            "OrderRequest {}/{}: its agreement {} (uid {}) is not in the export",
            text::id(request.metadata.namespace.as_deref().unwrap_or_default()),
            text::name(request.metadata.name.as_deref().unwrap_or_default()),
            text::name(&named.name),
            text::id(&named.uid)
        ));
    }
    for decision in export.decisions.iter().filter(|decision| !known(&decision.spec.agreement_ref.uid)) {
        let named = &decision.spec.agreement_ref;
        strays.insert(format!(
            "decisions on {}/{} (uid {}): that agreement is not in the export",
            text::id(decision.metadata.namespace.as_deref().unwrap_or_default()),
            text::name(&named.name),
            text::id(&named.uid)
        ));
    }
    strays.into_iter().collect()
}
