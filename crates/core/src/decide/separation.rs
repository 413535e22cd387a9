//! Separation of duties (S7): nobody acts for both sides, approves a deal of their own, counts twice where two must agree, or
//! both decides and records what others decided.

use super::authority::canonical;
use super::decisions::{CurrentDecision, Ignored};
use super::observed::Observed;
use super::rules::RuleSet;
use countersign_api::CustomerAgreement;
use countersign_api::agreement_status::{Approval, ApprovalVerdict};
use countersign_api::conditions::ignored;
use countersign_api::customer_agreement::{CustomerAgreementSpec, Representative};
use countersign_api::delegation_policy::{DelegationPolicySpec, Permission};
use countersign_api::subject::{Subject, SubjectKind};

/// The people of an agreement. The policy knows who has several usernames; without it, every username is a person.
#[derive(Clone, Copy)]
pub(crate) struct People<'a> {
    agreement: &'a CustomerAgreement,
    policy: Option<&'a DelegationPolicySpec>,
}

impl<'a> People<'a> {
    pub(crate) fn of(observed: &Observed<'a>, rules: Option<RuleSet<'a>>) -> Self {
        Self { agreement: observed.agreement, policy: rules.map(|rules| &rules.policy.spec) }
    }

    fn is_same(self, one: &str, other: &str) -> bool {
        match self.policy {
            Some(policy) => canonical(policy, one) == canonical(policy, other),
            None => one == other,
        }
    }

    /// Whether a person was ever the owner in a spec that the operator saw.
    pub(crate) fn is_owner(self, username: &str) -> bool {
        let before = self.agreement.status.iter().flat_map(|status| &status.owners);
        let mut owners = before.chain([&self.agreement.spec.provider.owner_username]);
        owners.any(|owner| self.is_same(owner, username))
    }

    /// Whether a person represents the customer, in any role.
    pub(crate) fn is_representative(self, username: &str) -> bool {
        let mut representatives = self.agreement.spec.customer.representatives.iter();
        representatives.any(|representative| self.is_same(&representative.username, username))
    }

    /// Whether a person is a signatory of the provider.
    pub(crate) fn is_signatory(self, username: &str) -> bool {
        let mut signatories = self.agreement.spec.provider.signatories.iter();
        signatories.any(|signatory| self.is_same(&signatory.username, username))
    }
}

/// Representatives of the customer whom the terms also name on the provider's side, with the field that does.
pub(crate) fn on_both_sides<'s>(
    spec: &'s CustomerAgreementSpec,
    policy: Option<&DelegationPolicySpec>,
) -> impl Iterator<Item = (&'s Representative, &'static str)> {
    let person =
        move |username: &str| policy.map_or(username, |policy| canonical(policy, username)).to_owned();
    spec.customer.representatives.iter().filter_map(move |representative| {
        let customer = person(&representative.username);
        let signs = spec.provider.signatories.iter().any(|signatory| person(&signatory.username) == customer);
        if signs {
            return Some((representative, "spec.provider.signatories"));
        }
        let owns = person(&spec.provider.owner_username) == customer;
        owns.then_some((representative, "spec.provider.ownerUsername"))
    })
}

/// Whether a holder is a person who may not approve. A group may always have a member who may.
pub(crate) fn may_not_approve(observed: &Observed<'_>, rules: RuleSet<'_>, holder: &Subject) -> bool {
    let people = People::of(observed, Some(rules));
    let owner_may_not = rules.policy.spec.rules.separation.owner_may_not_approve;
    holder.kind == SubjectKind::User
        && ((owner_may_not && people.is_owner(&holder.name)) || people.is_representative(&holder.name))
}

/// Why the person who made a decision may not approve, whatever level that person holds.
pub(crate) fn approver_fault(
    observed: &Observed<'_>,
    rules: RuleSet<'_>,
    current: &[CurrentDecision<'_>],
    decision: &CurrentDecision<'_>,
) -> Option<Ignored> {
    let people = People::of(observed, Some(rules));
    // What a person may not do, nobody may do on that person's behalf.
    let on_behalf_of = decision.object.spec.on_behalf_of.as_deref();
    let mut approvers = [decision.made_by].into_iter().chain(on_behalf_of);
    let owner_may_not = rules.policy.spec.rules.separation.owner_may_not_approve;
    if owner_may_not && approvers.clone().any(|person| people.is_owner(person)) {
        return Some(Ignored::new(
            ignored::OWNER,
            "the account owner may not approve; somebody else who holds the level must",
        ));
    }
    if approvers.any(|person| people.is_representative(person)) {
        return Some(Ignored::new(
            ignored::BOTH_SIDES,
            "a representative of the customer may not approve for the provider",
        ));
    }
    attests(observed, rules, current, decision).then(|| {
        Ignored::new(
            ignored::NOT_DISTINCT,
            "a person who recorded what a representative did may not approve; somebody else who holds the level must",
        )
    })
}

/// Why the person who made a decision may not countersign, although a signatory.
pub(crate) fn countersigner_fault(
    observed: &Observed<'_>,
    rules: RuleSet<'_>,
    current: &[CurrentDecision<'_>],
    decision: &CurrentDecision<'_>,
) -> Option<Ignored> {
    if People::of(observed, Some(rules)).is_representative(decision.made_by) {
        return Some(Ignored::new(
            ignored::BOTH_SIDES,
            "nobody may sign for both sides; another signatory must countersign",
        ));
    }
    attests(observed, rules, current, decision).then(|| {
        Ignored::new(
            ignored::NOT_DISTINCT,
            "a person who recorded what a representative did may not countersign; another signatory must",
        )
    })
}

/// Why a verdict may not count beside `others`, those for the same `digest`: one of its people already counts for the same
/// function or, where approvers must be distinct, for another one.
pub(crate) fn distinct_fault<'s>(
    observed: &Observed<'_>,
    rules: RuleSet<'_>,
    digest: Option<&str>,
    others: impl Iterator<Item = &'s Approval>,
    function: &str,
    verdict: &ApprovalVerdict,
) -> Option<Ignored> {
    let policy = &rules.policy.spec;
    let people = |verdict: &ApprovalVerdict| {
        let names = [Some(verdict.username.clone()), verdict.on_behalf_of.clone()];
        names.map(|name| name.map(|name| canonical(policy, &name).to_owned()))
    };
    let own = people(verdict);
    let same = |other: &ApprovalVerdict| {
        people(other).iter().flatten().any(|name| own.contains(&Some(name.clone())))
    };
    let on_this = observed
        .decisions
        .iter()
        .filter(|decision| digest == Some(decision.spec.agreement_ref.digest.as_str()));
    let on_this: Vec<&str> = on_this.filter_map(|decision| decision.metadata.name.as_deref()).collect();
    let counts = others
        .filter(|other| policy.rules.separation.distinct_approvers || other.function == function)
        .flat_map(|other| &other.decided_by)
        .filter(|other| on_this.contains(&other.decision.as_str()))
        .any(same);
    counts.then(|| {
        Ignored::new(ignored::NOT_DISTINCT, "the same person already decided here; another one must")
    })
}

/// Why a person may not record what a representative did. Without a policy nobody may.
pub(crate) fn attestation_fault(
    observed: &Observed<'_>,
    rules: Option<RuleSet<'_>>,
    current: &[CurrentDecision<'_>],
    decision: &CurrentDecision<'_>,
) -> Option<Ignored> {
    if !decision.attested || decision.already_counts {
        return None;
    }
    let forbidden =
        |rules: RuleSet<'_>| rules.policy.spec.rules.confirmation.attestation == Permission::Forbidden;
    if rules.is_none_or(forbidden) {
        return Some(Ignored::new(
            ignored::ATTESTATION_FORBIDDEN,
            "the policy does not let anybody record a representative's act; the representative must decide",
        ));
    }
    let people = People::of(observed, rules);
    let clerk = decision.made_by;
    if people.is_owner(clerk) || people.is_representative(clerk) || people.is_signatory(clerk) {
        return Some(Ignored::new(
            ignored::NOT_HOLDER,
            "the owner, a representative or a signatory may not record what a representative did; somebody else must",
        ));
    }
    let mut before = current.iter().filter(|other| !other.attested && other.precedes(decision));
    before.any(|other| people.is_same(other.made_by, clerk)).then(|| {
        Ignored::new(
            ignored::NOT_DISTINCT,
            "a person who decides on the agreement may not record what a representative did; somebody else must",
        )
    })
}

/// Whether the person who made a decision recorded what a representative did before. Such a person may decide nothing else.
fn attests(
    observed: &Observed<'_>,
    rules: RuleSet<'_>,
    current: &[CurrentDecision<'_>],
    decision: &CurrentDecision<'_>,
) -> bool {
    let people = People::of(observed, Some(rules));
    current.iter().any(|other| {
        other.attested
            && people.is_same(other.made_by, decision.made_by)
            && other.precedes(decision)
            && attestation_fault(observed, Some(rules), current, other).is_none()
    })
}
