//! Other agreements, and the catalogue, that an agreement refers to.

use super::left_out::Missing;
use super::options::Options;
use super::parts::Reference;
use crate::verify::Export;
use countersign_api::link::Link;
use countersign_api::{CustomerAgreement, CustomerAgreementStatus, StandardTerms};

/// How another agreement is linked, and its name in the namespace.
pub(super) fn links<'a>(
    agreement: &'a CustomerAgreement,
    status: &'a CustomerAgreementStatus,
) -> Vec<(&'static str, &'a str)> {
    let how = |link| match link {
        Link::Amends => "amends",
        Link::Supersedes => "supersedes",
        Link::Parent => "parent",
    };
    let mut all: Vec<(&str, &str)> = agreement.spec.links().map(|(link, name)| (how(link), name)).collect();
    all.extend(status.amended_by.iter().map(|name| ("amendedBy", name.as_str())));
    all.extend(status.superseded_by.iter().map(|name| ("supersededBy", name.as_str())));
    all
}

/// The linked agreements, each once.
pub(super) fn associated(
    export: &Export,
    agreement: &CustomerAgreement,
    links: &[(&'static str, &str)],
    options: &Options,
    missing: &mut Missing<'_>,
) -> Vec<Reference> {
    let mut all: Vec<Reference> = Vec::new();
    for (how, name) in links {
        let mut found = export.agreements().iter().filter(|other| {
            other.metadata.namespace == agreement.metadata.namespace
                && other.metadata.name.as_deref() == Some(name)
        });
        let (other, more) = (found.next(), found.next());
        let Some((other, uid)) = other.and_then(|other| Some((other, other.metadata.uid.as_deref()?))) else {
            missing.note(&format!(
                "`associatedAgreement` is without `{name}` ({how}): the CustomerAgreement is not in the input"
            ));
            continue;
        };
        if more.is_some() {
            missing.note(&format!(
                "`associatedAgreement` is without `{name}` ({how}): several CustomerAgreements in the input have that \
                 name, and it is not clear which is meant"
            ));
            continue;
        }
        let reference = Reference {
            id: uid.to_owned(),
            href: options.agreement_href(uid),
            name: Some(other.spec.title.clone()),
        };
        if !all.contains(&reference) {
            all.push(reference);
        }
    }
    all
}

/// The catalogue: the one that is pinned, or if none is, the one that the spec names.
pub(super) fn catalogue<'a>(
    export: &'a Export,
    agreement: &CustomerAgreement,
    status: &CustomerAgreementStatus,
    missing: &mut Missing<'_>,
) -> Option<(String, &'a StandardTerms)> {
    let pinned = status.pinned.as_ref().map(|pinned| &pinned.standard_terms);
    let name = pinned.map_or(&agreement.spec.standard_terms_ref.name, |pinned| &pinned.name);
    let mut found = export.catalogues().iter().filter(|own| match pinned {
        Some(pinned) => own.metadata.uid.as_ref() == Some(&pinned.uid),
        None => own.metadata.name.as_ref() == Some(name),
    });
    match (found.next(), found.next()) {
        (Some(own), None) => own.metadata.uid.clone().map(|uid| (uid, own.as_ref())),
        (Some(_), Some(_)) => {
            missing.note(&format!(
                "`agreementSpecification`, titles and types of the terms: several StandardTerms in the input are called \
                 `{name}`, and none is pinned yet"
            ));
            None
        }
        (None, _) => {
            let what = if pinned.is_some() { "titles" } else { "`agreementSpecification`, titles" };
            missing.note(&format!(
                "{what} and types of the terms: the StandardTerms `{name}` is not in the input"
            ));
            None
        }
    }
}
