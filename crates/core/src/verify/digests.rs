//! What decisions are bound to, computed again.

use super::exported_agreement::ExportedAgreement;
use super::report::{Claim, Statement};
use crate::decide::digest::{TERMS_ENCODING, confirmation_digest, terms_digest};
use crate::text;

/// Whether `status.terms.digest` is that of the spec, the UID and the catalogue.
pub(super) fn terms(exported: &ExportedAgreement<'_>) -> Statement {
    let claim = Claim::TermsDigest;
    let spec = &exported.agreement.spec;
    let Some(terms) = &exported.status.terms else {
        return claim.fails("the status does not say which terms it is about");
    };
    if terms.encoding != TERMS_ENCODING {
        return claim.not_checked(format!(
            "it is encoded as {:?}, and this program knows {TERMS_ENCODING:?}",
            text::id(&terms.encoding)
        ));
    }
    let said = text::value(&terms.digest);
    let named = &spec.standard_terms_ref.name;
    let differs = |found: &str| {
        let edited = match (exported.agreement.metadata.generation, exported.status.observed_generation) {
            (Some(there), Some(observed)) if there > observed => {
                ", which was edited after its status was written"
            }
            _ => "",
        };
        claim.fails(format!("the status says {said}, and that of the agreement{edited} is {found}"))
    };
    if let Some(pinned) = &exported.status.pinned {
        if pinned.standard_terms.name != *named {
            return claim.fails(format!(
                "`spec.standardTermsRef.name` is {:?}, and the status is pinned to {:?}",
                text::name(named),
                text::name(&pinned.standard_terms.name)
            ));
        }
        let found = terms_digest(spec, exported.uid(), Some(&pinned.standard_terms.uid));
        return if found == terms.digest {
            claim.ok(format!("revision {}, {found}", terms.revision))
        } else {
            differs(&found)
        };
    }
    // While a check fails nothing is pinned: then it is the catalogue of that name, if there was one.
    let catalogues: Vec<&str> = exported
        .export
        .catalogues
        .iter()
        .filter(|terms| terms.metadata.name.as_ref() == Some(named))
        .filter_map(|terms| terms.metadata.uid.as_deref())
        .collect();
    let known = catalogues.iter().map(|uid| Some(*uid)).chain([None]);
    let mut found = known.map(|catalogue| terms_digest(spec, exported.uid(), catalogue));
    if found.any(|found| found == terms.digest) {
        claim.ok(format!("revision {}, {said}", terms.revision))
    } else if catalogues.is_empty() {
        claim.not_checked(format!("the catalogue {:?} is not in the export", text::name(named)))
    } else {
        differs(&terms_digest(spec, exported.uid(), catalogues.first().copied()))
    }
}

/// Whether `status.confirmation.digest` is that of the terms and the confirmed orders.
pub(super) fn confirmation(exported: &ExportedAgreement<'_>) -> Option<Statement> {
    let claim = Claim::ConfirmationDigest;
    let said = exported.confirmation_digest()?;
    let Some(terms) = &exported.status.terms else {
        return Some(claim.fails("the status has no terms that it could be about"));
    };
    let orders = exported.confirmed_orders();
    let ids: Vec<&str> = orders.iter().map(String::as_str).collect();
    let found = confirmation_digest(&terms.digest, terms.revision, &ids);
    Some(if found == said {
        claim.ok(format!("{} confirmed, {found}", text::count(ids.len(), "order")))
    } else {
        claim.fails(format!(
            "the status says {}, and that of the terms with the orders it calls confirmed is {found}",
            text::value(said)
        ))
    })
}
