//! Whether the status belongs to the agreement as it was exported.

use super::exported_agreement::ExportedAgreement;
use super::report::{Claim, Statement};

/// Whether the status was written for the agreement as it stands here.
pub(super) fn check(exported: &ExportedAgreement<'_>) -> Statement {
    match (exported.agreement.metadata.generation, exported.status.observed_generation) {
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
