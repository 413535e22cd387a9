//! `append-only`: decisions stay as they were made.

use serde_json::json;

use super::super::who::{Thing, Try, Who};
use super::{Weakening, changes, deletes, hold, label, orphan, weak};

fn annotate(who: Who, thing: Thing) -> Try {
    changes(who, thing, json!({"metadata": {"annotations": {"seen": "yes"}}}))
}

pub(super) fn append_only() -> Vec<Weakening> {
    use Thing::Decision;
    let weak =
        |what, text, instead, attack, control| weak("append-only", what, text, instead, attack, control);
    let exclusion = "matchPolicy: Equivalent\n    excludeResourceRules: [{apiGroups: [countersign.dev], apiVersions: [\"*\"], operations: [DELETE], resources: [agreementdecisions]}]";
    vec![
        weak(
            "spec",
            "(object.spec == oldObject.spec",
            "(true",
            changes(Who::Admin, Decision, json!({"spec": {"reason": "other words"}})),
            label(Who::Clerk, Decision),
        ),
        weak(
            "labels",
            "&& (has(object.metadata.labels) ? object.metadata.labels : {}) == (has(oldObject.metadata.labels) ? oldObject.metadata.labels : {})",
            "",
            label(Who::Admin, Decision),
            annotate(Who::Clerk, Decision),
        ),
        weak(
            "annotations",
            "&& (has(object.metadata.annotations) ? object.metadata.annotations : {}) == (has(oldObject.metadata.annotations) ? oldObject.metadata.annotations : {})",
            "",
            annotate(Who::Admin, Decision),
            label(Who::Clerk, Decision),
        ),
        weak(
            "owners",
            "!has(object.metadata.ownerReferences) && ",
            "",
            orphan(Who::Admin, Decision),
            label(Who::Clerk, Decision),
        ),
        weak(
            "finalizers",
            " && !has(object.metadata.finalizers)",
            "",
            hold(Who::Admin, Decision),
            label(Who::Clerk, Decision),
        ),
        weak(
            "changing it at all",
            "request.operation != 'UPDATE' ||",
            "true ||",
            label(Who::Clerk, Decision),
            deletes(Who::Clerk, Decision),
        ),
        weak(
            "deleting it at all",
            "request.operation != 'DELETE' ||",
            "true ||",
            deletes(Who::Clerk, Decision),
            label(Who::Clerk, Decision),
        ),
        weak(
            "purge",
            "variables.decision.check('purge').allowed() && ",
            "",
            deletes(Who::Clerk, Decision),
            deletes(Who::Gitops, Decision),
        ),
        weak(
            "purge by name",
            " && !variables.canary.allowed()",
            "",
            deletes(Who::Gitops, Decision),
            deletes(Who::Clerk, Decision),
        ),
        weak(
            "the purge of decisions",
            ".resource('agreementdecisions')",
            ".resource('orderrequests')",
            deletes(Who::Orders, Decision),
            deletes(Who::Clerk, Decision),
        ),
        weak(
            "who is a collector",
            "request.userInfo.username in [",
            "request.userInfo.username.startsWith('system:') || request.userInfo.username in [",
            deletes(Who::Callback, Decision),
            deletes(Who::Clerk, Decision),
        ),
        weak(
            "UPDATE",
            "[\"UPDATE\", \"DELETE\"]",
            "[\"DELETE\"]",
            label(Who::Clerk, Decision),
            deletes(Who::Clerk, Decision),
        ),
        weak(
            "DELETE",
            "[\"UPDATE\", \"DELETE\"]",
            "[\"UPDATE\"]",
            deletes(Who::Clerk, Decision),
            label(Who::Clerk, Decision),
        ),
        weak(
            "nothing is excluded",
            "matchPolicy: Equivalent",
            exclusion,
            deletes(Who::Clerk, Decision),
            label(Who::Clerk, Decision),
        ),
        weak(
            "refusing instead of warning",
            "validationActions: [Deny, Audit]",
            "validationActions: [Warn, Audit]",
            deletes(Who::Admin, Decision),
            label(Who::Clerk, Decision),
        ),
        weak(
            "nobody is left out",
            "  variables:\n",
            "  matchConditions:\n  - name: no-tools\n    expression: request.userInfo.username != 'gitops@countersign.example'\n  variables:\n",
            deletes(Who::Gitops, Decision),
            deletes(Who::Clerk, Decision),
        ),
        weak(
            "who holds all verbs on ours and on nothing else",
            "variables.decision.check('wildcard-canary')",
            "authorizer.group('').resource('pods').namespace('default').check('wildcard-canary')",
            deletes(Who::Ours, Decision),
            deletes(Who::Gitops, Decision),
        ),
    ]
}
