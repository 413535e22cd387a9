//! What a decision is made on: the digest that it has to name, and whether that is the digest of what the agreement says.

use super::digest::{confirmation_digest, terms_digest};
use countersign_api::agreement_status::WaitingAction;
use countersign_api::delegation_policy::{DelegationPolicySpec, EscalationTiming};
use countersign_api::{Action, CustomerAgreement, CustomerAgreementStatus};

/// What a decision has to name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Binding {
    /// `status.terms.revision`.
    pub revision: i64,
    /// The digest of the terms, or of the confirmation.
    pub digest: String,
    /// Which of the two it is.
    pub content: Content,
}

/// What a digest is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Content {
    /// The terms.
    Terms,
    /// The terms, and the orders that the customer confirmed.
    Confirmation,
}

/// Why there is nothing that a decision could name, in words.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Unbound(String);

/// What a decision of this kind has to name now. The policy says what a manager decides on who is not asked any more.
///
/// # Errors
/// When there is nothing yet that could be named.
pub fn of(
    agreement: &CustomerAgreement,
    policy: Option<&DelegationPolicySpec>,
    action: Action,
) -> Result<Binding, Unbound> {
    let no_terms = || {
        Unbound(
            "the operator has not reconciled the agreement yet; if this persists, check that it is running"
                .to_owned(),
        )
    };
    let status = agreement.status.as_ref().ok_or_else(no_terms)?;
    let terms = status.terms.as_ref().ok_or_else(no_terms)?;
    let on_terms =
        Binding { revision: terms.revision, digest: terms.digest.clone(), content: Content::Terms };
    let confirmation = status.confirmation.as_ref().and_then(|confirmation| confirmation.digest.as_ref());
    let on_confirmation = confirmation.map(|digest| Binding {
        revision: terms.revision,
        digest: digest.clone(),
        content: Content::Confirmation,
    });
    match action {
        Action::Confirm | Action::Decline | Action::RequestChange | Action::Withdraw => Ok(on_terms),
        Action::Sign | Action::Countersign => on_confirmation.ok_or_else(|| {
            Unbound("there is nothing to sign yet: the customer has yet to confirm".to_owned())
        }),
        Action::Approve | Action::Refuse => match asked_of_managers(status) {
            Some(digest) if digest == terms.digest => Ok(on_terms),
            Some(_) => Ok(on_confirmation.unwrap_or(on_terms)),
            None if status.approvals.is_empty() => {
                Err(Unbound("nothing in the agreement asks for an approval".to_owned()))
            }
            None if managers_come_first(status, policy) => Ok(on_terms),
            None => on_confirmation.ok_or_else(|| {
                Unbound(
                    "there is nothing to approve or refuse yet: the customer has yet to confirm".to_owned(),
                )
            }),
        },
    }
}

/// The digest that managers are asked to decide on, if any is being asked.
fn asked_of_managers(status: &CustomerAgreementStatus) -> Option<&str> {
    let asked = status.waiting_for.iter().find(|wait| wait.action == WaitingAction::Approve);
    asked.and_then(|wait| wait.digest.as_deref())
}

/// Whether managers decide on the terms: they are asked before the customer, and were not asked once more since.
fn managers_come_first(status: &CustomerAgreementStatus, policy: Option<&DelegationPolicySpec>) -> bool {
    policy.is_some_and(|policy| policy.rules.escalation.timing == EscalationTiming::BeforeConfirmation)
        && !status.orders.iter().any(|order| order.confirmed == Some(false))
}

/// Whether the digests in a status are those of the agreement beside it. `catalogue` is the UID of the catalogue that the
/// agreement names, for terms that are not pinned to one.
///
/// # Errors
/// When one of them is of something else, in words.
pub fn check(agreement: &CustomerAgreement, catalogue: Option<&str>) -> Result<(), Unbound> {
    let Some(status) = &agreement.status else { return Ok(()) };
    let Some(terms) = &status.terms else { return Ok(()) };
    let uid = agreement.metadata.uid.as_deref().unwrap_or_default();
    let named = &agreement.spec.standard_terms_ref.name;
    let pinned = status.pinned.as_ref().map(|pinned| &pinned.standard_terms);
    let pinned = pinned.filter(|pinned| &pinned.name == named).map(|pinned| pinned.uid.as_str());
    let digest = terms_digest(&agreement.spec, uid, pinned.or(catalogue));
    if digest != terms.digest {
        return Err(Unbound(format!(
            "what the agreement says has the digest {digest}, and its status speaks of {}: it was changed, and the \
             operator has not reconciled the change yet; read it again before you decide",
            terms.digest
        )));
    }
    let stored = status.confirmation.as_ref().and_then(|confirmation| confirmation.digest.as_ref());
    let Some(stored) = stored else { return Ok(()) };
    let confirmed = status.orders.iter().filter(|order| order.confirmed == Some(true));
    let confirmed: Vec<&str> = confirmed.map(|order| order.id.as_str()).collect();
    let digest = confirmation_digest(&terms.digest, terms.revision, &confirmed);
    if &digest != stored {
        return Err(Unbound(format!(
            "terms and confirmed orders have the confirmation digest {digest}, and the status says {stored}; do not \
             decide on it, and ask whoever runs the operator"
        )));
    }
    Ok(())
}
