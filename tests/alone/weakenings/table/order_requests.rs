//! `order-requests`: consumers report, and nobody takes over.

use serde_json::json;

use super::super::who::{Thing, Try, Who};
use super::{Weakening, changes, deletes, orphan, weak};

fn disown(who: Who, thing: Thing) -> Try {
    changes(who, thing, json!({"metadata": {"ownerReferences": null}}))
}

pub(super) fn order_requests() -> Vec<Weakening> {
    use Thing::OrderRequest as Order;
    let weak =
        |what, text, instead, attack, control| weak("order-requests", what, text, instead, attack, control);
    vec![
        weak(
            "owners",
            "variables.newOwners == variables.oldOwners",
            "true",
            orphan(Who::Admin, Order),
            deletes(Who::Clerk, Order),
        ),
        weak(
            "who takes an owner off",
            "(variables.collector && variables.newOwners",
            "(variables.newOwners",
            disown(Who::Clerk, Order),
            orphan(Who::Clerk, Order),
        ),
        weak(
            "a collector puts no owner on",
            " && variables.newOwners.all(n, variables.oldOwners.exists(o, o.uid == n.uid))",
            "",
            orphan(Who::Collector, Order),
            orphan(Who::Clerk, Order),
        ),
        weak(
            "deleting it at all",
            "request.operation != 'DELETE' ||",
            "true ||",
            deletes(Who::Clerk, Order),
            orphan(Who::Clerk, Order),
        ),
        weak(
            "purge",
            "variables.orderRequest.check('purge').allowed() && ",
            "",
            deletes(Who::Clerk, Order),
            deletes(Who::Gitops, Order),
        ),
        weak(
            "purge by name",
            " && !variables.canary.allowed()",
            "",
            deletes(Who::Gitops, Order),
            deletes(Who::Clerk, Order),
        ),
        weak(
            "the purge of order requests",
            ".resource('orderrequests')",
            ".resource('agreementdecisions')",
            deletes(Who::Records, Order),
            deletes(Who::Clerk, Order),
        ),
        weak(
            "who is a collector",
            "request.userInfo.username in [",
            "request.userInfo.username.startsWith('system:') || request.userInfo.username in [",
            deletes(Who::Imposter, Order),
            deletes(Who::Clerk, Order),
        ),
        weak(
            "UPDATE",
            "[\"UPDATE\", \"DELETE\"]",
            "[\"DELETE\"]",
            orphan(Who::Clerk, Order),
            deletes(Who::Clerk, Order),
        ),
        weak(
            "DELETE",
            "[\"UPDATE\", \"DELETE\"]",
            "[\"UPDATE\"]",
            deletes(Who::Clerk, Order),
            orphan(Who::Clerk, Order),
        ),
        weak(
            "refusing instead of warning",
            "validationActions: [Deny, Audit]",
            "validationActions: [Warn, Audit]",
            deletes(Who::Admin, Order),
            orphan(Who::Clerk, Order),
        ),
        weak(
            "who holds all verbs on ours and on nothing else",
            "variables.orderRequest.check('wildcard-canary')",
            "authorizer.group('').resource('pods').namespace('default').check('wildcard-canary')",
            deletes(Who::Ours, Order),
            deletes(Who::Gitops, Order),
        ),
        weak(
            "whom it belongs to now",
            "\"has(object.metadata.ownerReferences) ? object.metadata.ownerReferences : []\"",
            "\"has(oldObject.metadata.ownerReferences) ? oldObject.metadata.ownerReferences : [ ]\"",
            orphan(Who::Clerk, Order),
            deletes(Who::Clerk, Order),
        ),
        weak(
            "whom it belonged to",
            "\"has(oldObject.metadata.ownerReferences) ? oldObject.metadata.ownerReferences : []\"",
            "variables.newOwners",
            disown(Who::Clerk, Order),
            deletes(Who::Clerk, Order),
        ),
    ]
}
