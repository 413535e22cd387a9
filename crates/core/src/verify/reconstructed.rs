//! The agreement as it stood before it became irrevocable, with everything that the operator's function is given.

use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::Timestamp;

use super::exported_agreement::ExportedAgreement;
use crate::decide::{Changes, Observed, Plan, decide};
use crate::text;
use countersign_api::{AgreementDecision, CustomerAgreement, CustomerAgreementStatus, DelegationPolicy};

/// Everything that the operator's function is given.
pub(super) struct Reconstructed {
    pub(super) agreement: CustomerAgreement,
    decisions: Vec<Arc<AgreementDecision>>,
    policies: Vec<Arc<DelegationPolicy>>,
    related: Vec<Arc<CustomerAgreement>>,
}

impl Reconstructed {
    /// The agreement as it stood before it became irrevocable.
    pub(super) fn of(exported: &ExportedAgreement<'_>, decisions: Vec<Arc<AgreementDecision>>) -> Self {
        let mut agreement = exported.agreement.clone();
        agreement.metadata.deletion_timestamp = None;
        if let Some(status) = &mut agreement.status {
            status.closed = None;
            status.agreed_time = None;
            if let Some(sign_off) = &mut status.sign_off {
                sign_off.sealed_time = None;
            }
            for order in &mut status.orders {
                order.order_request_name = None;
                order.uid = None;
            }
        }
        Self {
            agreement,
            decisions,
            policies: exported.policy.into_iter().cloned().collect(),
            related: related(exported),
        }
    }

    pub(super) fn observed<'s>(&'s self, exported: &'s ExportedAgreement<'_>) -> Observed<'s> {
        Observed {
            decisions: &self.decisions,
            policies: &self.policies,
            standard_terms: exported.catalogue.map(AsRef::as_ref),
            related: &self.related,
            ..Observed::alone(&self.agreement)
        }
    }

    pub(super) fn run(&self, exported: &ExportedAgreement<'_>, now: Timestamp) -> CustomerAgreementStatus {
        let found = match decide(&self.observed(exported), now) {
            Plan::Write(Changes { status: Some(status), .. }) => *status,
            Plan::Write(_) | Plan::Rest { .. } | Plan::Need(_) => {
                self.agreement.status.clone().unwrap_or_default()
            }
        };
        without_newer_fields(exported.status, found)
    }
}

/// What was found, without the fields that a status from an earlier version of the operator lacks.
fn without_newer_fields(
    said: &CustomerAgreementStatus,
    mut found: CustomerAgreementStatus,
) -> CustomerAgreementStatus {
    let lack_subject: BTreeSet<&str> = said
        .approvals
        .iter()
        .flat_map(|step| &step.decided_by)
        .filter(|verdict| verdict.subject.is_none())
        .map(|verdict| verdict.decision.as_str())
        .collect();
    for verdict in found.approvals.iter_mut().flat_map(|step| &mut step.decided_by) {
        if lack_subject.contains(verdict.decision.as_str()) {
            verdict.subject = None;
        }
    }
    if let Some(closed) = &mut found.closed
        && said.closed.as_ref().is_some_and(|said| said.cause.is_none())
    {
        closed.cause = None;
        closed.offer_end_time = None;
    }
    found
}

/// Agreements that this one names or is compared with, as they stood when it became irrevocable.
fn related(exported: &ExportedAgreement<'_>) -> Vec<Arc<CustomerAgreement>> {
    let mut names: BTreeSet<&str> = exported.agreement.spec.links().map(|(_, name)| name).collect();
    names.extend(exported.status.value.iter().flat_map(|value| &value.compared_with).map(String::as_str));
    let settled = exported.settled();
    let before = |time: Timestamp| settled.is_none_or(|settled| time < settled);
    let others = exported.export.agreements.iter().filter(|other| {
        other.metadata.namespace == exported.agreement.metadata.namespace
            && other.metadata.name.as_deref().is_some_and(|name| names.contains(name))
            && other.metadata.uid != exported.agreement.metadata.uid
    });
    let then = |other: &Arc<CustomerAgreement>| {
        let mut other = (**other).clone();
        if let Some(status) = &mut other.status {
            if status.closed.as_ref().is_some_and(|closed| !before(closed.time.0)) {
                status.closed = None;
            }
            let successor = status.superseded_by.as_ref().and_then(|name| {
                exported.export.agreements.iter().find(|own| own.metadata.name.as_ref() == Some(name))
            });
            let sealed =
                successor.and_then(|own| own.status.as_ref()?.sign_off.as_ref()?.sealed_time.as_ref());
            if settled.is_some() && sealed.is_none_or(|sealed| !before(sealed.0)) {
                status.superseded_by = None;
            }
        }
        Arc::new(other)
    };
    others.map(then).collect()
}

/// Why what an agreement is compared with cannot be reconstructed.
pub(super) fn moved_on(exported: &ExportedAgreement<'_>) -> Option<String> {
    let compared = exported.status.value.iter().flat_map(|value| &value.compared_with).map(String::as_str);
    let own: BTreeSet<&str> = exported.agreement.spec.links().map(|(_, name)| name).collect();
    let all: BTreeSet<&str> = own.iter().copied().chain(compared).collect();
    let there = |name: &&str| {
        exported.export.agreements.iter().any(|other| {
            other.metadata.namespace == exported.agreement.metadata.namespace
                && other.metadata.name.as_deref() == Some(*name)
        })
    };
    let missing: Vec<String> =
        all.iter().filter(|name| !there(name)).map(|name| format!("`{}`", text::name(name))).collect();
    if !missing.is_empty() {
        return Some(format!(
            "{}, which it names or is compared with, is not in the export",
            text::join_and(&missing)
        ));
    }
    let others: Vec<String> = all.difference(&own).map(|name| format!("`{}`", text::name(name))).collect();
    (!others.is_empty()).then(|| format!("what {} was worth then is not on record", text::join_and(&others)))
}
