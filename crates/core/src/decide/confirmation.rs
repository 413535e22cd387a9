//! The customer's confirmation (S2): understood, acceptable, and which orders (S5).

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::decisions::{CurrentDecision, Decisions, Ignored, late};
use super::observed::Observed;
use super::rules::RuleSet;
use super::separation;
use crate::text;
use countersign_api::Action;
use countersign_api::agreement_decision::{OrderConfirmation, Statement};
use countersign_api::agreement_status::{ConfirmationDecision, OrderOutcome, TermsRevision, WaitingAction};
use countersign_api::conditions::ignored;
use countersign_api::customer_agreement::{CustomerAgreementSpec, Representative, RepresentativeRole};
use countersign_api::delegation_policy::{Permission, Required};

/// Characters of what a representative says of an order: the API permits 1,024 together with what is said around it.
const MAX_WORDS: usize = 900;

/// How far the customer's confirmation has come.
#[derive(Debug, Default)]
pub(crate) struct Confirmed {
    /// When the terms were understood by everybody who had to (S2a).
    pub(crate) understood: Option<Timestamp>,
    /// When they were acceptable to everybody who had to (S2b).
    pub(crate) acceptable: Option<Timestamp>,
    /// The earliest server time at which the required set is whole.
    pub(crate) complete: Option<Timestamp>,
    /// The decisions that count.
    pub(crate) decisions: Vec<ConfirmationDecision>,
    /// Confirmers who have yet to say something, with what.
    pub(crate) missing: Vec<(Representative, Vec<Statement>)>,
    /// Names of those who gave each statement.
    pub(crate) understood_by: Vec<String>,
    pub(crate) acceptable_by: Vec<String>,
    /// What became of each order, once confirmation is complete.
    pub(crate) orders: Vec<OrderOutcome>,
    /// Orders about which representatives contradict each other.
    pub(crate) contradicted: Vec<String>,
}

impl Confirmed {
    /// Orders that the customer confirmed.
    pub(crate) fn confirmed_orders(&self) -> BTreeSet<String> {
        self.orders
            .iter()
            .filter(|order| order.confirmed == Some(true))
            .map(|order| order.id.clone())
            .collect()
    }
}

/// Evaluates every Confirm. `turn` is when the customer's turn came; `None`: it has not.
pub(crate) fn evaluate<'a>(
    observed: &Observed<'a>,
    revision: &TermsRevision,
    rules: RuleSet<'_>,
    turn: Option<Timestamp>,
    decisions: &mut Decisions<'a>,
) -> Confirmed {
    let spec = &observed.agreement.spec;
    let confirmation = &rules.policy.spec.rules.confirmation;
    let confirmers: Vec<&Representative> = spec
        .customer
        .representatives
        .iter()
        .filter(|r| r.roles.contains(&RepresentativeRole::Confirmer))
        .collect();
    let mut evaluated: Vec<CurrentDecision<'a>> = Vec::new();
    let mut behind_deadline = Vec::new();
    let binding = decisions.binding();
    for decision in decisions.of_kind(Action::Confirm) {
        let early = !decision.already_counts && turn.is_none_or(|turn| decision.time < turn);
        match fault(observed, revision, rules, &confirmers, &binding, &decision) {
            Some(ignored) => decisions.ignored.add(&decision, ignored),
            None if early => {
                let message = "the provider's own approvals come first; confirm again then";
                decisions.ignored.add(&decision, Ignored::new(ignored::OUT_OF_TURN, message));
            }
            None => match late(observed, &decision, Some(WaitingAction::Confirm)) {
                Some(late) => behind_deadline.push((decision, late)),
                None => evaluated.push(decision),
            },
        }
    }
    let complete = completion(&confirmers, &evaluated, confirmation.representatives);
    for (decision, late) in behind_deadline {
        match complete {
            Some(complete) if decision.time > complete => already(decisions, &decision),
            _ => decisions.ignored.add(&decision, late),
        }
    }
    if let Some(complete) = complete {
        for decision in evaluated.iter().filter(|decision| decision.time > complete) {
            already(decisions, decision);
        }
        evaluated.retain(|decision| decision.time <= complete);
    }
    settle(spec, &confirmers, &evaluated, complete, confirmation.representatives)
}

fn already(decisions: &mut Decisions<'_>, decision: &CurrentDecision<'_>) {
    decisions.ignored.add(
        decision,
        Ignored::new(
            ignored::ALREADY_CONFIRMED,
            "confirmation was already complete; to have other terms or orders, make a RequestChange",
        ),
    );
}

/// Why a Confirm cannot count, by itself.
fn fault(
    observed: &Observed<'_>,
    revision: &TermsRevision,
    rules: RuleSet<'_>,
    confirmers: &[&Representative],
    current: &[CurrentDecision<'_>],
    decision: &CurrentDecision<'_>,
) -> Option<Ignored> {
    let spec = &observed.agreement.spec;
    let said = &decision.object.spec;
    let confirmation = &rules.policy.spec.rules.confirmation;
    if decision.digest() != revision.digest {
        return Some(Ignored::new(
            ignored::STALE,
            format!("a Confirm must name the terms digest {}", revision.digest),
        ));
    }
    if let Some(fault) = separation::attestation_fault(observed, Some(rules), current, decision) {
        return Some(fault);
    }
    if !confirmers.iter().any(|confirmer| confirmer.username == decision.acts_for) {
        let permitted: Vec<String> =
            confirmers.iter().map(|confirmer| text::short_name(&confirmer.name)).collect();
        let message = format!(
            "{:?} is not a Confirmer of the customer; {} may confirm",
            text::user(decision.acts_for),
            text::join_or(&permitted)
        );
        return Some(Ignored::new(ignored::NOT_HOLDER, message));
    }
    if !said.statements.contains(&Statement::Acceptable) {
        return None;
    }
    let named: BTreeSet<&str> = said.orders.iter().map(|order| order.id.as_str()).collect();
    let missing: Vec<String> = spec
        .orders
        .iter()
        .filter(|order| !named.contains(order.id.as_str()))
        .map(|order| format!("`{}`", text::id(&order.id)))
        .collect();
    if !missing.is_empty() {
        let message = format!(
            "a Confirm with Acceptable must say an outcome for every order; {} is missing",
            text::join_and(&missing)
        );
        return Some(Ignored::new(ignored::ORDERS_INCOMPLETE, message));
    }
    let unknown: Vec<String> = said
        .orders
        .iter()
        .filter(|order| !spec.orders.iter().any(|own| own.id == order.id))
        .map(|order| format!("`{}`", text::id(&order.id)))
        .collect();
    if !unknown.is_empty() {
        return Some(Ignored::new(
            ignored::ORDERS_INCOMPLETE,
            format!("the agreement has no order {}", text::join_or(&unknown)),
        ));
    }
    if confirmation.partial_orders == Permission::Forbidden
        && let Some(left_out) =
            said.orders.iter().find(|order| order.outcome == OrderConfirmation::NotConfirmed)
    {
        let message = format!(
            "the policy does not let single orders be left out, and `{}` is; make a Decline or a RequestChange",
            left_out.id
        );
        return Some(Ignored::new(ignored::PARTIAL_ORDERS_FORBIDDEN, message));
    }
    None
}

/// Decisions of a confirmation that status has room for.
const MOST_DECISIONS: usize = 64;

const STATEMENTS: [Statement; 2] = [Statement::Understood, Statement::Acceptable];

/// When a person first made each statement.
fn firsts(decisions: &[CurrentDecision<'_>], person: &str) -> [Option<Timestamp>; 2] {
    STATEMENTS.map(|statement| {
        decisions
            .iter()
            .filter(|decision| {
                decision.acts_for == person && decision.object.spec.statements.contains(&statement)
            })
            .map(|decision| decision.time)
            .min()
    })
}

fn left_out(decision: &CurrentDecision<'_>) -> usize {
    decision
        .object
        .spec
        .orders
        .iter()
        .filter(|order| order.outcome == OrderConfirmation::NotConfirmed)
        .count()
}

fn completion(
    confirmers: &[&Representative],
    decisions: &[CurrentDecision<'_>],
    required: Required,
) -> Option<Timestamp> {
    let whole = confirmers.iter().map(|confirmer| match firsts(decisions, &confirmer.username) {
        [Some(understood), Some(acceptable)] => Some(understood.max(acceptable)),
        _ => None,
    });
    reached(whole, required)
}

/// When all, or any, of several things were there.
pub(crate) fn reached(
    times: impl Iterator<Item = Option<Timestamp>>,
    required: Required,
) -> Option<Timestamp> {
    match required {
        Required::All => times.collect::<Option<Vec<_>>>()?.into_iter().max(),
        Required::Any => times.flatten().min(),
    }
}

fn settle(
    spec: &CustomerAgreementSpec,
    confirmers: &[&Representative],
    decisions: &[CurrentDecision<'_>],
    complete: Option<Timestamp>,
    required: Required,
) -> Confirmed {
    // For each person and statement the latest counts; of several in one second, all do that status has room for.
    let mut counted: BTreeMap<&str, BTreeSet<Statement>> = BTreeMap::new();
    let mut acceptances: Vec<&CurrentDecision<'_>> = Vec::new();
    let room = (MOST_DECISIONS / STATEMENTS.len() / confirmers.len().max(1)).max(1);
    for confirmer in confirmers {
        for statement in STATEMENTS {
            let own = |decision: &&CurrentDecision<'_>| {
                decision.acts_for == confirmer.username
                    && decision.object.spec.statements.contains(&statement)
            };
            let Some(latest) = decisions.iter().filter(own).map(|decision| decision.time).max() else {
                continue;
            };
            let mut latest: Vec<&CurrentDecision<'_>> =
                decisions.iter().filter(own).filter(|decision| decision.time == latest).collect();
            latest.sort_by_key(|decision| Reverse(left_out(decision)));
            for decision in latest.into_iter().take(room) {
                counted.entry(decision.name).or_default().insert(statement);
                if statement == Statement::Acceptable {
                    acceptances.push(decision);
                }
            }
        }
    }
    // By the decisions that count: one that was replaced may be gone the next time.
    let gave = |statement: Statement| -> Vec<(Option<Timestamp>, &Representative)> {
        let latest = |confirmer: &Representative| {
            let own = decisions.iter().filter(|decision| decision.acts_for == confirmer.username);
            own.filter(|decision| decision.object.spec.statements.contains(&statement))
                .map(|decision| decision.time)
                .max()
        };
        confirmers.iter().map(|confirmer| (latest(confirmer), *confirmer)).collect()
    };
    let names = |gave: &[(Option<Timestamp>, &Representative)]| -> Vec<String> {
        gave.iter().filter(|(time, _)| time.is_some()).map(|(_, who)| text::name(&who.name)).collect()
    };
    let (understood, acceptable) = (gave(Statement::Understood), gave(Statement::Acceptable));
    let missing = |confirmer: &Representative| {
        let times = firsts(decisions, &confirmer.username);
        STATEMENTS
            .into_iter()
            .zip(times)
            .filter(|(_, time)| time.is_none())
            .map(|(statement, _)| statement)
            .collect()
    };
    let mut confirmed = Confirmed {
        understood: reached(understood.iter().map(|(time, _)| *time), required),
        acceptable: reached(acceptable.iter().map(|(time, _)| *time), required),
        complete,
        understood_by: names(&understood),
        acceptable_by: names(&acceptable),
        decisions: decisions
            .iter()
            .filter_map(|decision| counted.get(decision.name).map(|statements| (decision, statements)))
            .map(|(decision, statements)| ConfirmationDecision {
                decision: decision.name.to_owned(),
                username: decision.acts_for.to_owned(),
                attested_by: decision.attested_by(),
                statements: statements.iter().copied().collect(),
            })
            .collect(),
        missing: if complete.is_some() {
            Vec::new()
        } else {
            let all = confirmers.iter().map(|confirmer| ((*confirmer).clone(), missing(confirmer)));
            all.filter(|(_, missing): &(_, Vec<_>)| !missing.is_empty()).collect()
        },
        ..Confirmed::default()
    };
    for order in &spec.orders {
        if complete.is_none() {
            confirmed.orders.push(OrderOutcome {
                id: order.id.clone(),
                confirmed: None,
                reason: None,
                order_request_name: None,
                uid: None,
            });
            continue;
        }
        let outcomes: Vec<_> = acceptances
            .iter()
            .flat_map(|decision| decision.object.spec.orders.iter().filter(|own| own.id == order.id))
            .collect();
        let refused: Vec<_> =
            outcomes.iter().filter(|own| own.outcome == OrderConfirmation::NotConfirmed).collect();
        let contradicted = !refused.is_empty() && refused.len() < outcomes.len();
        if contradicted {
            confirmed.contradicted.push(order.id.clone());
        }
        let words = refused
            .iter()
            .find_map(|own| own.reason.as_deref())
            .map(|words| text::sanitize(words, MAX_WORDS));
        confirmed.orders.push(OrderOutcome {
            id: order.id.clone(),
            confirmed: Some(refused.is_empty() && !outcomes.is_empty()),
            reason: match (contradicted, words) {
                (true, None) => Some("representatives contradict each other".to_owned()),
                (true, Some(words)) => Some(format!("representatives contradict each other: {words}")),
                (false, words) => words,
            },
            order_request_name: None,
            uid: None,
        });
    }
    confirmed
}
