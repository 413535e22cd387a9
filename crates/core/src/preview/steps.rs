//! Who would be asked, in which order, why, and until when if everybody takes all the time that the policy gives (S2, S3, S4).

use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use serde::Serialize;

use crate::decide::{
    Assessment, Observed, Requirement, RuleSet, holders, quorum, wait_end, who_is_asked_first,
};
use crate::text;
use countersign_api::agreement_status::WaitingAction;
use countersign_api::customer_agreement::RepresentativeRole;
use countersign_api::delegation_policy::{
    Countersignature, EscalationMode, EscalationTiming, Required, SignOffOrder,
};
use countersign_api::references::Authority;
use countersign_api::subject::{Subject, SubjectKind};

/// One question to somebody. Those with the same `turn` are asked together.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Step {
    /// Counts from 1.
    pub turn: usize,
    /// What somebody is asked to do.
    pub action: WaitingAction,
    /// Who is asked, in words.
    pub who: String,
    /// Users and groups that may answer.
    pub subjects: Vec<Subject>,
    /// The authority that is asked, for an approval.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub authority: Option<Authority>,
    /// How many must answer.
    pub quorum: usize,
    /// Every reason why it is needed.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub because: Vec<String>,
    /// How long they have, in seconds of the policy's working time.
    pub deadline_seconds: i64,
    /// When their time is up if everybody before them takes all of theirs.
    pub latest_end_time: Time,
}

/// A question, before its turn is known.
struct Question {
    action: WaitingAction,
    who: String,
    subjects: Vec<Subject>,
    authority: Option<Authority>,
    quorum: usize,
    because: Vec<String>,
    seconds: i64,
}

pub(super) fn steps(
    observed: &Observed<'_>,
    rules: RuleSet<'_>,
    assessed: &Assessment,
    now: Timestamp,
) -> Vec<Step> {
    let policy = &rules.policy.spec.rules;
    let confirm = vec![vec![customers(
        observed,
        RepresentativeRole::Confirmer,
        policy.confirmation.representatives,
        policy.confirmation.deadline_seconds,
    )]];
    let approvals: Vec<Question> = approvals(observed, rules, assessed);
    let approve = match policy.escalation.mode {
        EscalationMode::Sequential => approvals.into_iter().map(|one| vec![one]).collect(),
        EscalationMode::Parallel => vec![approvals],
    };
    let sign = customers(
        observed,
        RepresentativeRole::Signatory,
        policy.sign_off.customers,
        policy.sign_off.deadline_seconds,
    );
    let countersign = (policy.sign_off.countersignature == Countersignature::Required)
        .then(|| countersignatories(observed, policy.sign_off.deadline_seconds));
    let sign_off = match (countersign, policy.sign_off.order) {
        (None, _) => vec![vec![sign]],
        (Some(countersign), SignOffOrder::CustomerFirst) => vec![vec![sign], vec![countersign]],
        (Some(countersign), SignOffOrder::ProviderFirst) => vec![vec![countersign], vec![sign]],
        (Some(countersign), SignOffOrder::Any) => vec![vec![sign, countersign]],
    };
    let in_order = match policy.escalation.timing {
        EscalationTiming::AfterConfirmation => [confirm, approve, sign_off],
        EscalationTiming::BeforeConfirmation => [approve, confirm, sign_off],
    };
    let mut steps = Vec::new();
    let (mut turn, mut start) = (0, now);
    for together in in_order.into_iter().flatten().filter(|together| !together.is_empty()) {
        turn += 1;
        let end = |question: &Question| wait_end(policy.calendar.as_ref(), start, question.seconds);
        let last = together.iter().map(end).max().unwrap_or(start);
        steps.extend(together.into_iter().map(|question| {
            let latest = end(&question);
            question.at(turn, latest)
        }));
        start = last;
    }
    steps
}

impl Question {
    fn at(self, turn: usize, latest: Timestamp) -> Step {
        Step {
            turn,
            action: self.action,
            who: self.who,
            subjects: self.subjects,
            authority: self.authority,
            quorum: self.quorum,
            because: self.because,
            deadline_seconds: self.seconds,
            latest_end_time: Time(latest),
        }
    }
}

fn customers(
    observed: &Observed<'_>,
    role: RepresentativeRole,
    required: Required,
    seconds: i64,
) -> Question {
    let representatives = &observed.agreement.spec.customer.representatives;
    let people: Vec<_> = representatives.iter().filter(|person| person.roles.contains(&role)).collect();
    let names: Vec<String> = people.iter().map(|person| text::short_name(&person.name)).collect();
    let (who, quorum) = match required {
        Required::All => (text::join_and(&names), people.len()),
        Required::Any => (text::join_or(&names), 1),
    };
    let action = match role {
        RepresentativeRole::Confirmer => WaitingAction::Confirm,
        RepresentativeRole::Signatory => WaitingAction::Sign,
    };
    by_name(action, who, people.iter().map(|person| &person.username), quorum, seconds)
}

fn countersignatories(observed: &Observed<'_>, seconds: i64) -> Question {
    let signatories = &observed.agreement.spec.provider.signatories;
    let names: Vec<String> = signatories.iter().map(|person| text::short_name(&person.name)).collect();
    let usernames = signatories.iter().map(|person| &person.username);
    by_name(WaitingAction::Countersign, text::join_or(&names), usernames, 1, seconds)
}

/// A question to people whom the agreement names.
fn by_name<'a>(
    action: WaitingAction,
    who: String,
    usernames: impl Iterator<Item = &'a String>,
    quorum: usize,
    seconds: i64,
) -> Question {
    let user = |name: &String| Subject { kind: SubjectKind::User, name: name.clone() };
    let subjects = usernames.map(user).collect();
    Question { action, who, subjects, authority: None, quorum, because: Vec::new(), seconds }
}

fn approvals(observed: &Observed<'_>, rules: RuleSet<'_>, assessed: &Assessment) -> Vec<Question> {
    let policy = &rules.policy.spec;
    let needed = assessed.requirements.approvals.iter();
    let ask = |need: &Requirement| {
        let asked = who_is_asked_first(observed, rules, &need.function, &need.level);
        let levels = policy.rules.ladders.iter().filter(|ladder| ladder.function == need.function);
        let level = levels.flat_map(|ladder| &ladder.levels).find(|level| level.name == asked);
        Question {
            action: WaitingAction::Approve,
            who: format!(
                "{} ({} {asked})",
                text::short_name(level.map_or("", |level| &level.title)),
                need.function
            ),
            subjects: holders(policy, &need.function, &asked).into_iter().cloned().collect(),
            quorum: usize::try_from(quorum(&policy.rules, &need.function, &asked)).unwrap_or(1),
            authority: Some(Authority { function: need.function.clone(), level: asked }),
            because: need.because.clone(),
            seconds: level.map_or(0, |level| level.deadline_seconds),
        }
    };
    needed.map(ask).collect()
}
