//! The agreement in a file, for a customer who may not read it in the cluster.

use std::path::Path;

use countersign_api::CustomerAgreement;

use crate::failure::{Failure, Outcome};

/// Reads the agreement from a file that the customer was sent.
pub fn sheet(path: &Path) -> Outcome<CustomerAgreement> {
    let shown = if path == Path::new("-") { "standard input".to_owned() } else { path.display().to_string() };
    let text = if path == Path::new("-") {
        std::io::read_to_string(std::io::stdin())
    } else {
        std::fs::read_to_string(path)
    };
    let text = text.map_err(|error| format!("cannot read {shown}: {error}"))?;
    let agreement: CustomerAgreement = serde_saphyr::from_str(&text).map_err(|error| {
        format!("{shown} is not an agreement as `kubectl agreement show --for customer -o yaml` writes it: {error}")
    })?;
    let complete =
        agreement.metadata.uid.is_some() && agreement.status.as_ref().is_some_and(|s| s.terms.is_some());
    if !complete {
        return Err(Failure::Error(format!(
            "{shown} has no `metadata.uid` or `status.terms`: it is what was applied, not what is offered; ask for the \
             output of `kubectl agreement show --for customer -o yaml`"
        )));
    }
    Ok(agreement)
}
