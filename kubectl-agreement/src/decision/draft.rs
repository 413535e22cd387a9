//! PURE: derives a decision from what the user asked for and the agreement: with which authority, for which digest, for whom.

use countersign_api::agreement_decision::{
    DecidedAgreement, Evidence, OrderConfirmation, OrderDecision, Statement,
};
use countersign_api::subject::SubjectKind;
use countersign_api::{Action, AgreementDecision, AgreementDecisionSpec, CustomerAgreement};
use countersign_core::decide::binding::{self, Binding};
use countersign_core::decide::dry_run::{Effect, dry_run};
use countersign_core::decide::eligibility::{Capacity, capacities, groups_to_claim};
use jiff::Timestamp;
use kube::core::ObjectMeta;

use crate::failure::{Failure, Outcome};
use crate::fetch::Surroundings;
use crate::identity::Me;
use countersign_core::text;

/// What the user asked for.
#[derive(Debug, Clone)]
pub struct Act {
    /// What is done.
    pub action: Action,
    /// What a Confirm states.
    pub statements: Vec<Statement>,
    /// Orders that a Confirm leaves out.
    pub left_out: Vec<LeftOut>,
    /// Why.
    pub reason: Option<String>,
    /// The function, if one was given.
    pub function: Option<String>,
    /// The level, if one was given.
    pub level: Option<String>,
    /// The holder to act for, if one was given.
    pub on_behalf_of: Option<String>,
    /// The representative whose act is recorded.
    pub representative: Option<String>,
    /// The evidence of it.
    pub evidence: Option<Evidence>,
}

/// An order that a Confirm leaves out.
#[derive(Debug, Clone)]
pub struct LeftOut {
    /// The order.
    pub order: String,
    /// Why.
    pub reason: Option<String>,
}

impl Act {
    /// An act with nothing but its action.
    pub const fn new(action: Action) -> Self {
        Self {
            action,
            statements: Vec::new(),
            left_out: Vec::new(),
            reason: None,
            function: None,
            level: None,
            on_behalf_of: None,
            representative: None,
            evidence: None,
        }
    }
}

/// A decision that has not been made yet.
#[derive(Debug)]
pub struct Draft {
    /// The decision.
    pub decision: AgreementDecision,
    /// The authority that it is made with, if it needs one.
    pub capacity: Option<Capacity>,
    /// The revision and the digest that it names.
    pub binding: Binding,
}

impl Draft {
    /// Derives it.
    pub fn of(
        act: &Act,
        agreement: &CustomerAgreement,
        around: &Surroundings,
        me: &Me,
        now: Timestamp,
    ) -> Outcome<Self> {
        let policy = around.policy().map(|policy| &policy.spec);
        let binding =
            binding::of(agreement, policy, act.action).map_err(|error| Failure::Error(error.to_string()))?;
        let name = agreement.metadata.name.clone().unwrap_or_default();
        let spec = AgreementDecisionSpec {
            agreement_ref: DecidedAgreement {
                name: name.clone(),
                uid: agreement.metadata.uid.clone().unwrap_or_default(),
                revision: binding.revision,
                digest: binding.digest.clone(),
            },
            action: act.action,
            statements: act.statements.clone(),
            orders: orders(act, agreement)?,
            function: None,
            level: None,
            on_behalf_of: act.representative.clone(),
            reason: act.reason.clone(),
            decided_by: me.decides(match act.action {
                Action::Countersign => groups_to_claim(policy, me.person()),
                _ => Vec::new(),
            }),
            evidence: act.evidence.clone(),
        };
        let metadata = ObjectMeta { generate_name: Some(format!("{name}-")), ..ObjectMeta::default() };
        let plain = Self { decision: AgreementDecision { metadata, spec }, capacity: None, binding };
        if !takes_authority(act, agreement, me) {
            return Ok(plain);
        }
        let fitting = fitting(act, agreement, around, me, now);
        let drafts: Vec<Self> = fitting.into_iter().map(|capacity| plain.acting_as(capacity, me)).collect();
        choose(drafts, act, agreement, around, me, now)
    }

    fn acting_as(&self, capacity: Capacity, me: &Me) -> Self {
        let mut decision = self.decision.clone();
        decision.spec.function = Some(capacity.function.clone());
        decision.spec.level = Some(capacity.level.clone());
        decision.spec.on_behalf_of.clone_from(&capacity.on_behalf_of);
        if capacity.via.kind == SubjectKind::Group {
            decision.spec.decided_by = me.decides(vec![capacity.via.name.clone()]);
        }
        Self { decision, capacity: Some(capacity), binding: self.binding.clone() }
    }
}

/// Managers act with an authority, also when they ask for other terms; representatives do not.
fn takes_authority(act: &Act, agreement: &CustomerAgreement, me: &Me) -> bool {
    match act.action {
        Action::Approve | Action::Refuse => true,
        Action::RequestChange => {
            let mut representatives = agreement.spec.customer.representatives.iter();
            act.evidence.is_none() && !representatives.any(|own| own.username == me.username)
        }
        _ => false,
    }
}

fn fitting(
    act: &Act,
    agreement: &CustomerAgreement,
    around: &Surroundings,
    me: &Me,
    now: Timestamp,
) -> Vec<Capacity> {
    let chosen = |choice: &Option<String>, own: &str| choice.as_deref().is_none_or(|choice| choice == own);
    let policy = around.policy().map(|policy| &policy.spec);
    let mut all = capacities(agreement, policy, me.person(), act.action, now);
    all.retain(|own| {
        chosen(&act.function, &own.function)
            && chosen(&act.level, &own.level)
            && act.on_behalf_of.as_ref().is_none_or(|holder| own.on_behalf_of.as_ref() == Some(holder))
    });
    // A user who cannot read the policy may still know their authority; the operator checks it.
    if let (true, None, Some(function), Some(level)) = (all.is_empty(), policy, &act.function, &act.level) {
        let via = countersign_api::subject::Subject { kind: SubjectKind::User, name: me.username.clone() };
        all.push(Capacity {
            function: function.clone(),
            level: level.clone(),
            on_behalf_of: act.on_behalf_of.clone(),
            via,
            title: None,
        });
    }
    all
}

/// The one draft that would count; of several for one function and person, the one with the lowest level. A manager who holds
/// an authority and also stands in for another holder acts in person, unless `--on-behalf-of` says otherwise.
fn choose(
    drafts: Vec<Draft>,
    act: &Act,
    agreement: &CustomerAgreement,
    around: &Surroundings,
    me: &Me,
    now: Timestamp,
) -> Outcome<Draft> {
    let mut because = None;
    let mut counting: Vec<Draft> = Vec::new();
    let mut other = None;
    for draft in drafts {
        let effect = around.whole.then(|| dry_run(&around.observed(agreement), &draft.decision, now));
        match effect {
            Some(Effect::Ignored(ignored)) => {
                because.get_or_insert(ignored);
                other.get_or_insert(draft);
            }
            _ => {
                let same = |one: &Draft| {
                    one.decision.spec.function == draft.decision.spec.function
                        && one.decision.spec.on_behalf_of == draft.decision.spec.on_behalf_of
                };
                if !counting.iter().any(same) {
                    counting.push(draft);
                }
            }
        }
    }
    if act.on_behalf_of.is_none() {
        let in_person: Vec<Option<String>> = counting
            .iter()
            .filter(|draft| draft.decision.spec.on_behalf_of.is_none())
            .map(|draft| draft.decision.spec.function.clone())
            .collect();
        counting.retain(|draft| {
            draft.decision.spec.on_behalf_of.is_none() || !in_person.contains(&draft.decision.spec.function)
        });
    }
    if counting.len() > 1 {
        let choices: Vec<String> =
            counting.iter().filter_map(|draft| draft.capacity.as_ref()).map(option).collect();
        return Err(Failure::Usage(format!(
            "several authorities fit: choose with {}",
            text::join_or(&choices)
        )));
    }
    // For one that would not count, the caller says why.
    match counting.pop().or(other) {
        Some(draft) => Ok(draft),
        None => Err(nobody_asks(act, agreement, around, me)),
    }
}

fn option(capacity: &Capacity) -> String {
    let holder = capacity.on_behalf_of.as_ref();
    let holder = holder.map_or_else(String::new, |holder| format!(" --on-behalf-of {}", text::user(holder)));
    format!("`--function {} --level {}{holder}`", capacity.function, capacity.level)
}

fn nobody_asks(act: &Act, agreement: &CustomerAgreement, around: &Surroundings, me: &Me) -> Failure {
    let status = agreement.status.as_ref();
    let phase = status.and_then(|status| status.phase.as_deref()).unwrap_or("not processed yet");
    let waits: Vec<String> = status
        .iter()
        .flat_map(|status| &status.waiting_for)
        .map(|wait| format!("{} to {}", text::people(&wait.who), wait.action.verb()))
        .collect();
    let waits = if waits.is_empty() { "nobody".to_owned() } else { text::join_and(&waits) };
    let who = text::user(&me.username);
    let more = if around.policies.is_empty() {
        "; the policy says who may, but you may not read it: if you hold an authority, give it with \
         --function and --level"
    } else {
        ", and the policy gives you no authority for that"
    };
    Failure::Error(format!(
        "there is nothing that {who} could {} here: the agreement is {phase}, it waits for {waits}{more}",
        match act.action {
            Action::Refuse => "refuse",
            Action::RequestChange => "ask to change as a manager",
            _ => "approve",
        }
    ))
}

/// An outcome for every order, if the statement is Acceptable.
fn orders(act: &Act, agreement: &CustomerAgreement) -> Outcome<Vec<OrderDecision>> {
    if !act.statements.contains(&Statement::Acceptable) {
        return Ok(Vec::new());
    }
    let own = &agreement.spec.orders;
    let unknown: Vec<String> = act
        .left_out
        .iter()
        .filter(|left_out| !own.iter().any(|order| order.id == left_out.order))
        .map(|left_out| text::id(&left_out.order))
        .collect();
    if !unknown.is_empty() {
        let there: Vec<String> = own.iter().map(|order| text::id(&order.id)).collect();
        let there = if there.is_empty() { "none".to_owned() } else { text::join_and(&there) };
        return Err(Failure::Usage(format!(
            "the agreement has no order {}; its orders: {there}",
            text::join_or(&unknown)
        )));
    }
    let outcome = |id: &String| match act.left_out.iter().find(|left_out| &left_out.order == id) {
        Some(left_out) => OrderDecision {
            id: id.clone(),
            outcome: OrderConfirmation::NotConfirmed,
            reason: left_out.reason.clone(),
        },
        None => OrderDecision { id: id.clone(), outcome: OrderConfirmation::Confirmed, reason: None },
    };
    Ok(own.iter().map(|order| outcome(&order.id)).collect())
}
