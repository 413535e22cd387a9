//! `decide`: who may decide what.

use serde_json::{Value, json};
use testkit::decision::SOME_DIGEST;
use testkit::schema::with;

use super::super::who::{Does, Try, Who};
use super::{Weakening, confirm, missing, weak, withdraw};

fn decides(who: Who, act: Value) -> Try {
    Try(who, Does::Decides(act, Vec::new()))
}

fn decides_with(who: Who, pointer: &'static str, value: Value) -> Try {
    Try(who, Does::Decides(withdraw(), vec![(pointer, value)]))
}

fn says(action: &str) -> Value {
    json!({"action": action, "reason": "because"})
}

fn does(action: &str) -> Value {
    json!({"action": action})
}

fn with_authority(action: &str) -> Value {
    json!({"action": action, "function": "sales", "level": "L1", "reason": "because"})
}

fn attested() -> Value {
    let evidence = json!({"channel": "Paper", "uri": "https://archive.example/1", "digest": SOME_DIGEST,
                          "signedTime": "2026-11-25T09:12:44Z"});
    with(&with(&confirm(), "/onBehalfOf", &json!("omar@havlink.example")), "/evidence", &evidence)
}

pub(super) fn decide() -> Vec<Weakening> {
    let weak = |what, text, instead, attack, control| weak("decide", what, text, instead, attack, control);
    let eva = Who::Eva.person().name;
    let list = "object.spec.action in ['Confirm', 'Decline', 'RequestChange'] ? 'confirm'";
    vec![
        weak(
            "any verb",
            "variables.agreement.check(variables.verb).allowed()",
            "true",
            decides(Who::Stranger, confirm()),
            decides(Who::Gitops, confirm()),
        ),
        weak(
            "attest",
            "has(object.spec.onBehalfOf) && !has(object.spec.function) ? 'attest' :",
            "",
            decides(Who::Eva, attested()),
            decides(Who::Eva, does("Sign")),
        ),
        weak(
            "Approve",
            "object.spec.action in ['Approve', 'Refuse']",
            "object.spec.action in ['Refuse']",
            decides(Who::Eva, with_authority("Approve")),
            decides(Who::Eva, with_authority("Refuse")),
        ),
        weak(
            "Refuse",
            "object.spec.action in ['Approve', 'Refuse']",
            "object.spec.action in ['Approve']",
            decides(Who::Eva, with_authority("Refuse")),
            decides(Who::Eva, with_authority("Approve")),
        ),
        weak(
            "RequestChange with authority",
            " || (object.spec.action == 'RequestChange' && has(object.spec.function))",
            "",
            decides(Who::Eva, with_authority("RequestChange")),
            decides(Who::Eva, with_authority("Approve")),
        ),
        weak(
            "Confirm",
            list,
            "object.spec.action in ['Decline', 'RequestChange'] ? 'confirm'",
            decides(Who::Jonas, confirm()),
            decides(Who::Jonas, says("Decline")),
        ),
        weak(
            "Decline",
            list,
            "object.spec.action in ['Confirm', 'RequestChange'] ? 'confirm'",
            decides(Who::Jonas, says("Decline")),
            decides(Who::Jonas, confirm()),
        ),
        weak(
            "RequestChange",
            list,
            "object.spec.action in ['Confirm', 'Decline'] ? 'confirm'",
            decides(Who::Jonas, says("RequestChange")),
            decides(Who::Jonas, confirm()),
        ),
        weak(
            "Sign",
            "object.spec.action == 'Sign' ? 'sign' :",
            "",
            decides(Who::Eva, does("Sign")),
            decides(Who::Eva, does("Countersign")),
        ),
        weak(
            "Countersign",
            "object.spec.action == 'Countersign' ? 'countersign' : 'withdraw'",
            "'withdraw'",
            decides(Who::Eva, does("Countersign")),
            decides(Who::Eva, does("Sign")),
        ),
        weak(
            "Withdraw",
            "'countersign' : 'withdraw'",
            "'countersign' : 'get'",
            decides(Who::Rita, withdraw()),
            decides(Who::Rita, does("Sign")),
        ),
        weak(
            "a signatory who confirms",
            " && object.spec.action != 'Confirm'",
            "",
            decides(Who::Lea, confirm()),
            decides(Who::Lea, does("Countersign")),
        ),
        weak(
            "what a signatory may say instead",
            "variables.verb == 'confirm' && object.spec.action",
            "object.spec.action",
            decides(Who::Lea, does("Countersign")),
            decides(Who::Lea, confirm()),
        ),
        weak(
            "who may say no",
            " && variables.agreement.check('sign').allowed()",
            "",
            decides(Who::Stranger, says("Decline")),
            decides(Who::Stranger, confirm()),
        ),
        weak(
            "this agreement",
            ".name(object.spec.agreementRef.name)",
            ".name('norrland-timber-fibre')",
            Try(Who::Narrow, Does::Decides(confirm(), vec![("/spec/agreementRef/name", json!("another"))])),
            decides(Who::Stranger, confirm()),
        ),
        weak(
            "this namespace",
            ".namespace(request.namespace)",
            ".namespace('elsewhere')",
            decides(Who::Away, confirm()),
            decides(Who::Stranger, confirm()),
        ),
        weak(
            "no wildcard holder",
            "\"!variables.canary.allowed() && !variables.canary.errored()\"",
            "\"true\"",
            decides(Who::Gitops, confirm()),
            decides(Who::Admin, confirm()),
        ),
        Weakening {
            what: "masters, where no canary sings either",
            policy: "decide",
            edits: vec![
                ("\"!variables.canary.allowed() && !variables.canary.errored()\"", "\"true\""),
                ("'system:masters', ", ""),
            ],
            attack: decides(Who::Admin, confirm()),
            control: decides(Who::InNodes, confirm()),
        },
        weak(
            "nodes",
            "'system:masters', 'system:nodes',",
            "'system:masters',",
            decides(Who::InNodes, confirm()),
            decides(Who::Scheduler, confirm()),
        ),
        weak(
            "who is nobody",
            ", 'system:unauthenticated']",
            "]",
            decides(Who::InUnauthenticated, confirm()),
            decides(Who::InNodes, confirm()),
        ),
        weak(
            "system users",
            "!request.userInfo.username.startsWith('system:') && ",
            "",
            decides(Who::Scheduler, confirm()),
            decides(Who::InAccounts, confirm()),
        ),
        weak(
            "service accounts by their group",
            " && !('system:serviceaccounts' in variables.groups)",
            "",
            decides(Who::InAccounts, confirm()),
            decides(Who::Scheduler, confirm()),
        ),
        weak(
            "a service account only attests",
            "variables.verb == 'attest' && request.userInfo",
            "request.userInfo",
            decides(Who::Callback, confirm()),
            decides(Who::Scheduler, confirm()),
        ),
        weak(
            "of the system users only service accounts attest",
            "&& request.userInfo.username.startsWith('system:serviceaccount:')",
            "",
            decides(Who::Scheduler, attested()),
            decides(Who::Scheduler, confirm()),
        ),
        weak(
            "username",
            "object.spec.decidedBy.username == request.userInfo.username",
            "\"true\"",
            decides_with(Who::Eva, "/spec/decidedBy/username", json!("omar@havlink.example")),
            decides_with(Who::Eva, "/spec/decidedBy/uid", json!("4711")),
        ),
        weak(
            "username, in the same letters",
            "object.spec.decidedBy.username == request.userInfo.username",
            "object.spec.decidedBy.username.lowerAscii() == request.userInfo.username.lowerAscii()",
            decides_with(Who::Eva, "/spec/decidedBy/username", json!(eva.to_uppercase())),
            decides_with(Who::Eva, "/spec/decidedBy/username", json!("omar@havlink.example")),
        ),
        weak(
            "uid",
            "!has(object.spec.decidedBy.uid) || (has(request.userInfo.uid) && object.spec.decidedBy.uid == request.userInfo.uid)",
            "true",
            decides_with(Who::Eva, "/spec/decidedBy/uid", json!("4711")),
            decides_with(Who::Eva, "/spec/decidedBy/username", json!("omar@havlink.example")),
        ),
        weak(
            "the same uid",
            " && object.spec.decidedBy.uid == request.userInfo.uid",
            "",
            Try(Who::Callback, Does::Decides(attested(), vec![("/spec/decidedBy/uid", json!("4711"))])),
            decides_with(Who::Eva, "/spec/decidedBy/uid", json!("4711")),
        ),
        weak(
            "credential",
            "&& object.spec.decidedBy.credentialID in variables.extra['authentication.kubernetes.io/credential-id'])",
            ")",
            decides_with(Who::Eva, "/spec/decidedBy/credentialID", json!("X509SHA256=00")),
            decides_with(Who::Eva, "/spec/decidedBy/uid", json!("4711")),
        ),
        weak(
            "every group",
            "object.spec.decidedBy.groups.all(g,",
            "object.spec.decidedBy.groups.exists(g,",
            decides_with(Who::Eva, "/spec/decidedBy/groups", json!(["customers", "deal-desk"])),
            decides_with(Who::Eva, "/spec/decidedBy/groups", json!(["deal-desk"])),
        ),
        weak(
            "groups",
            "\"!has(object.spec.decidedBy.groups) || object",
            "\"true || object",
            decides_with(Who::Eva, "/spec/decidedBy/groups", json!(["deal-desk"])),
            decides_with(Who::Eva, "/spec/decidedBy/uid", json!("4711")),
        ),
        weak(
            "owners at birth",
            "\"!has(object.metadata.ownerReferences) && !has",
            "\"!has",
            decides_with(Who::Eva, "/metadata/ownerReferences", missing()),
            decides_with(Who::Eva, "/metadata/finalizers", json!(["example.dev/hold"])),
        ),
        weak(
            "finalizers at birth",
            " && !has(object.metadata.finalizers)",
            "",
            decides_with(Who::Eva, "/metadata/finalizers", json!(["example.dev/hold"])),
            decides_with(Who::Eva, "/metadata/ownerReferences", missing()),
        ),
        weak(
            "refusing instead of warning",
            "validationActions: [Deny, Audit]",
            "validationActions: [Warn, Audit]",
            decides(Who::Gitops, confirm()),
            decides(Who::Gitops, does("Sign")),
        ),
        weak(
            "nobody is left out",
            "  variables:\n",
            "  matchConditions:\n  - name: no-tools\n    expression: request.userInfo.username != 'gitops@countersign.example'\n  variables:\n",
            decides(Who::Gitops, confirm()),
            decides(Who::Admin, confirm()),
        ),
        weak(
            "no label is left out",
            "matchPolicy: Equivalent",
            "matchPolicy: Equivalent\n    objectSelector: {matchExpressions: [{key: draft, operator: DoesNotExist}]}",
            Try(Who::Gitops, Does::Decides(confirm(), vec![("/metadata/labels", json!({"draft": "yes"}))])),
            decides(Who::Gitops, confirm()),
        ),
        weak(
            "who holds all verbs on ours and on nothing else",
            "variables.agreement.check('wildcard-canary')",
            "authorizer.group('').resource('pods').namespace('default').check('wildcard-canary')",
            decides(Who::Ours, confirm()),
            decides(Who::Gitops, confirm()),
        ),
        weak(
            "in which groups somebody is",
            "\"has(request.userInfo.groups) ? request.userInfo.groups : []\"",
            "\"[]\"",
            Try(Who::InNodes, Does::Decides(confirm(), vec![("/spec/decidedBy/groups", Value::Null)])),
            decides(Who::Scheduler, confirm()),
        ),
    ]
}
