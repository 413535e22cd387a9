//! `kept`: what people decided on is kept.

use super::super::who::{Thing, Who};
use super::{Weakening, deletes, weak};

pub(super) fn kept() -> Vec<Weakening> {
    use Thing::{Agreement, Policy, Terms};
    let weak = |what, text, instead, attack, control| weak("kept", what, text, instead, attack, control);
    vec![
        weak(
            "agreements",
            "[\"customeragreements\", ",
            "[",
            deletes(Who::Clerk, Agreement),
            deletes(Who::Clerk, Terms),
        ),
        weak(
            "catalogues",
            "\"standardterms\", ",
            "",
            deletes(Who::Clerk, Terms),
            deletes(Who::Clerk, Policy),
        ),
        weak(
            "policies",
            ", \"delegationpolicies\"",
            "",
            deletes(Who::Clerk, Policy),
            deletes(Who::Clerk, Terms),
        ),
        weak(
            "what counts as decided",
            "has(oldObject.status.decidedTime)",
            "has(oldObject.status.agreedTime)",
            deletes(Who::Clerk, Agreement),
            deletes(Who::Clerk, Terms),
        ),
        weak(
            "a condition for agreements only",
            "request.resource.resource != 'customeragreements'\n      ||",
            "",
            deletes(Who::Clerk, Terms),
            deletes(Who::Clerk, Agreement),
        ),
        weak(
            "purge",
            "variables.kept.check('purge').allowed() && ",
            "",
            deletes(Who::Clerk, Agreement),
            deletes(Who::Gitops, Agreement),
        ),
        weak(
            "purge by name",
            " && !variables.canary.allowed()",
            "",
            deletes(Who::Gitops, Terms),
            deletes(Who::Clerk, Policy),
        ),
        weak(
            "the purge of this kind",
            ".resource(request.resource.resource)",
            ".resource('agreementdecisions')",
            deletes(Who::Records, Agreement),
            deletes(Who::Clerk, Agreement),
        ),
        weak(
            "who is a collector",
            "request.userInfo.username in [",
            "request.userInfo.username.startsWith('system:') || request.userInfo.username in [",
            deletes(Who::Callback, Agreement),
            deletes(Who::Clerk, Agreement),
        ),
        weak(
            "refusing instead of warning",
            "validationActions: [Deny, Audit]",
            "validationActions: [Warn, Audit]",
            deletes(Who::Admin, Agreement),
            deletes(Who::Clerk, Policy),
        ),
        weak(
            "who holds all verbs on ours and on nothing else",
            "variables.kept.check('wildcard-canary')",
            "authorizer.group('').resource('pods').namespace('default').check('wildcard-canary')",
            deletes(Who::Ours, Terms),
            deletes(Who::Gitops, Terms),
        ),
    ]
}
