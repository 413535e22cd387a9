//! `countersign crds` and `countersign admission`.

use std::io::Write;

use countersign::admission;
use countersign_api::crd;

use super::outcome::Outcome;

pub(crate) fn crds() -> Outcome {
    let mut out = std::io::stdout().lock();
    for crd in crd::all() {
        writeln!(out, "---\n{}", serde_saphyr::to_string(&crd)?.trim_end())?;
    }
    Ok(())
}

pub(crate) fn admission(operator: &str) -> Outcome {
    let mut out = std::io::stdout().lock();
    for (_, text) in admission::files(operator) {
        writeln!(out, "---\n{}", text.trim_end())?;
    }
    Ok(())
}
