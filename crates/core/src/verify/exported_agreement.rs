//! One agreement of an export, with the objects that belong to it.

use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use super::export::Export;
use countersign_api::{
    AgreementDecision, CustomerAgreement, CustomerAgreementStatus, DelegationPolicy, StandardTerms,
};

/// By how much the clocks of operator and API server may differ before the operator warns.
pub(super) const CLOCKS_DIFFER: SignedDuration = SignedDuration::from_secs(5);

/// One agreement, with the objects of the export that belong to it.
pub(super) struct ExportedAgreement<'a> {
    pub(super) export: &'a Export,
    pub(super) agreement: &'a CustomerAgreement,
    pub(super) status: &'a CustomerAgreementStatus,
    /// Every decision in its namespace that names its UID or its name.
    pub(super) decisions: Vec<&'a Arc<AgreementDecision>>,
    pub(super) policy: Option<&'a Arc<DelegationPolicy>>,
    pub(super) catalogue: Option<&'a Arc<StandardTerms>>,
}

impl<'a> ExportedAgreement<'a> {
    pub(super) fn new(
        export: &'a Export,
        agreement: &'a CustomerAgreement,
        status: &'a CustomerAgreementStatus,
    ) -> Self {
        let (uid, name) = (agreement.metadata.uid.as_deref(), agreement.metadata.name.as_deref());
        let decisions = export.decisions.iter().filter(|decision| {
            let named = &decision.spec.agreement_ref;
            decision.metadata.namespace == agreement.metadata.namespace
                && (Some(named.uid.as_str()) == uid || Some(named.name.as_str()) == name)
        });
        let pinned = status.pinned.as_ref();
        Self {
            export,
            agreement,
            status,
            decisions: decisions.collect(),
            policy: pinned.and_then(|pinned| {
                export.policies.iter().find(|policy| policy.metadata.uid.as_ref() == Some(&pinned.policy.uid))
            }),
            catalogue: pinned.and_then(|pinned| {
                export
                    .catalogues
                    .iter()
                    .find(|terms| terms.metadata.uid.as_ref() == Some(&pinned.standard_terms.uid))
            }),
        }
    }

    pub(super) fn uid(&self) -> &str {
        self.agreement.metadata.uid.as_deref().unwrap_or_default()
    }

    pub(super) fn terms_digest(&self) -> &str {
        self.status.terms.as_ref().map_or("", |terms| &terms.digest)
    }

    pub(super) fn confirmation_digest(&self) -> Option<&str> {
        self.status.confirmation.as_ref()?.digest.as_deref()
    }

    pub(super) fn sealed(&self) -> Option<Timestamp> {
        self.status.sign_off.as_ref()?.sealed_time.as_ref().map(|time| time.0)
    }

    /// When it became irrevocable: when it was sealed, or when it ended without agreement.
    pub(super) fn settled(&self) -> Option<Timestamp> {
        self.sealed().or_else(|| self.status.closed.as_ref().map(|closed| closed.time.0))
    }

    /// The decision with this name that is about this agreement; if there is none, any with this name.
    pub(super) fn decision(&self, name: &str) -> Option<&'a AgreementDecision> {
        let named = || {
            self.export.decisions.iter().filter(|decision| {
                decision.metadata.namespace == self.agreement.metadata.namespace
                    && decision.metadata.name.as_deref() == Some(name)
            })
        };
        let own = named().find(|decision| decision.spec.agreement_ref.uid == self.uid());
        own.or_else(|| named().next()).map(AsRef::as_ref)
    }

    /// The one username that represents a person with several, if the policy says so.
    pub(super) fn canonical<'n>(&'n self, username: &'n str) -> &'n str {
        self.policy.map_or(username, |policy| crate::decide::canonical(&policy.spec, username))
    }

    /// Orders that the status calls confirmed.
    pub(super) fn confirmed_orders(&self) -> BTreeSet<String> {
        let confirmed = self.status.orders.iter().filter(|order| order.confirmed == Some(true));
        confirmed.map(|order| order.id.clone()).collect()
    }
}

/// Server time of a decision.
pub(super) fn made(decision: &AgreementDecision) -> Option<Timestamp> {
    decision.metadata.creation_timestamp.as_ref().map(|time| time.0)
}
