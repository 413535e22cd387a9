//! Sign-off (S3): both sides sign, in the order that the policy gives. Nobody signs for both (S7).

use jiff::Timestamp;

use super::authority::{Person, holds};
use super::confirmation::reached;
use super::decisions::{CurrentDecision, Decisions, Ignored, late};
use super::observed::Observed;
use super::rules::RuleSet;
use super::separation::{self, People};
use crate::text;
use countersign_api::Action;
use countersign_api::agreement_status::{Side, Signature, WaitingAction};
use countersign_api::conditions::ignored;
use countersign_api::customer_agreement::{Representative, RepresentativeRole};
use countersign_api::delegation_policy::{Countersignature, Required, SignOffOrder};
use countersign_api::references::Authority;

/// What a signature binds to, and from when signatures can be given.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Signable<'a> {
    /// The confirmation digest; `None` until confirmation is complete.
    pub(crate) digest: Option<&'a str>,
    /// When confirmation and approvals were complete.
    pub(crate) since: Option<Timestamp>,
    /// Authority that a countersignatory must hold.
    pub(crate) exercised: &'a [Authority],
}

/// How far sign-off has come.
#[derive(Debug, Default)]
pub(crate) struct Signed {
    /// The signatures that count.
    pub(crate) signatures: Vec<Signature>,
    /// When the customer's side was complete.
    pub(crate) customer: Option<Timestamp>,
    /// When the provider's side was complete.
    pub(crate) provider: Option<Timestamp>,
    /// Customer signatories who have yet to sign.
    pub(crate) missing: Vec<Representative>,
}

impl Signed {
    /// Whether every signature is there.
    pub(crate) const fn is_complete(&self) -> bool {
        self.customer.is_some() && self.provider.is_some()
    }
}

/// Since when a side may sign; `None`: not yet.
const fn turn(
    order: SignOffOrder,
    side: Side,
    since: Option<Timestamp>,
    other: Option<Timestamp>,
) -> Option<Timestamp> {
    match (order, side) {
        (SignOffOrder::CustomerFirst, Side::Provider) | (SignOffOrder::ProviderFirst, Side::Customer) => {
            other
        }
        (SignOffOrder::CustomerFirst, Side::Customer)
        | (SignOffOrder::ProviderFirst, Side::Provider)
        | (SignOffOrder::Any, Side::Customer | Side::Provider) => since,
    }
}

/// Evaluates every Sign and Countersign.
pub(crate) fn evaluate<'a>(
    observed: &Observed<'a>,
    rules: RuleSet<'_>,
    signable: Signable<'_>,
    decisions: &mut Decisions<'a>,
) -> Signed {
    let order = rules.policy.spec.rules.sign_off.order;
    let mut signed = Signed::default();
    if order == SignOffOrder::ProviderFirst {
        provider(observed, rules, signable, signable.since, decisions, &mut signed);
        let since = if rules.policy.spec.rules.sign_off.countersignature == Countersignature::Waived {
            signable.since
        } else {
            turn(order, Side::Customer, signable.since, signed.provider)
        };
        customer(observed, rules, signable, since, decisions, &mut signed);
    } else {
        customer(observed, rules, signable, signable.since, decisions, &mut signed);
        let since = turn(order, Side::Provider, signable.since, signed.customer);
        provider(observed, rules, signable, since, decisions, &mut signed);
    }
    signed
}

fn customer<'a>(
    observed: &Observed<'a>,
    rules: RuleSet<'_>,
    signable: Signable<'_>,
    since: Option<Timestamp>,
    decisions: &mut Decisions<'a>,
    signed: &mut Signed,
) {
    let signatories: Vec<&Representative> = observed
        .agreement
        .spec
        .customer
        .representatives
        .iter()
        .filter(|r| r.roles.contains(&RepresentativeRole::Signatory))
        .collect();
    let required = rules.policy.spec.rules.sign_off.customers;
    let binding = decisions.binding();
    let mut given: Vec<(CurrentDecision<'a>, &Representative)> = Vec::new();
    for decision in decisions.of_kind(Action::Sign) {
        let complete = whole(&signatories, &given, required);
        let who = signatories.iter().find(|signatory| signatory.username == decision.acts_for);
        let fault = match who {
            _ if complete.is_some_and(|complete| decision.time > complete) => Some(already()),
            Some(who) if given.iter().any(|(_, other)| other.username == who.username) => Some(already()),
            _ => binding_fault(&decision, signable, since, "the provider countersigns first")
                .or_else(|| separation::attestation_fault(observed, Some(rules), &binding, &decision))
                .or_else(|| {
                    who.is_none().then(|| {
                        let names: Vec<String> =
                            signatories.iter().map(|s| text::short_name(&s.name)).collect();
                        let message = format!(
                            "{:?} is not a Signatory of the customer; {} may sign",
                            text::user(decision.acts_for),
                            text::join_or(&names)
                        );
                        Ignored::new(ignored::NOT_HOLDER, message)
                    })
                })
                .or_else(|| late(observed, &decision, Some(WaitingAction::Sign))),
        };
        match (fault, who) {
            (None, Some(who)) => given.push((decision, who)),
            (Some(ignored), _) => decisions.ignored.add(&decision, ignored),
            (None, None) => {}
        }
    }
    signed.customer = whole(&signatories, &given, required);
    if signed.customer.is_none() {
        let missing =
            signatories.iter().filter(|s| !given.iter().any(|(_, other)| other.username == s.username));
        signed.missing = missing.map(|signatory| (*signatory).clone()).collect();
    }
    signed.signatures.extend(given.iter().map(|(decision, _)| signature(decision, Side::Customer)));
}

fn whole(
    signatories: &[&Representative],
    given: &[(CurrentDecision<'_>, &Representative)],
    required: Required,
) -> Option<Timestamp> {
    let times = signatories.iter().map(|signatory| {
        given.iter().find(|(_, who)| who.username == signatory.username).map(|(decision, _)| decision.time)
    });
    reached(times, required)
}

fn provider<'a>(
    observed: &Observed<'a>,
    rules: RuleSet<'_>,
    signable: Signable<'_>,
    since: Option<Timestamp>,
    decisions: &mut Decisions<'a>,
    signed: &mut Signed,
) {
    let policy = &rules.policy.spec;
    let waived = policy.rules.sign_off.countersignature == Countersignature::Waived;
    let binding = decisions.binding();
    for decision in decisions.of_kind(Action::Countersign) {
        let fault = if waived {
            Some(Ignored::new(ignored::NOT_REQUIRED, "the policy waives the countersignature"))
        } else if signed.provider.is_some() {
            Some(already())
        } else {
            binding_fault(&decision, signable, since, "the customer signs first")
                .or_else(|| {
                    if decision.already_counts {
                        None
                    } else {
                        signatory_fault(observed, rules, signable, &binding, &decision)
                    }
                })
                .or_else(|| late(observed, &decision, Some(WaitingAction::Countersign)))
        };
        match fault {
            Some(ignored) => decisions.ignored.add(&decision, ignored),
            None => {
                signed.provider = Some(decision.time);
                signed.signatures.push(signature(&decision, Side::Provider));
            }
        }
    }
    if waived {
        signed.provider = since;
    }
}

/// Why a person may not countersign. Signatories and holders are not pinned: today's count.
fn signatory_fault(
    observed: &Observed<'_>,
    rules: RuleSet<'_>,
    signable: Signable<'_>,
    current: &[CurrentDecision<'_>],
    decision: &CurrentDecision<'_>,
) -> Option<Ignored> {
    let policy = &rules.policy.spec;
    let signatories = &observed.agreement.spec.provider.signatories;
    if !People::of(observed, Some(rules)).is_signatory(decision.made_by) {
        let names: Vec<String> =
            signatories.iter().map(|signatory| text::short_name(&signatory.name)).collect();
        let message = format!(
            "{:?} is not a signatory of the provider; {} may countersign",
            text::user(decision.made_by),
            text::join_or(&names)
        );
        return Some(Ignored::new(ignored::NOT_HOLDER, message));
    }
    if let Some(fault) = separation::countersigner_fault(observed, rules, current, decision) {
        return Some(fault);
    }
    let person = Person { username: decision.made_by, groups: &decision.object.spec.decided_by.groups };
    signable.exercised.iter().find(|authority| holds(policy, person, authority).is_none()).map(|authority| {
        let message = format!(
            "the agreement needs no approval because it lies within {0} {1}, so whoever countersigns must hold {0} {1} or higher; \
             a holder through a group must name the group in `decidedBy.groups`",
            authority.function, authority.level
        );
        Ignored::new(ignored::NOT_HOLDER, message)
    })
}

/// Why a signature does not bind: it names something else, or it came before its turn.
fn binding_fault(
    decision: &CurrentDecision<'_>,
    signable: Signable<'_>,
    since: Option<Timestamp>,
    first: &str,
) -> Option<Ignored> {
    let Some(digest) = signable.digest else {
        return Some(Ignored::new(ignored::OUT_OF_TURN, "the customer has yet to confirm; sign again then"));
    };
    if decision.digest() != digest {
        return Some(Ignored::new(
            ignored::STALE,
            format!("a signature must name the confirmation digest {digest}"),
        ));
    }
    if decision.already_counts {
        return None;
    }
    if signable.since.is_none_or(|since| decision.time < since) {
        return Some(Ignored::new(
            ignored::OUT_OF_TURN,
            "the provider's own approvals come first; sign again then",
        ));
    }
    if since.is_none_or(|since| decision.time < since) {
        return Some(Ignored::new(ignored::OUT_OF_TURN, format!("{first}; sign again then")));
    }
    None
}

fn already() -> Ignored {
    Ignored::new(ignored::ALREADY_SIGNED, "the signature was already there")
}

fn signature(decision: &CurrentDecision<'_>, side: Side) -> Signature {
    Signature {
        decision: decision.name.to_owned(),
        username: decision.acts_for.to_owned(),
        side,
        attested_by: decision.attested_by(),
    }
}
