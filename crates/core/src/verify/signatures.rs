//! Signatures (S3), and that nobody acts for both sides (S7).

use std::collections::{BTreeMap, BTreeSet};

use super::exported_agreement::ExportedAgreement;
use super::report::{Claim, Statement};
use crate::text;
use countersign_api::Action;
use countersign_api::agreement_status::{Side, Signature};
use countersign_api::customer_agreement::RepresentativeRole;
use countersign_api::delegation_policy::{Countersignature, Required};

/// Who signed, and that nobody did what others have to do.
pub(super) fn check(exported: &ExportedAgreement<'_>) -> Vec<Statement> {
    let mut statements = Vec::new();
    if exported.status.sign_off.is_some() {
        statements.push(signatures(exported));
    }
    if !crate::decide::counted(exported.status).is_empty() {
        statements.push(sides(exported));
    }
    statements
}

fn of<'a>(exported: &ExportedAgreement<'a>, side: Side) -> impl Iterator<Item = &'a Signature> {
    let all = exported.status.sign_off.iter().flat_map(|sign_off| &sign_off.signatures);
    all.filter(move |signature| signature.side == side)
}

fn signatures(exported: &ExportedAgreement<'_>) -> Statement {
    let claim = Claim::Signatures;
    let spec = &exported.agreement.spec;
    let signatories: Vec<&str> = spec
        .customer
        .representatives
        .iter()
        .filter(|who| who.roles.contains(&RepresentativeRole::Signatory))
        .map(|who| who.username.as_str())
        .collect();
    let mut faults = Vec::new();
    let mut unknown = Vec::new();
    let mut signed = BTreeSet::new();
    for signature in of(exported, Side::Customer) {
        let who = text::user(&signature.username);
        if !signatories.contains(&signature.username.as_str()) {
            faults.push(format!("{who:?} is not a Signatory of the customer"));
        }
        if !signed.insert(signature.username.as_str()) {
            faults.push(format!("{who:?} signed twice"));
        }
    }
    let countersigned: Vec<&Signature> = of(exported, Side::Provider).collect();
    if countersigned.len() > 1 {
        faults.push("the provider signed twice".to_owned());
    }
    for signature in &countersigned {
        let own = exported.canonical(&signature.username);
        if !spec.provider.signatories.iter().any(|who| exported.canonical(&who.username) == own) {
            let who = text::user(&signature.username);
            unknown.push(format!(
                "{who:?} is not among the provider's signatories now; who they were then is not recorded"
            ));
        }
        if signature.attested_by.is_some() {
            faults.push("nobody may record a countersignature for somebody else".to_owned());
        }
    }
    if exported.sealed().is_some() {
        let missing: Vec<String> =
            signatories.iter().filter(|who| !signed.contains(*who)).map(|who| text::user(who)).collect();
        match exported.policy.map(|policy| &policy.spec.rules.sign_off) {
            Some(rules) => {
                if rules.customers == Required::All && !missing.is_empty() {
                    faults.push(format!("the signature of {} is missing", text::join_and(&missing)));
                }
                if rules.customers == Required::Any && signed.is_empty() {
                    faults.push("no signatory of the customer signed".to_owned());
                }
                match rules.countersignature {
                    Countersignature::Required if countersigned.is_empty() => {
                        faults.push("the countersignature is missing".to_owned());
                    }
                    Countersignature::Waived if !countersigned.is_empty() => {
                        faults.push("the policy waives the countersignature, and one counts".to_owned());
                    }
                    Countersignature::Required | Countersignature::Waived => {}
                }
            }
            None if signed.is_empty() => faults.push("no signatory of the customer signed".to_owned()),
            None if !missing.is_empty() || countersigned.is_empty() => unknown.push(
                "whether more signatures are needed depends on the policy, which is not in the export"
                    .to_owned(),
            ),
            None => {}
        }
    }
    if faults.is_empty() && !unknown.is_empty() {
        return claim.not_checked(unknown.join("; "));
    }
    let names: Vec<String> = of(exported, Side::Customer)
        .chain(of(exported, Side::Provider))
        .map(|signature| text::user(&signature.username))
        .collect();
    claim.unless(
        &faults,
        if names.is_empty() { "nobody yet".to_owned() } else { format!("by {}", text::join_and(&names)) },
    )
}

fn sides(exported: &ExportedAgreement<'_>) -> Statement {
    let claim = Claim::Sides;
    let status = exported.status;
    let spec = &exported.agreement.spec;
    let known = |name: &String| exported.canonical(name).to_owned();
    let representatives: BTreeSet<String> =
        spec.customer.representatives.iter().map(|who| known(&who.username)).collect();
    let owners: BTreeSet<String> = status.owners.iter().map(known).collect();
    // The first was owner before anybody could decide; the others may have decided before they became owner.
    let first = status.owners.first().map(known);
    let confirmed = || status.confirmation.iter().flat_map(|confirmation| &confirmation.decisions);
    let attesters: BTreeSet<String> = confirmed()
        .filter_map(|own| own.attested_by.as_ref())
        .chain(of(exported, Side::Customer).filter_map(|own| own.attested_by.as_ref()))
        .map(known)
        .collect();
    let mut faults = Vec::new();
    let mut unknown = Vec::new();
    let verdicts = || status.approvals.iter().flat_map(|step| &step.decided_by);
    let approvers: Vec<&String> =
        verdicts().flat_map(|own| [Some(&own.username), own.on_behalf_of.as_ref()]).flatten().collect();
    let owner_may_not = exported.policy.map(|policy| policy.spec.rules.separation.owner_may_not_approve);
    for person in &approvers {
        let (who, own) = (text::user(person), known(person));
        if representatives.contains(&own) {
            faults.push(format!("{who:?} represents the customer and approved for the provider"));
        }
        if owners.contains(&own) {
            match owner_may_not {
                Some(true) if Some(&own) == first.as_ref() => {
                    faults.push(format!("{who:?} was account owner and approved"));
                }
                Some(true) => unknown.push(format!(
                    "{who:?} approved and was named account owner; which came first is not on record"
                )),
                Some(false) => {}
                None => unknown.push(format!(
                    "{who:?} was account owner and approved; whether that is allowed depends on the policy, which is not in the export"
                )),
            }
        }
    }
    faults.extend(not_distinct(exported));
    for signature in of(exported, Side::Provider) {
        if representatives.contains(&known(&signature.username)) {
            let who = text::user(&signature.username);
            faults.push(format!("{who:?} represents the customer and signed for the provider"));
        }
    }
    let others = of(exported, Side::Provider).map(|own| &own.username).chain(approvers);
    let deciding: BTreeSet<String> = others.map(known).collect();
    for attester in &attesters {
        let who = text::user(attester);
        if deciding.contains(attester)
            || representatives.contains(attester)
            || Some(attester) == first.as_ref()
        {
            faults.push(format!(
                "{who:?} recorded what a representative did, and decided or owned the agreement"
            ));
        } else if owners.contains(attester) {
            unknown.push(format!(
                "{who:?} recorded what a representative did and was named account owner; which came first is not on record"
            ));
        }
    }
    let owner = &spec.provider.owner_username;
    if !status.owners.contains(owner) {
        let who = text::user(owner);
        if exported.settled().is_none() {
            faults.push(format!("the owner {who:?} is not among `status.owners`"));
        } else {
            unknown.push(format!(
                "the owner {who:?} is not among `status.owners`: named since, or taken out of the status"
            ));
        }
    }
    if faults.is_empty() && !unknown.is_empty() {
        return claim.not_checked(unknown.join("; "));
    }
    claim.unless(&faults, "nobody for both, and no owner approved")
}

/// People who approved more than one step, if the policy requires different people.
fn not_distinct(exported: &ExportedAgreement<'_>) -> Vec<String> {
    let distinct = exported.policy.is_some_and(|policy| policy.spec.rules.separation.distinct_approvers);
    let mut functions: BTreeMap<&str, &str> = BTreeMap::new();
    let mut faults = Vec::new();
    for step in exported.status.approvals.iter().filter(|_| distinct) {
        let approvals = step.decided_by.iter().filter(|own| {
            exported.decision(&own.decision).is_none_or(|decision| decision.spec.action == Action::Approve)
        });
        for person in approvals.flat_map(|own| [Some(&own.username), own.on_behalf_of.as_ref()]).flatten() {
            let before = functions.insert(exported.canonical(person), &step.function);
            if before.is_some_and(|before| before != step.function) {
                faults.push(format!("{:?} approved more than one step", text::user(person)));
            }
        }
    }
    faults
}
