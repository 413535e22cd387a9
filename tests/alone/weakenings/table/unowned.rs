//! `unowned`: nothing is deleted through an owner.

use serde_json::json;
use testkit::schema::with;

use super::super::who::{Does, OWNER, Thing, Try, Who};
use super::{Weakening, changes, missing, orphan, weak};

fn own(who: Who, thing: Thing) -> Try {
    Try(who, Does::IsOwned(thing))
}

/// An owner that is not there, under the name of the one that is.
fn orphan_of_the_name(who: Who, thing: Thing) -> Try {
    let gone = with(&missing(), "/0/name", &json!(OWNER));
    changes(who, thing, json!({"metadata": {"ownerReferences": gone}}))
}

pub(super) fn unowned() -> Vec<Weakening> {
    use Thing::{Agreement, OwnedAgreement, Policy, Terms};
    let make = |who, thing| Try(who, Does::MakesOwned(thing));
    let weak = |what, text, instead, attack, control| weak("unowned", what, text, instead, attack, control);
    vec![
        weak(
            "UPDATE",
            "[\"CREATE\", \"UPDATE\"]",
            "[\"CREATE\"]",
            orphan(Who::Admin, Agreement),
            make(Who::Clerk, Agreement),
        ),
        weak(
            "CREATE",
            "[\"CREATE\", \"UPDATE\"]",
            "[\"UPDATE\"]",
            make(Who::Clerk, Agreement),
            orphan(Who::Clerk, Agreement),
        ),
        weak(
            "agreements",
            "[\"customeragreements\", ",
            "[",
            own(Who::Clerk, Agreement),
            orphan(Who::Clerk, Terms),
        ),
        weak("catalogues", "\"standardterms\", ", "", orphan(Who::Gitops, Terms), orphan(Who::Clerk, Policy)),
        weak("policies", ", \"delegationpolicies\"", "", make(Who::Clerk, Policy), make(Who::Clerk, Terms)),
        weak(
            "an owner that was there before",
            "o.uid == n.uid && o.name == n.name",
            "o.name == n.name",
            orphan_of_the_name(Who::Clerk, OwnedAgreement),
            orphan(Who::Clerk, Agreement),
        ),
        weak(
            "refusing instead of warning",
            "validationActions: [Deny, Audit]",
            "validationActions: [Warn, Audit]",
            orphan(Who::Admin, Terms),
            orphan(Who::Clerk, Agreement),
        ),
        weak(
            "whom it belongs to now",
            "\"has(object.metadata",
            "\"request.operation == 'CREATE' && has(object.metadata",
            orphan(Who::Clerk, Policy),
            make(Who::Clerk, Policy),
        ),
        weak(
            "whom it belonged to",
            "request.operation == 'UPDATE' && has(oldObject.metadata.ownerReferences) ? oldObject.metadata.ownerReferences : []",
            "request.operation == 'UPDATE' ? variables.newOwners : []",
            orphan(Who::Clerk, Terms),
            make(Who::Clerk, Terms),
        ),
    ]
}
