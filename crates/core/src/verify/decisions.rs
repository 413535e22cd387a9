//! Every decision that counts: whether it is there, and whether it says what the status says it does.

use std::collections::BTreeSet;

use super::exported_agreement::{ExportedAgreement, made};
use super::report::{Claim, Statement};
use crate::decide::in_words;
use crate::text;
use countersign_api::agreement_status::{
    Approval, ApprovalState, ApprovalVerdict, ChangeRequest, ClosedOutcome, ConfirmationDecision, Side,
    Signature,
};
use countersign_api::subject::SubjectKind;
use countersign_api::{Action, AgreementDecision};

/// How a decision counts.
enum Counts<'a> {
    Confirmation(&'a ConfirmationDecision),
    Verdict(&'a Approval, &'a ApprovalVerdict),
    Signature(&'a Signature),
    Change(&'a ChangeRequest),
    End(ClosedOutcome, &'a str),
}

impl Counts<'_> {
    fn name(&self) -> &str {
        match self {
            Self::Confirmation(own) => &own.decision,
            Self::Verdict(_, own) => &own.decision,
            Self::Signature(own) => &own.decision,
            Self::Change(own) => &own.decision,
            Self::End(_, own) => own,
        }
    }

    /// The action that the decision must have.
    const fn action(&self) -> Option<Action> {
        match self {
            Self::Confirmation(_) => Some(Action::Confirm),
            Self::Verdict(step, _) => match step.state {
                ApprovalState::Refused => None,
                _ => Some(Action::Approve),
            },
            Self::Signature(own) => match own.side {
                Side::Customer => Some(Action::Sign),
                Side::Provider => Some(Action::Countersign),
            },
            Self::Change(_) => Some(Action::RequestChange),
            Self::End(ClosedOutcome::Withdrawn, _) => Some(Action::Withdraw),
            Self::End(ClosedOutcome::Declined, _) => Some(Action::Decline),
            Self::End(ClosedOutcome::Refused, _) => Some(Action::Refuse),
            Self::End(ClosedOutcome::Expired, _) => None,
        }
    }

    const fn place(&self) -> &'static str {
        match self {
            Self::Confirmation(_) => "status.confirmation",
            Self::Verdict(..) => "status.approvals",
            Self::Signature(_) => "status.signOff",
            Self::Change(_) => "status.changeRequest",
            Self::End(..) => "status.closed",
        }
    }
}

fn counting<'a>(exported: &ExportedAgreement<'a>) -> Vec<Counts<'a>> {
    let status = exported.status;
    let confirmed = status.confirmation.iter().flat_map(|c| &c.decisions).map(Counts::Confirmation);
    let approved = status
        .approvals
        .iter()
        .flat_map(|step| step.decided_by.iter().map(move |verdict| Counts::Verdict(step, verdict)));
    let signed = status.sign_off.iter().flat_map(|s| &s.signatures).map(Counts::Signature);
    let changed = status.change_request.iter().map(Counts::Change);
    let ended = status
        .closed
        .iter()
        .flat_map(|closed| closed.decisions.iter().map(|name| Counts::End(closed.outcome, name)));
    confirmed.chain(approved).chain(signed).chain(changed).chain(ended).collect()
}

/// One statement for each place in which a decision counts.
pub(super) fn each(exported: &ExportedAgreement<'_>) -> Vec<Statement> {
    counting(exported).iter().map(|counts| one(exported, counts)).collect()
}

fn one(exported: &ExportedAgreement<'_>, counts: &Counts<'_>) -> Statement {
    let about = format!("{} in {}", text::name(counts.name()), counts.place());
    let Some(decision) = exported.decision(counts.name()) else {
        return Claim::Decision.fails("it is not in the export").about(about);
    };
    let mut faults = binding(exported, counts, decision);
    faults.extend(content(exported, counts, decision));
    let time = decision.metadata.creation_timestamp.as_ref();
    if time.is_none() {
        faults.push("it has no `metadata.creationTimestamp`".to_owned());
    }
    let spec = &decision.spec;
    let who = match spec.on_behalf_of.as_deref() {
        Some(other) => format!("{} for {}", text::user(&spec.decided_by.username), text::user(other)),
        None => text::user(&spec.decided_by.username),
    };
    let because = format!("{} by {who}, {}", spec.action.as_str(), time.map(text::time).unwrap_or_default());
    Claim::Decision.unless(&faults, because).about(about)
}

/// Whether it is about this agreement, this revision and this content.
fn binding(
    exported: &ExportedAgreement<'_>,
    counts: &Counts<'_>,
    decision: &AgreementDecision,
) -> Vec<String> {
    let mut faults = Vec::new();
    let named = &decision.spec.agreement_ref;
    let mut differs = |field: &str, said: &str, is: &str| {
        if said != is {
            let (said, is) = (text::name(said), text::name(is));
            faults.push(format!("its `spec.agreementRef.{field}` is {said:?} and not {is:?}"));
        }
    };
    differs("name", &named.name, exported.agreement.metadata.name.as_deref().unwrap_or_default());
    differs("uid", &named.uid, exported.uid());
    let revision = exported.status.terms.as_ref().map_or(0, |terms| terms.revision);
    differs("revision", &named.revision.to_string(), &revision.to_string());
    let terms = exported.terms_digest();
    let confirmation = exported.confirmation_digest();
    let (permitted, word) = match decision.spec.action {
        Action::Sign | Action::Countersign => (vec![confirmation], "the confirmation digest"),
        Action::Approve | Action::Refuse => {
            (vec![confirmation, Some(terms)], "the confirmation digest or the terms digest")
        }
        Action::Confirm | Action::Decline | Action::RequestChange | Action::Withdraw => {
            (vec![Some(terms)], "the terms digest")
        }
    };
    if !permitted.contains(&Some(named.digest.as_str())) {
        faults.push(format!("its `spec.agreementRef.digest` {} is not {word}", text::value(&named.digest)));
    }
    if let Counts::Verdict(..) | Counts::End(ClosedOutcome::Refused, _) = counts
        && let Some(asked) = super::approvals::digest(exported)
        && asked != named.digest
    {
        faults.push(format!("its digest is not {asked}, which the policy asks managers about"));
    }
    faults
}

/// Whether it says what the status says it does.
fn content(
    exported: &ExportedAgreement<'_>,
    counts: &Counts<'_>,
    decision: &AgreementDecision,
) -> Vec<String> {
    let mut faults = Vec::new();
    let spec = &decision.spec;
    let action = spec.action;
    let right = match counts.action() {
        Some(right) => action == right,
        None => matches!(counts, Counts::Verdict(..)) && matches!(action, Action::Approve | Action::Refuse),
    };
    if !right {
        faults.push(format!("its `spec.action` is {}, which cannot count there", action.as_str()));
    }
    let attested = spec.on_behalf_of.is_some() && spec.function.is_none();
    let maker = spec.decided_by.username.as_str();
    let person = spec.on_behalf_of.as_deref().filter(|_| attested).unwrap_or(maker);
    let attested_by = attested.then_some(maker);
    let mut same = |field: &str, said: Option<&str>, is: Option<&str>| {
        if said != is {
            let word = |word: Option<&str>| {
                word.map_or_else(|| "nobody".to_owned(), |word| format!("{:?}", text::user(word)))
            };
            faults.push(format!("the status says `{field}` {}, and the decision {}", word(said), word(is)));
        }
    };
    match counts {
        Counts::Confirmation(own) => {
            same("username", Some(&own.username), Some(person));
            same("attestedBy", own.attested_by.as_deref(), attested_by);
            let missing: Vec<&str> = own
                .statements
                .iter()
                .filter(|statement| !spec.statements.contains(statement))
                .map(|statement| super::confirmation::word(*statement))
                .collect();
            if !missing.is_empty() {
                faults
                    .push(format!("the status counts {} of it, which it does not state", missing.join(", ")));
            }
            if own.statements.is_empty() {
                faults.push("the status counts no statement of it".to_owned());
            }
        }
        Counts::Verdict(step, own) => {
            same("username", Some(&own.username), Some(maker));
            same("function", Some(&step.function), spec.function.as_deref());
            same("level", Some(&own.level), spec.level.as_deref());
            same("onBehalfOf", own.on_behalf_of.as_deref(), spec.on_behalf_of.as_deref());
            // A verdict that an earlier version wrote has no subject; the replay finds what it rests on.
            if let Some(subject) = &own.subject {
                if own.via != in_words(subject) {
                    let (via, subject) = (text::user(&own.via), in_words(subject));
                    faults.push(format!("the status says `via` {via:?} and means by `subject` {subject:?}"));
                }
                let claimed = own.on_behalf_of.is_none() && spec.decided_by.groups.contains(&subject.name);
                if subject.kind == SubjectKind::Group && !claimed {
                    faults.push(format!(
                        "the status says that it rests on the group {:?}, which `spec.decidedBy.groups` does not have",
                        text::user(&subject.name)
                    ));
                }
            }
        }
        Counts::Signature(own) => {
            same("username", Some(&own.username), Some(person));
            same("attestedBy", own.attested_by.as_deref(), attested_by);
        }
        Counts::Change(own) => {
            same("username", Some(&own.username), Some(person));
            same("reason", Some(&own.reason), Some(&words(decision, &own.reason)));
            if Some(own.time.0) != made(decision) {
                faults.push("it was made at another time than the status says".to_owned());
            }
        }
        Counts::End(..) => {
            if let Some(closed) = &exported.status.closed {
                same("reason", Some(&closed.reason), Some(&words(decision, &closed.reason)));
            }
        }
    }
    if attested && spec.evidence.is_none() {
        faults.push("it records the act of a representative, and has no `spec.evidence`".to_owned());
    }
    faults
}

/// The reason of a decision, as a status shows it: on one line, and shortened if the status would be too large.
fn words(decision: &AgreementDecision, said: &str) -> String {
    let words = text::reason(decision.spec.reason.as_deref().unwrap_or_default());
    match said.strip_suffix('…') {
        Some(start) if words.starts_with(start) => said.to_owned(),
        _ => words,
    }
}

/// Whether no decision counts twice, and none that is ignored.
pub(super) fn once(exported: &ExportedAgreement<'_>) -> Option<Statement> {
    let counting = counting(exported);
    if counting.is_empty() && exported.status.ignored_decisions.is_empty() {
        return None;
    }
    let mut counted = BTreeSet::new();
    let mut faults = Vec::new();
    for counts in &counting {
        // A refusal is a verdict, and it ends the agreement.
        let refusal = matches!(counts, Counts::End(ClosedOutcome::Refused, _));
        if !counted.insert(counts.name()) && !refusal {
            faults.push(format!("`{}` is in the status twice", text::name(counts.name())));
        }
    }
    for ignored in &exported.status.ignored_decisions {
        if counted.contains(ignored.name.as_str()) {
            faults.push(format!("`{}` counts and is ignored", text::name(&ignored.name)));
        }
    }
    let all = text::count(counted.len(), "decision");
    Some(Claim::CountedOnce.unless(&faults, format!("{all}, each in one place")))
}
