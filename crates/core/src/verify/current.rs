//! Whether the status belongs to the agreement as it was exported.

use super::exported_agreement::ExportedAgreement;
use super::report::{Claim, Statement};

/// Whether the status was written for the agreement as it was exported.
pub(super) fn check(exported: &ExportedAgreement<'_>) -> Statement {
    match (exported.agreement.metadata.generation, exported.status.observed_generation) {
        (Some(there), Some(observed)) if there == observed => {
            Claim::Current.ok(format!("the status is for generation {there}, which was exported"))
        }
        (Some(there), Some(observed)) if there > observed => Claim::Current.fails(format!(
            "the agreement was edited after its status was written: it is at generation {there}, and the status \
             is for {observed}; export it again once the operator has reconciled it"
        )),
        (Some(there), Some(observed)) => Claim::Current
            .fails(format!("the status is for generation {observed}, and the agreement is only at {there}")),
        (None, _) => Claim::Current.not_checked("the export leaves out `metadata.generation`"),
        (_, None) => Claim::Current.fails("the status does not say which generation it is for"),
    }
}
