//! PURE: whether a status follows from the objects exported with it, years later and without a cluster.
//!
//! Digests are computed again, every decision that counts is looked up, and the operator's own function [`decide`] is given
//! the same objects again. See `docs/audit.md` for what only the operator can know, and cannot be verified this way.
//!
//! [`decide`]: crate::decide::decide

mod approvals;
mod assessed;
mod confirmation;
mod current;
mod decisions;
mod differences;
mod digests;
mod export;
mod exported_agreement;
mod order_requests;
mod outcome;
mod reconstructed;
mod replay;
mod report;
mod rules;
mod signatures;

use std::sync::Arc;

pub use crate::manifest::Unreadable;
pub use export::Export;
pub use report::{AgreementReport, Claim, Report, Statement, Summary, Verdict};

use crate::text;
use countersign_api::{CustomerAgreement, CustomerAgreementStatus};
use exported_agreement::ExportedAgreement;

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
    let exported = ExportedAgreement::new(export, agreement, status);
    report.statements = if agreement.status.is_none() {
        let mut statements = vec![Claim::Current.not_checked("the agreement has no status yet")];
        statements.extend(order_requests::check(&exported));
        statements
    } else {
        statements(&exported)
    };
    report
}

fn statements(exported: &ExportedAgreement<'_>) -> Vec<Statement> {
    let mut statements = vec![current::check(exported), digests::terms(exported)];
    statements.extend(digests::confirmation(exported));
    statements.extend(rules::pinned(exported));
    statements.extend(decisions::each(exported));
    statements.extend(decisions::once(exported));
    statements.extend(confirmation::check(exported));
    statements.extend(rules::recomputed(exported));
    statements.extend(approvals::check(exported));
    statements.extend(signatures::check(exported));
    statements.extend(outcome::check(exported));
    statements.extend(replay::check(exported));
    statements.extend(order_requests::check(exported));
    statements
}
