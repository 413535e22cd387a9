//! The revision of the terms that is in force, and the rules that it is pinned to.

use jiff::Timestamp;

use super::digest::{TERMS_ENCODING, is_pinned, terms_digest};
use super::observed::Observed;
use super::rules::{Gone, RuleSet, Rules};
use super::validate::validate;
use countersign_api::CustomerAgreementStatus;
use countersign_api::agreement_status::{Pinned, PinnedObject, TermsRevision};
use countersign_api::conditions::reason;

/// The revision in force: a new one whenever the digest is another than the last one that was written.
pub(crate) fn current_revision(observed: &Observed<'_>) -> TermsRevision {
    let spec = &observed.agreement.spec;
    let uid = observed.agreement.metadata.uid.as_deref().unwrap_or_default();
    let status = observed.agreement.status.as_ref();
    let last = status.and_then(|status| status.terms.as_ref());
    let pinned = status.and_then(|status| status.pinned.as_ref()).map(|pinned| &pinned.standard_terms);
    if let (Some(last), Some(pinned)) = (last, pinned)
        && pinned.name == spec.standard_terms_ref.name
        && terms_digest(spec, uid, Some(&pinned.uid)) == last.digest
    {
        return last.clone();
    }
    let live = observed.standard_terms.and_then(|terms| terms.metadata.uid.as_deref());
    let digest = terms_digest(spec, uid, live);
    match last {
        Some(last) if last.digest == digest => last.clone(),
        last => TermsRevision {
            revision: last.map_or(1, |last| last.revision.saturating_add(1)),
            digest,
            encoding: TERMS_ENCODING.to_owned(),
        },
    }
}

/// The status as it was written for this revision.
pub(crate) fn status_of<'o>(
    observed: &'o Observed<'_>,
    revision: &TermsRevision,
) -> Option<&'o CustomerAgreementStatus> {
    observed.agreement.status.as_ref().filter(|status| status.terms.as_ref() == Some(revision))
}

/// The rules pinned to a revision; for a new one, those of today, if nothing is wrong.
pub(crate) fn rules<'a>(
    observed: &Observed<'a>,
    revision: &TermsRevision,
    now: Timestamp,
) -> Rules<(RuleSet<'a>, Pinned)> {
    match status_of(observed, revision).and_then(|status| status.pinned.clone()) {
        Some(pinned) => still_there(observed, pinned),
        None => todays(observed, now),
    }
}

fn todays<'a>(observed: &Observed<'a>, now: Timestamp) -> Rules<(RuleSet<'a>, Pinned)> {
    let found = validate(observed, now);
    match found.rules.filter(|_| found.faults.is_empty()) {
        Some((rules, _)) => {
            let pinned = Pinned {
                standard_terms: named(&rules.terms.metadata),
                policy: named(&rules.policy.metadata),
            };
            Rules::Found((rules, pinned))
        }
        None => Rules::Faulty(found.faults),
    }
}

fn still_there<'a>(observed: &Observed<'a>, pinned: Pinned) -> Rules<(RuleSet<'a>, Pinned)> {
    let terms = observed.standard_terms.filter(|terms| {
        is_pinned(&pinned.standard_terms, &pinned.standard_terms.name, terms.metadata.uid.as_deref())
    });
    let policy = observed.policies.iter().find(|policy| {
        let name = policy.metadata.name.as_deref().unwrap_or_default();
        is_pinned(&pinned.policy, name, policy.metadata.uid.as_deref())
    });
    match (terms, policy) {
        (Some(terms), Some(policy)) => Rules::Found((RuleSet { terms, policy }, pinned)),
        (None, _) => {
            let message = gone("StandardTerms", &pinned.standard_terms);
            Rules::Gone(Gone { pinned, reason: reason::TERMS_MISSING, message })
        }
        (_, None) => {
            let message = gone("DelegationPolicy", &pinned.policy);
            Rules::Gone(Gone { pinned, reason: reason::POLICY_MISSING, message })
        }
    }
}

fn named(metadata: &kube::core::ObjectMeta) -> PinnedObject {
    PinnedObject {
        name: metadata.name.clone().unwrap_or_default(),
        uid: metadata.uid.clone().unwrap_or_default(),
    }
}

fn gone(kind: &str, pinned: &PinnedObject) -> String {
    format!(
        "the {kind} `{}` (uid {}) that these terms are pinned to is gone or was replaced; raise `spec.offerVersion` to offer the terms under today's rules",
        pinned.name, pinned.uid
    )
}
