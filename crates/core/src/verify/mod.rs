//! PURE: whether a status follows from the objects beside it, years later and without a cluster.
//!
//! Digests are computed anew, every decision that counts is looked up, and the operator's own function [`decide`] is given
//! the same objects again. What rests on the operator's word alone, and cannot be found out so, stands in `docs/audit.md`.
//!
//! [`decide`]: crate::decide::decide

mod approvals;
mod confirmation;
mod decisions;
mod digests;
mod export;
mod order_requests;
mod outcome;
mod replay;
mod report;
mod rules;
mod signatures;

use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::SignedDuration;

pub use crate::manifest::Unreadable;
pub use export::Export;
pub use report::{AgreementReport, Claim, Report, Statement, Summary, Verdict};

use crate::text;
use countersign_api::{
    AgreementDecision, CustomerAgreement, CustomerAgreementStatus, DelegationPolicy, StandardTerms,
};

/// By how much the clocks of operator and API server may differ before the operator warns.
const CLOCKS_DIFFER: SignedDuration = SignedDuration::from_secs(5);

/// Says of every agreement whether its status follows from the objects in the export.
#[must_use]
pub fn verify(export: &Export) -> Report {
    let mut agreements: Vec<&Arc<CustomerAgreement>> = export.agreements.iter().collect();
    agreements.sort_by(|a, b| {
        (&a.metadata.namespace, &a.metadata.name, &a.metadata.uid).cmp(&(
            &b.metadata.namespace,
            &b.metadata.name,
            &b.metadata.uid,
        ))
    });
    let report = Report {
        agreements: agreements.into_iter().map(|agreement| one(export, agreement)).collect(),
        strays: order_requests::strays(export),
        unreadable: export.unreadable.clone(),
        others: export.others,
        summary: Summary::default(),
    };
    report.sum_up()
}

/// One agreement, with what the export has about it.
struct Subject<'a> {
    export: &'a Export,
    agreement: &'a CustomerAgreement,
    status: &'a CustomerAgreementStatus,
    /// Every decision in its namespace that names its UID or its name.
    decisions: Vec<&'a Arc<AgreementDecision>>,
    policy: Option<&'a Arc<DelegationPolicy>>,
    catalogue: Option<&'a Arc<StandardTerms>>,
}

fn one(export: &Export, agreement: &CustomerAgreement) -> AgreementReport {
    let none = CustomerAgreementStatus::default();
    let status = agreement.status.as_ref().unwrap_or(&none);
    let mut report = AgreementReport {
        namespace: agreement.metadata.namespace.clone().unwrap_or_default(),
        name: agreement.metadata.name.clone().unwrap_or_default(),
        uid: agreement.metadata.uid.clone().unwrap_or_default(),
        phase: text::id(status.phase.as_deref().unwrap_or_default()),
        statements: Vec::new(),
    };
    let subject = Subject::new(export, agreement, status);
    report.statements = if agreement.status.is_none() {
        let mut statements = vec![Claim::Current.not_checked("the agreement has no status yet")];
        statements.extend(order_requests::check(&subject));
        statements
    } else {
        subject.statements()
    };
    report
}

impl<'a> Subject<'a> {
    fn new(
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

    fn statements(&self) -> Vec<Statement> {
        let mut statements = vec![self.current(), digests::terms(self)];
        statements.extend(digests::confirmation(self));
        statements.extend(rules::pinned(self));
        statements.extend(decisions::each(self));
        statements.extend(decisions::once(self));
        statements.extend(confirmation::check(self));
        statements.extend(rules::recomputed(self));
        statements.extend(approvals::check(self));
        statements.extend(signatures::check(self));
        statements.extend(outcome::check(self));
        statements.extend(replay::check(self));
        statements.extend(order_requests::check(self));
        statements
    }

    /// Whether the status was written for the agreement as it stands here.
    fn current(&self) -> Statement {
        match (self.agreement.metadata.generation, self.status.observed_generation) {
            (Some(there), Some(seen)) if there == seen => {
                Claim::Current.ok(format!("the status speaks of generation {there}, which is exported"))
            }
            (Some(there), Some(seen)) if there > seen => Claim::Current.fails(format!(
                "the agreement was edited after its status was written: it is at generation {there}, and the status \
                 speaks of {seen}; export it again once the operator has looked at it"
            )),
            (Some(there), Some(seen)) => Claim::Current
                .fails(format!("the status speaks of generation {seen}, and the agreement is only at {there}")),
            (None, _) => Claim::Current.not_checked("the export leaves out `metadata.generation`"),
            (_, None) => Claim::Current.fails("the status does not say of which generation it speaks"),
        }
    }

    fn uid(&self) -> &str {
        self.agreement.metadata.uid.as_deref().unwrap_or_default()
    }

    fn terms_digest(&self) -> &str {
        self.status.terms.as_ref().map_or("", |terms| &terms.digest)
    }

    fn confirmation_digest(&self) -> Option<&str> {
        self.status.confirmation.as_ref()?.digest.as_deref()
    }

    fn sealed(&self) -> Option<jiff::Timestamp> {
        self.status.sign_off.as_ref()?.sealed_time.as_ref().map(|time| time.0)
    }

    /// When it became irrevocable, whichever way.
    fn settled(&self) -> Option<jiff::Timestamp> {
        self.sealed().or_else(|| self.status.closed.as_ref().map(|closed| closed.time.0))
    }

    /// The decision of this agreement that has a name; or one of that name which speaks of something else.
    fn decision(&self, name: &str) -> Option<&'a AgreementDecision> {
        let named = || {
            self.export.decisions.iter().filter(|decision| {
                decision.metadata.namespace == self.agreement.metadata.namespace
                    && decision.metadata.name.as_deref() == Some(name)
            })
        };
        let own = named().find(|decision| decision.spec.agreement_ref.uid == self.uid());
        own.or_else(|| named().next()).map(AsRef::as_ref)
    }

    /// The one username that stands for a person with several, where the policy says so.
    fn canonical<'n>(&'n self, username: &'n str) -> &'n str {
        self.policy.map_or(username, |policy| crate::decide::canonical(&policy.spec, username))
    }

    /// Orders that the status calls confirmed.
    fn confirmed_orders(&self) -> BTreeSet<String> {
        let confirmed = self.status.orders.iter().filter(|order| order.confirmed == Some(true));
        confirmed.map(|order| order.id.clone()).collect()
    }
}

/// Server time of a decision.
fn made(decision: &AgreementDecision) -> Option<jiff::Timestamp> {
    decision.metadata.creation_timestamp.as_ref().map(|time| time.0)
}
