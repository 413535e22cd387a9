//! What each weakened policy has lost, who notices, and what it still refuses.

use serde_json::{Value, json};

use super::who::{Does, OWNER, Thing, Try, Who};
use testkit::people::SOME_DIGEST;
use testkit::schema::with;

/// A policy with something taken out.
pub struct Weakening {
    /// What is lost.
    pub what: &'static str,
    pub policy: &'static str,
    /// Text of policy and binding, found once, and what stands there instead.
    pub edits: Vec<(&'static str, &'static str)>,
    pub attack: Try,
    pub control: Try,
}

fn weak(
    policy: &'static str,
    what: &'static str,
    text: &'static str,
    instead: &'static str,
    attack: Try,
    control: Try,
) -> Weakening {
    Weakening { what, policy, edits: vec![(text, instead)], attack, control }
}

fn decides(who: Who, act: Value) -> Try {
    Try(who, Does::Decides(act, Vec::new()))
}

fn decides_with(who: Who, pointer: &'static str, value: Value) -> Try {
    Try(who, Does::Decides(withdraw(), vec![(pointer, value)]))
}

fn deletes(who: Who, thing: Thing) -> Try {
    Try(who, Does::Deletes(thing))
}

fn changes(who: Who, thing: Thing, change: Value) -> Try {
    Try(who, Does::Changes(thing, change))
}

fn label(who: Who, thing: Thing) -> Try {
    changes(who, thing, json!({"metadata": {"labels": {"seen": "yes"}}}))
}

fn annotate(who: Who, thing: Thing) -> Try {
    changes(who, thing, json!({"metadata": {"annotations": {"seen": "yes"}}}))
}

fn hold(who: Who, thing: Thing) -> Try {
    changes(who, thing, json!({"metadata": {"finalizers": ["example.dev/hold"]}}))
}

fn own(who: Who, thing: Thing) -> Try {
    Try(who, Does::IsOwned(thing))
}

/// An owner that is not there.
fn missing() -> Value {
    json!([{"apiVersion": "v1", "kind": "ConfigMap", "name": "gone", "uid": "00000000-0000-0000-0000-000000000000"}])
}

fn orphan(who: Who, thing: Thing) -> Try {
    changes(who, thing, json!({"metadata": {"ownerReferences": missing()}}))
}

/// An owner that is not there, under the name of the one that is.
fn orphan_of_the_name(who: Who, thing: Thing) -> Try {
    let gone = with(&missing(), "/0/name", &json!(OWNER));
    changes(who, thing, json!({"metadata": {"ownerReferences": gone}}))
}

fn disown(who: Who, thing: Thing) -> Try {
    changes(who, thing, json!({"metadata": {"ownerReferences": null}}))
}

fn status(who: Who) -> Try {
    changes(who, Thing::AgreementStatus, json!({"status": {"phase": "Agreed"}}))
}

fn issue(who: Who) -> Try {
    Try(who, Does::MakesOrderRequest)
}

pub fn withdraw() -> Value {
    json!({"action": "Withdraw", "reason": "changed their mind"})
}

fn confirm() -> Value {
    json!({"action": "Confirm", "statements": ["Understood"]})
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

fn decide() -> Vec<Weakening> {
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

fn append_only() -> Vec<Weakening> {
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

fn outcome() -> Vec<Weakening> {
    let weak = |what, text, instead, attack, control| weak("outcome", what, text, instead, attack, control);
    let operator = "== 'system:serviceaccount:countersign-system:countersign'";
    vec![
        weak(
            "UPDATE of a status",
            "[\"CREATE\", \"UPDATE\"]",
            "[\"CREATE\"]",
            status(Who::Admin),
            issue(Who::Admin),
        ),
        weak(
            "the status",
            "[\"customeragreements/status\"]",
            "[\"customeragreements/scale\"]",
            status(Who::Clerk),
            issue(Who::Clerk),
        ),
        weak(
            "order requests",
            "resources: [\"orderrequests\"]",
            "resources: [\"orderrequests/status\"]",
            issue(Who::Clerk),
            status(Who::Clerk),
        ),
        weak(
            "the operator and nobody of that name",
            operator,
            ".endsWith(':countersign')",
            status(Who::Imposter),
            status(Who::Clerk),
        ),
        weak(
            "nobody but the operator",
            operator,
            "!= 'clerk@countersign.example'",
            issue(Who::Admin),
            issue(Who::Clerk),
        ),
        weak(
            "refusing instead of warning",
            "validationActions: [Deny, Audit]",
            "validationActions: [Warn, Audit]",
            status(Who::Admin),
            issue(Who::Clerk),
        ),
        weak(
            "nobody is left out",
            "  validations:\n",
            "  matchConditions:\n  - name: no-tools\n    expression: request.userInfo.username != 'gitops@countersign.example'\n  validations:\n",
            status(Who::Gitops),
            status(Who::Clerk),
        ),
    ]
}

fn order_requests() -> Vec<Weakening> {
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

fn kept() -> Vec<Weakening> {
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

fn unowned() -> Vec<Weakening> {
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

fn definitions() -> Vec<Weakening> {
    use Thing::{BareDefinition, Definition};
    let weak =
        |what, text, instead, attack, control| weak("definitions", what, text, instead, attack, control);
    vec![
        weak(
            "the annotation that counts",
            " && 'countersign.dev/confirm-deletion' in oldObject.metadata.annotations",
            "",
            deletes(Who::Admin, Definition),
            deletes(Who::Admin, BareDefinition),
        ),
        weak(
            "all of ours",
            "oldObject.spec.group == 'countersign.dev'",
            "oldObject.spec.group == 'countersign.dev' && !has(oldObject.metadata.annotations)",
            deletes(Who::Clerk, Definition),
            deletes(Who::Clerk, BareDefinition),
        ),
        weak(
            "refusing instead of warning",
            "validationActions: [Deny, Audit]",
            "validationActions: [Warn, Audit]",
            deletes(Who::Clerk, Definition),
            deletes(Who::Clerk, BareDefinition),
        ),
    ]
}

fn protected_namespaces() -> Vec<Weakening> {
    use Thing::{BareNamespace, Namespace};
    let weak = |what, text, instead, attack, control| {
        weak("protected-namespaces", what, text, instead, attack, control)
    };
    vec![
        weak(
            "the annotation that counts",
            " && 'countersign.dev/confirm-deletion' in oldObject.metadata.annotations",
            "",
            deletes(Who::Admin, Namespace),
            deletes(Who::Admin, BareNamespace),
        ),
        weak(
            "whatever the label's value",
            "'countersign.dev/protected' in oldObject.metadata.labels",
            "'countersign.dev/protected' in oldObject.metadata.labels && oldObject.metadata.labels['countersign.dev/protected'] == 'true'",
            deletes(Who::Clerk, Namespace),
            deletes(Who::Clerk, BareNamespace),
        ),
        weak(
            "refusing instead of warning",
            "validationActions: [Deny, Audit]",
            "validationActions: [Warn, Audit]",
            deletes(Who::Clerk, Namespace),
            deletes(Who::Clerk, BareNamespace),
        ),
    ]
}

pub fn all() -> Vec<Weakening> {
    [
        decide(),
        append_only(),
        outcome(),
        order_requests(),
        kept(),
        unowned(),
        definitions(),
        protected_namespaces(),
    ]
    .into_iter()
    .flatten()
    .collect()
}
