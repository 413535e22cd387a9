//! Sentences that every form of a preview says the same way.

use super::change::{Change, Effect};
use super::outcome::{Preview, Verdict};
use super::steps::Step;
use crate::text;
use countersign_api::agreement_status::{Deviation, DeviationCategory, Value, WaitingAction};
use countersign_api::subject::{Subject, SubjectKind};

/// The outcome, in one sentence.
pub(super) fn outcome(preview: &Preview) -> String {
    match preview.verdict {
        Verdict::WithinAuthority => "Valid. No approval is needed.".to_owned(),
        Verdict::Escalation => {
            let approvals = preview.steps.iter().filter(|step| step.action == WaitingAction::Approve).count();
            let verb = if approvals == 1 { "is" } else { "are" };
            format!("Valid. {} {verb} needed.", text::count(approvals, "approval"))
        }
        Verdict::Invalid => {
            format!(
                "Not valid: {} to fix before anybody is asked.",
                text::count(preview.faults.len(), "fault")
            )
        }
        Verdict::BeyondTop => "Beyond everybody's authority: nobody may approve it as it is.".to_owned(),
    }
}

/// How a term deviates, and who may allow it.
pub(super) fn deviation(deviation: &Deviation) -> String {
    let who = format!("{} {}", text::id(&deviation.function), text::id(&deviation.level));
    match (deviation.category, &deviation.band) {
        (DeviationCategory::AlternateUsed, Some(band)) => format!("band {}: {who}", text::id(band)),
        (DeviationCategory::AlternateUsed | DeviationCategory::Beyond, _) => {
            format!("beyond every band: {who}")
        }
        (DeviationCategory::Added, _) => format!("not in the catalogue: {who}"),
        (DeviationCategory::TextModified, _) => format!("other wording: {who}"),
    }
}

/// What it is worth.
pub(super) fn value(value: &Value) -> String {
    let currency = &value.currency;
    let Some(total) = &value.total else { return "cannot be told".to_owned() };
    let mut words = format!("{currency} {total}");
    let part = |amount: &Option<String>, word: &str| {
        amount.as_deref().filter(|amount| *amount != "0.00").map(|amount| format!("{amount} {word}"))
    };
    let parts = [part(&value.monthly, "a month"), part(&value.one_time, "once")];
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    if !parts.is_empty() {
        words.push_str(&format!(" ({})", parts.join(", ")));
    }
    words
}

/// The largest discount and the longest term, for which the policy has limits too.
pub(super) fn measures(value: &Value) -> String {
    let discount =
        value.max_discount_percent.as_deref().map(|percent| format!("largest discount {percent} %"));
    let term = value
        .term_months
        .map(|months| format!("longest term {}", text::count(months.try_into().unwrap_or(0), "month")));
    [discount, term].into_iter().flatten().collect::<Vec<_>>().join(", ")
}

/// What somebody is asked to do.
pub(super) const fn action(action: WaitingAction) -> &'static str {
    match action {
        WaitingAction::Confirm => "Confirm",
        WaitingAction::Approve => "Approve",
        WaitingAction::Sign => "Sign",
        WaitingAction::Countersign => "Countersign",
        WaitingAction::Edit => "Edit",
    }
}

/// Who may answer, if the question does not name them.
pub(super) fn subjects(step: &Step) -> Option<String> {
    (step.action == WaitingAction::Approve).then(|| {
        let many = if step.quorum > 1 { format!("{} of ", step.quorum) } else { String::new() };
        let shown: Vec<String> = step.subjects.iter().take(8).map(subject).collect();
        let more = step.subjects.len().saturating_sub(shown.len());
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        format!("{many}{}{more}", shown.join(", "))
    })
}

fn subject(subject: &Subject) -> String {
    let name = text::user(&subject.name);
    match subject.kind {
        SubjectKind::User => name,
        SubjectKind::Group => format!("group {name}"),
    }
}

/// How long somebody has, and until when that is.
pub(super) fn time(step: &Step) -> String {
    format!("{}, at the latest {}", text::span(step.deadline_seconds), text::day(&step.latest_end_time))
}

/// What a change does, in one sentence.
pub(super) fn effect(change: &Change) -> String {
    let phase = &change.phase;
    match change.effect {
        Effect::Nothing => {
            format!("The file is the same as what is in the cluster ({phase}). Nothing changes.")
        }
        Effect::DecisionsStay => {
            format!(
                "It takes effect at once ({phase}). Nobody decided on what changes, so every decision still counts."
            )
        }
        Effect::NewRevision if change.voided.is_empty() => {
            format!(
                "Revision {} of the terms ({phase}) becomes another one. No decision is lost.",
                change.revision
            )
        }
        Effect::NewRevision => format!(
            "Revision {} of the terms ({phase}) becomes another one: {} will no longer count, and everybody below is asked again.",
            change.revision,
            text::count(change.voided.len(), "decision")
        ),
        Effect::RefusedSealed => format!(
            "The API server will reject it: the agreement is sealed ({phase}). Create an Amendment, or an agreement that supersedes it."
        ),
        Effect::Ended => {
            format!(
                "It has no effect: the agreement has ended ({phase}). Create a new agreement under another name."
            )
        }
    }
}
