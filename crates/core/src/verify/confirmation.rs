//! What the customer confirmed (S2, S5): by the decisions that count, not by what the status says of them.

use super::exported_agreement::ExportedAgreement;
use super::report::{Claim, Statement};
use crate::text;
use countersign_api::agreement_decision::{self, OrderConfirmation};
use countersign_api::customer_agreement::RepresentativeRole;
use countersign_api::delegation_policy::Required;

const STATEMENTS: [agreement_decision::Statement; 2] =
    [agreement_decision::Statement::Understood, agreement_decision::Statement::Acceptable];

/// The word of a statement.
pub(super) const fn word(statement: agreement_decision::Statement) -> &'static str {
    match statement {
        agreement_decision::Statement::Understood => "Understood",
        agreement_decision::Statement::Acceptable => "Acceptable",
    }
}

/// Statements, and outcomes of the orders, once confirmation is complete.
pub(super) fn check(exported: &ExportedAgreement<'_>) -> Vec<Statement> {
    if exported.confirmation_digest().is_none() {
        let claimed = exported.status.orders.iter().filter(|order| order.confirmed.is_some());
        let faults: Vec<String> = claimed
            .map(|order| {
                format!("`{}` has an outcome, and confirmation is not complete", text::id(&order.id))
            })
            .collect();
        return if faults.is_empty() { Vec::new() } else { vec![Claim::Orders.fails(faults.join("; "))] };
    }
    vec![statements(exported), orders(exported)]
}

fn statements(exported: &ExportedAgreement<'_>) -> Statement {
    let claim = Claim::Statements;
    let confirmers: Vec<&str> = exported
        .agreement
        .spec
        .customer
        .representatives
        .iter()
        .filter(|who| who.roles.contains(&RepresentativeRole::Confirmer))
        .map(|who| who.username.as_str())
        .collect();
    let counted = || exported.status.confirmation.iter().flat_map(|confirmation| &confirmation.decisions);
    let strangers: Vec<String> = counted()
        .filter(|own| !confirmers.contains(&own.username.as_str()))
        .map(|own| format!("{:?} is not a Confirmer of the customer", text::user(&own.username)))
        .collect();
    if !strangers.is_empty() {
        return claim.fails(strangers.join("; "));
    }
    // A statement holds if the status counts it and the decision itself has it.
    let stated = |who: &str, statement: agreement_decision::Statement| {
        counted().filter(|own| own.username == who && own.statements.contains(&statement)).any(|own| {
            exported
                .decision(&own.decision)
                .is_some_and(|decision| decision.spec.statements.contains(&statement))
        })
    };
    let missing = |who: &&str| -> Vec<&str> {
        STATEMENTS.into_iter().filter(|statement| !stated(who, *statement)).map(word).collect()
    };
    let whole: Vec<String> =
        confirmers.iter().filter(|who| missing(who).is_empty()).map(|who| text::user(who)).collect();
    let gaps: Vec<String> = confirmers
        .iter()
        .filter(|who| !missing(who).is_empty())
        .map(|who| format!("{} is missing from {:?}", text::join_and(&missing(who)), text::user(who)))
        .collect();
    let required = exported.policy.map(|policy| policy.spec.rules.confirmation.representatives);
    let by = format!("understood and acceptable, said {}", text::join_and(&whole));
    match (gaps.is_empty(), whole.is_empty(), required) {
        (true, false, _) | (false, false, Some(Required::Any)) => claim.ok(by),
        (false, false, None) => claim.not_checked(format!(
            "{}; whether the others are enough depends on the policy, which is not in the export",
            text::join_and(&gaps)
        )),
        (false, _, _) => claim.fails(text::join_and(&gaps)),
        (true, true, _) => claim.fails("the customer has no Confirmer"),
    }
}

fn orders(exported: &ExportedAgreement<'_>) -> Statement {
    let claim = Claim::Orders;
    let spec = &exported.agreement.spec;
    let mut faults = Vec::new();
    let acceptable = agreement_decision::Statement::Acceptable;
    let acceptances: Vec<_> = exported
        .status
        .confirmation
        .iter()
        .flat_map(|confirmation| &confirmation.decisions)
        .filter(|own| own.statements.contains(&acceptable))
        .filter_map(|own| exported.decision(&own.decision))
        .collect();
    for outcome in &exported.status.orders {
        if !spec.orders.iter().any(|order| order.id == outcome.id) {
            faults.push(format!("the agreement has no order `{}`", text::id(&outcome.id)));
        }
    }
    for order in &spec.orders {
        let id = text::id(&order.id);
        let mut shown = exported.status.orders.iter().filter(|outcome| outcome.id == order.id);
        let (Some(outcome), None) = (shown.next(), shown.next()) else {
            faults.push(format!("the status must say exactly once what became of `{id}`"));
            continue;
        };
        let said: Vec<OrderConfirmation> = acceptances
            .iter()
            .flat_map(|decision| decision.spec.orders.iter().filter(|own| own.id == order.id))
            .map(|own| own.outcome)
            .collect();
        if said.len() < acceptances.len() {
            faults.push(format!("not every acceptance says what becomes of `{id}`"));
        }
        let confirmed = !said.is_empty() && said.iter().all(|said| *said == OrderConfirmation::Confirmed);
        match outcome.confirmed {
            Some(claimed) if claimed == confirmed => {}
            Some(true) => {
                faults.push(format!("the status calls `{id}` confirmed, and the customer left it out"))
            }
            Some(false) => {
                faults.push(format!("the status leaves `{id}` out, and the customer confirmed it"))
            }
            None => faults.push(format!("the status does not say whether `{id}` was confirmed")),
        }
    }
    let confirmed = exported.confirmed_orders().len();
    let all = text::count(spec.orders.len(), "order");
    claim.unless(&faults, format!("{confirmed} of {all} confirmed, as the customer said"))
}
