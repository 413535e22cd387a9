//! For each CEL rule something that breaks it.

use anyhow::{Result, anyhow};
use serde_json::{Value, json};
use testkit::raw::Refusal;

use super::{Case, Rule, other_digest};

macro_rules! case {
    ($kind:literal $example:literal refuses [$($p:literal = $v:tt),*] says $says:literal accepts [$($q:literal = $w:tt),*]) => {
        Case {
            kind: $kind,
            example: $example,
            refused: vec![$(($p, json!($v))),*],
            says: $says,
            accepted: vec![$(($q, json!($w))),*],
        }
    };
}

/// Judged at every write, so also at creation.
#[rustfmt::skip]
pub(super) fn always() -> Vec<Case> {
    vec![
        case!("customeragreements" "complete" refuses ["/spec/supersedesRef/name" = "complete"]
            says "`spec.supersedesRef.name` must name another agreement, and is this one, complete"
            accepts ["/spec/supersedesRef/name" = "complete-2"]),
        case!("customeragreements" "complete" refuses ["/spec/parentRef/name" = "complete"]
            says "`spec.parentRef.name` must name another agreement, and is this one, complete"
            accepts ["/spec/parentRef/name" = "complete-2"]),
        case!("customeragreements" "complete-amendment" refuses ["/spec/amendsRef/name" = "complete-amendment"]
            says "`spec.amendsRef.name` must name another agreement, and is this one, complete-amendment"
            accepts ["/spec/amendsRef/name" = "complete-2"]),
        case!("customeragreements" "complete-amendment" refuses ["/spec/amendsRef" = null]
            says "`amendsRef` must be given when `agreementType` is Amendment, and only then; `agreementType` is Amendment"
            accepts ["/spec/amendsRef" = null, "/spec/agreementType" = "Framework"]),
        case!("customeragreements" "complete" refuses ["/spec/amendsRef" = {"name": "x"}]
            says "`amendsRef` must be given when `agreementType` is Amendment, and only then; `agreementType` is Commercial"
            accepts ["/spec/amendsRef" = {"name": "x"}, "/spec/agreementType" = "Amendment"]),
        case!("customeragreements" "complete" refuses ["/spec/orders" = (many_items(5, 401))]
            says "`orders` must hold at most 2000 items in all, and hold 2005"
            accepts ["/spec/orders" = (many_items(5, 400))]),
        case!("customeragreements" "complete" refuses ["/spec/agreementPeriod/endTime" = "2028-01-01T00:00:00Z"]
            says "`endTime` 2028-01-01T00:00:00Z must be later than `startTime` 2028-01-01T00:00:00Z"
            accepts ["/spec/agreementPeriod/endTime" = "2028-01-01T00:00:01Z"]),
        case!("customeragreements" "complete" refuses ["/spec/orders/0/requestedCompletionTime" = "2027-12-31T23:59:59Z"]
            says "`requestedCompletionTime` 2027-12-31T23:59:59Z must not be earlier than `requestedStartTime` 2028-01-01T00:00:00Z"
            accepts ["/spec/orders/0/requestedCompletionTime" = "2028-01-01T00:00:00Z"]),
        case!("customeragreements" "complete" refuses ["/spec/orders/0/items/0/prices/0/type" = "OneTime"]
            says "`period` must be given for a Recurring price, and only for it; `type` is OneTime"
            accepts ["/spec/orders/0/items/0/prices/0/type" = "OneTime", "/spec/orders/0/items/0/prices/0/period" = null]),
        case!("customeragreements" "complete" refuses ["/spec/orders/0/items/0/prices/0/period" = null]
            says "`period` must be given for a Recurring price, and only for it; `type` is Recurring"
            accepts ["/spec/orders/0/items/0/prices/0/period" = "Year"]),
        case!("customeragreements" "complete" refuses ["/spec/terms/0/value" = null, "/spec/terms/0/text" = null]
            says "term payment-days must have a `value` or a `text`"
            accepts ["/spec/terms/0/value" = null]),
        case!("orderrequests" "complete-o1" refuses ["/spec/items/0/prices/0/type" = "Usage"]
            says "`period` must be given for a Recurring price, and only for it; `type` is Usage"
            accepts ["/spec/items/0/prices/0/type" = "Usage", "/spec/items/0/prices/0/period" = null]),
        case!("agreementdecisions" "complete-refuse" refuses ["/spec/statements" = ["Understood"]]
            says "`statements` must be given for Confirm, and only for it; `action` is Refuse"
            accepts []),
        case!("agreementdecisions" "complete-confirm" refuses ["/spec/statements" = null, "/spec/orders" = null]
            says "`statements` must be given for Confirm, and only for it; `action` is Confirm"
            accepts ["/spec/statements" = ["Understood"], "/spec/orders" = null]),
        case!("agreementdecisions" "complete-confirm" refuses ["/spec/statements" = ["Understood"]]
            says "`orders` may only be given for a Confirm with the statement Acceptable; `action` is Confirm"
            accepts ["/spec/statements" = ["Acceptable"]]),
        case!("agreementdecisions" "complete-refuse" refuses ["/spec/reason" = null]
            says "`reason` must be given for Refuse"
            accepts ["/spec/reason" = null, "/spec/action" = "Approve"]),
        case!("agreementdecisions" "complete-refuse" refuses ["/spec/level" = null]
            says "`function` and `level` must be given together"
            accepts []),
        case!("agreementdecisions" "complete-refuse" refuses ["/spec/function" = null, "/spec/level" = null, "/spec/onBehalfOf" = null]
            says "`function` and `level` must be given for Refuse: the authority that you act with"
            accepts ["/spec/action" = "RequestChange", "/spec/function" = null, "/spec/level" = null, "/spec/onBehalfOf" = null]),
        case!("agreementdecisions" "complete-refuse" refuses ["/spec/action" = "Countersign"]
            says "`function` may only be given for Approve, Refuse and RequestChange; `action` is Countersign"
            accepts ["/spec/action" = "RequestChange"]),
        case!("agreementdecisions" "complete-refuse" refuses ["/spec/action" = "Withdraw", "/spec/function" = null, "/spec/level" = null]
            says "`onBehalfOf` may only be given with `function`, or for Confirm, Decline, RequestChange and Sign; `action` is Withdraw"
            accepts ["/spec/action" = "Withdraw", "/spec/function" = null, "/spec/level" = null, "/spec/onBehalfOf" = null]),
        case!("agreementdecisions" "complete-confirm" refuses ["/spec/evidence" = null]
            says "`evidence` must be given when a representative's act is recorded (`onBehalfOf` without `function`), and only then"
            accepts ["/spec/evidence" = null, "/spec/onBehalfOf" = null]),
        case!("agreementdecisions" "complete-confirm" refuses ["/spec/onBehalfOf" = null]
            says "`evidence` must be given when a representative's act is recorded (`onBehalfOf` without `function`), and only then"
            accepts []),
        case!("standardterms" "complete" refuses ["/spec/validPeriod/endTime" = "2025-12-31T00:00:00Z"]
            says "`endTime` 2025-12-31T00:00:00Z must be later than `startTime` 2026-01-01T00:00:00Z"
            accepts ["/spec/validPeriod/endTime" = null]),
        case!("standardterms" "complete" refuses ["/spec/terms/0/standard/values" = ["30"]]
            says "`standard` of term payment-days may have `from` and `to` for numbers and `values` for words; `valueType` is Days"
            accepts ["/spec/terms/0/standard" = {"from": "1"}]),
        case!("standardterms" "complete" refuses ["/spec/terms/2/standard/from" = "1"]
            says "`standard` of term governing-law may have `from` and `to` for numbers and `values` for words; `valueType` is Enum"
            accepts ["/spec/terms/2/standard" = {"values": ["DE", "SE"]}]),
        case!("standardterms" "complete" refuses ["/spec/terms/2/bands/0/from" = "1"]
            says "a band of term governing-law may have `from` and `to` for numbers and `values` for words; `valueType` is Enum"
            accepts ["/spec/terms/2/bands/0/values" = ["NL"]]),
        case!("standardterms" "complete" refuses ["/spec/terms/0/bands/0/values" = ["31"]]
            says "a band of term payment-days may have `from` and `to` for numbers and `values` for words; `valueType` is Days"
            accepts ["/spec/terms/0/bands/0/to" = null]),
        case!("standardterms" "complete" refuses ["/spec/terms/0/bands/0/from" = "45.1"]
            says "`from` 45.1 must not be above `to` 45"
            accepts ["/spec/terms/0/bands/0/from" = "45.0"]),
        case!("standardterms" "complete" refuses ["/spec/terms/0/standard/from" = "31"]
            says "`from` 31 must not be above `to` 30"
            accepts ["/spec/terms/0/standard/from" = "30"]),
        case!("standardterms" "complete" refuses ["/spec/terms/2/bands/0/values" = null]
            says "band neutral must have `from`, `to` or `values`"
            accepts ["/spec/terms/2/bands" = null]),
        case!("standardterms" "complete" refuses ["/spec/terms/2/beyond/level" = "L1"]
            says "`beyond` must have either `prohibited: true`, or `function` and `level`"
            accepts ["/spec/terms/2/beyond" = {"function": "legal", "level": "L1"}]),
        case!("standardterms" "complete" refuses ["/spec/terms/2/beyond" = {"prohibited": false}]
            says "`beyond` must have either `prohibited: true`, or `function` and `level`"
            accepts ["/spec/terms/2/beyond" = {"prohibited": false, "function": "legal", "level": "L1"}]),
        case!("delegationpolicies" "complete" refuses
            ["/spec/rules/triggers/0/segments" = null, "/spec/rules/triggers/0/agreementTypes" = null, "/spec/rules/triggers/0/orderCategories" = null]
            says "trigger public-sector must have `segments`, `agreementTypes` or `orderCategories`"
            accepts ["/spec/rules/triggers/0/segments" = null, "/spec/rules/triggers/0/agreementTypes" = null]),
        case!("delegationpolicies" "complete" refuses ["/spec/rules/ladders/-" = {"function": "sales", "levels": [{"name": "L1", "title": "x", "deadlineSeconds": 1}]}]
            says "`ladders` must not have a function twice"
            accepts ["/spec/rules/ladders/-" = {"function": "legal", "levels": [{"name": "L1", "title": "x", "deadlineSeconds": 1}]}]),
        case!("delegationpolicies" "complete" refuses ["/spec/rules/ladders/0/levels/-" = {"name": "L1", "title": "x", "deadlineSeconds": 1}]
            says "`levels` of sales must not have a name twice"
            accepts ["/spec/rules/ladders/0/levels/-" = {"name": "L2", "title": "x", "deadlineSeconds": 1}]),
        case!("delegationpolicies" "complete" refuses ["/spec/rules/autoWithin/-" = {"function": "sales", "level": "L2"}]
            says "`autoWithin` must not have a function twice"
            accepts ["/spec/rules/autoWithin/-" = {"function": "legal", "level": "L1"}]),
        case!("delegationpolicies" "complete" refuses ["/spec/rules/escalation/quorums/-" = {"function": "sales", "level": "L1", "count": 3}]
            says "`quorums` must not have a level twice"
            accepts ["/spec/rules/escalation/quorums/-" = {"function": "sales", "level": "L2", "count": 3}]),
        case!("standardterms" "complete" refuses ["/spec/terms/2/bands/-" = {"name": "neutral", "values": ["NL"], "function": "legal", "level": "L2"}]
            says "`bands` of term governing-law must not have a name twice"
            accepts ["/spec/terms/2/bands/-" = {"name": "other", "values": ["NL"], "function": "legal", "level": "L2"}]),
        case!("delegationpolicies" "complete" refuses ["/spec/substitutes/0/endTime" = "2026-07-06T00:00:00Z"]
            says "`endTime` 2026-07-06T00:00:00Z must be later than `startTime` 2026-07-06T00:00:00Z"
            accepts ["/spec/substitutes/0/endTime" = "2026-07-06T00:00:01Z"]),
        case!("delegationpolicies" "complete" refuses ["/spec/substitutes/0/substitute" = "r.lind"]
            says "`substitute` must not be the `holder`, r.lind"
            accepts ["/spec/substitutes/0/substitute" = "R.lind"]),
    ]
}

fn many_items(orders: usize, items: usize) -> Value {
    let item = json!({"id": "1", "action": "NoChange", "quantity": 1});
    (0..orders).map(|order| json!({"id": format!("o{order}"), "items": vec![item.clone(); items]})).collect()
}

/// Judged against what is stored, once the agreement is sealed: each edit is accepted before that.
#[rustfmt::skip]
pub(super) fn once_sealed() -> Vec<Case> {
    vec![
        case!("customeragreements" "complete" refuses ["/spec/agreementType" = "Framework"]
            says "`spec.agreementType` must stay Commercial and not become Framework: the agreement is sealed; make an Amendment or a superseding agreement" accepts []),
        case!("customeragreements" "complete" refuses ["/spec/offerVersion" = 4] says "`spec.offerVersion` must stay 3 and not become 4: the agreement is sealed; make an Amendment or a superseding agreement" accepts []),
        case!("customeragreements" "complete" refuses ["/spec/proposalRef/version" = "3"] says "`spec.proposalRef` may not be changed: the agreement is sealed; make an Amendment or a superseding agreement" accepts []),
        case!("customeragreements" "complete" refuses ["/spec/proposalRef" = null] says "`spec.proposalRef` may not be changed: the agreement is sealed; make an Amendment or a superseding agreement" accepts []),
        case!("customeragreements" "complete" refuses ["/spec/customer/representatives/0/username" = "eve"] says "`spec.customer` may not be changed: the agreement is sealed; make an Amendment or a superseding agreement" accepts []),
        case!("customeragreements" "complete" refuses ["/spec/provider/id" = "ORG-9"] says "`spec.provider` may not be changed: the agreement is sealed; make an Amendment or a superseding agreement" accepts []),
        case!("customeragreements" "complete" refuses ["/spec/provider/name" = "Other"] says "`spec.provider` may not be changed: the agreement is sealed; make an Amendment or a superseding agreement" accepts []),
        case!("customeragreements" "complete" refuses ["/spec/otherParties/0/role" = "Reseller"] says "`spec.otherParties` may not be changed: the agreement is sealed; make an Amendment or a superseding agreement" accepts []),
        case!("customeragreements" "complete" refuses ["/spec/agreementPeriod/endTime" = null] says "`spec.agreementPeriod` may not be changed: the agreement is sealed; make an Amendment or a superseding agreement" accepts []),
        case!("customeragreements" "complete" refuses ["/spec/estimatedValue/amount" = "1.00"] says "`spec.estimatedValue` may not be changed: the agreement is sealed; make an Amendment or a superseding agreement" accepts []),
        case!("customeragreements" "complete" refuses ["/spec/standardTermsRef/name" = "other"]
            says "`spec.standardTermsRef.name` must stay b2b-2026-1 and not become other: the agreement is sealed; make an Amendment or a superseding agreement" accepts []),
        case!("customeragreements" "complete" refuses ["/spec/terms/0/value" = "60"] says "`spec.terms` may not be changed: the agreement is sealed; make an Amendment or a superseding agreement" accepts []),
        case!("customeragreements" "complete" refuses ["/spec/terms" = null] says "`spec.terms` may not be changed: the agreement is sealed; make an Amendment or a superseding agreement" accepts []),
        case!("customeragreements" "complete" refuses ["/spec/orders/0/items/0/prices/0/amount" = "9.00"] says "`spec.orders` may not be changed: the agreement is sealed; make an Amendment or a superseding agreement" accepts []),
        case!("customeragreements" "complete" refuses ["/spec/documents/0/digest" = (other_digest())] says "`spec.documents` may not be changed: the agreement is sealed; make an Amendment or a superseding agreement" accepts []),
        case!("customeragreements" "complete" refuses ["/spec/documents/0/role" = "PriceList"] says "`spec.documents` may not be changed: the agreement is sealed; make an Amendment or a superseding agreement" accepts []),
        case!("customeragreements" "complete" refuses ["/spec/documents" = null] says "`spec.documents` may not be changed: the agreement is sealed; make an Amendment or a superseding agreement" accepts []),
        case!("customeragreements" "complete" refuses ["/spec/amendsRef" = {"name": "x"}, "/spec/agreementType" = "Amendment"] says "`spec.amendsRef` may not be changed: the agreement is sealed; make an Amendment or a superseding agreement" accepts []),
        case!("customeragreements" "complete" refuses ["/spec/supersedesRef/name" = "x"] says "`spec.supersedesRef` may not be changed: the agreement is sealed; make an Amendment or a superseding agreement" accepts []),
        case!("customeragreements" "complete" refuses ["/spec/parentRef" = null] says "`spec.parentRef` may not be changed: the agreement is sealed; make an Amendment or a superseding agreement" accepts []),
    ]
}

/// Judged against what is stored, from the first write on.
#[rustfmt::skip]
pub(super) fn never_changed() -> Vec<Case> {
    vec![
        case!("agreementdecisions" "complete-refuse" refuses ["/spec/reason" = "other words"] says "`spec` may not be changed: a decision is made once; make a new one"
            accepts ["/metadata/labels" = {"a": "b"}]),
        case!("orderrequests" "complete-o1" refuses ["/spec/priority" = 0] says "`spec` may not be changed: it is what the customer confirmed"
            accepts ["/metadata/finalizers" = ["orders.example.dev/hold"]]),
        case!("delegationpolicies" "complete" refuses ["/spec/rules/escalation/quorum" = 2]
            says "`spec.rules` may not be changed: agreements are pinned to them; make a new policy and retire this one"
            accepts ["/spec/lifecycleState" = "Retired", "/spec/holders" = null, "/spec/substitutes" = null, "/spec/aliases" = null, "/spec/namespaceSelector" = {}]),
        case!("standardterms" "complete" refuses ["/spec/version" = "2"] says "`spec.version` must stay 2026.1 and not become 2: agreements are pinned to it; make a new catalogue and retire this one"
            accepts ["/spec/lifecycleState" = "Retired"]),
        case!("standardterms" "complete" refuses ["/spec/validPeriod/endTime" = "2029-01-01T00:00:00Z"] says "`spec.validPeriod` may not be changed: agreements are pinned to it; make a new catalogue and retire this one" accepts []),
        case!("standardterms" "complete" refuses ["/spec/validPeriod" = null] says "`spec.validPeriod` may not be changed: agreements are pinned to it; make a new catalogue and retire this one" accepts []),
        case!("standardterms" "complete" refuses ["/spec/agreementTypes/0" = "Framework"] says "`spec.agreementTypes` may not be changed: agreements are pinned to it; make a new catalogue and retire this one" accepts []),
        case!("standardterms" "complete" refuses ["/spec/documents/0/name" = "x"] says "`spec.documents` may not be changed: agreements are pinned to it; make a new catalogue and retire this one" accepts []),
        case!("standardterms" "complete" refuses ["/spec/unknownTerms/level" = "L1"] says "`spec.unknownTerms` may not be changed: agreements are pinned to it; make a new catalogue and retire this one" accepts []),
        case!("standardterms" "complete" refuses ["/spec/terms/0/standard/to" = "90"] says "`spec.terms` may not be changed: agreements are pinned to it; make a new catalogue and retire this one" accepts []),
    ]
}

/// Edits of a status that has it, and refuses to lose it.
#[rustfmt::skip]
pub(super) fn kept_in_status() -> Vec<Case> {
    vec![
        case!("customeragreements" "complete" refuses ["/status/signOff/sealedTime" = "2026-11-27T09:12:45Z"] says "`status.signOff.sealedTime` must stay 2026-11-27T09:12:44Z: the agreement is sealed"
            accepts ["/status/signOff/signatures" = null]),
        case!("customeragreements" "complete" refuses ["/status/signOff/sealedTime" = null] says "`status.signOff.sealedTime` must stay 2026-11-27T09:12:44Z: the agreement is sealed" accepts ["/status/phase" = "Agreed"]),
        case!("customeragreements" "complete" refuses ["/status/signOff" = null] says "`status.signOff.sealedTime` must stay 2026-11-27T09:12:44Z: the agreement is sealed" accepts []),
        case!("customeragreements" "complete" refuses ["/status/closed/outcome" = "Declined"] says "`status.closed` may not be changed: the agreement has ended" accepts []),
        case!("customeragreements" "complete" refuses ["/status/closed/reason" = "other words"] says "`status.closed` may not be changed: the agreement has ended" accepts []),
        case!("customeragreements" "complete" refuses ["/status/closed" = null] says "`status.closed` may not be changed: the agreement has ended" accepts []),
        case!("customeragreements" "complete" refuses ["/status" = null] says "`status.closed` may not be changed: the agreement has ended" accepts []),
    ]
}

/// What of this case's refusal was as it must be: the rules that it broke.
pub(super) fn broken(rules: &[Rule], case: &Case, answer: Result<Value, Refusal>) -> Result<Vec<usize>> {
    let what = format!("{} {} {:?}", case.kind, case.example, case.refused);
    let refusal = match answer {
        Ok(_) => return Err(anyhow!("{what}: accepted")),
        Err(refusal) => refusal,
    };
    let mut hit = Vec::new();
    for cause in &refusal.causes {
        if cause.message.ends_with(case.says) {
            let of = rules.iter().enumerate().filter(|(_, rule)| rule.is(case.kind, &cause.field, case.says));
            hit.extend(of.map(|(index, _)| index));
        }
    }
    if hit.is_empty() {
        return Err(anyhow!("{what}: refused with other words: {} {:?}", refusal.message, refusal.causes));
    }
    Ok(hit)
}
