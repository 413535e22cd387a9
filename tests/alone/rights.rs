//! What the operator may do, and what it does: the same. Read from the audit log of whole lives, which the operator cannot
//! influence, and at its transport for what no audit log has.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use anyhow::{Context, Result, ensure};
use http::Request;
use kube::client::Body;
use serde_json::{Value, json};
use testenv::{AuditEvent, AuditMark, until};
use testkit::alone::installed;
use testkit::operator::{Operator, Tamper};
use testkit::people::{Person, desk, lea, mary, nina, omar};
use testkit::raw::ask;
use testkit::schema::word;
use testkit::stage::Stage;
use testkit::{Cluster, OPERATOR, OPERATOR_NAMESPACE, PATIENCE, documents};

/// Verb, group and resource; and the namespace where that is the operator's own.
type Right = (String, String, String, &'static str);

/// What nobody needs a grant for: `system:basic-user` and `system:discovery` are everybody's.
const OPEN: [&str; 2] =
    ["/apis/countersign.dev/v1alpha1", "/apis/authentication.k8s.io/v1/selfsubjectreviews"];

fn strings(value: &Value, list: &str) -> Vec<String> {
    let list = value[list].as_array().into_iter().flatten();
    list.map(|word| word.as_str().unwrap_or_default().to_owned()).collect()
}

/// The rules of deploy/rbac/operator.yaml, each with the kind of the role that has it.
fn rules() -> Result<Vec<(String, Value)>> {
    let roles = documents("deploy/rbac/operator.yaml")?;
    let rules: Vec<_> = roles
        .iter()
        .flat_map(|role| {
            role["rules"]
                .as_array()
                .into_iter()
                .flatten()
                .map(|rule| (word(role, "/kind").to_owned(), rule.clone()))
        })
        .collect();
    ensure!(!rules.is_empty(), "no rules");
    Ok(rules)
}

fn granted() -> Result<BTreeSet<Right>> {
    let mut rights = BTreeSet::new();
    for (kind, rule) in rules()? {
        let home = if kind == "Role" { OPERATOR_NAMESPACE } else { "" };
        for group in strings(&rule, "apiGroups") {
            for resource in strings(&rule, "resources") {
                for verb in strings(&rule, "verbs") {
                    rights.insert((verb, group.clone(), resource.clone(), home));
                }
            }
        }
    }
    Ok(rights)
}

/// What the operator asked for since the mark.
fn asked(cluster: &Cluster, since: AuditMark) -> Result<Vec<AuditEvent>> {
    let mut events = cluster.plane.audit_since(since)?;
    let operator = format!("system:serviceaccount:{OPERATOR_NAMESPACE}:{OPERATOR}");
    events.retain(|event| event.user.username == operator);
    Ok(events)
}

fn right(event: &AuditEvent) -> Right {
    let about = event.object_ref.clone().unwrap_or_default();
    let resource = about.resource.unwrap_or_default();
    let resource = match about.subresource {
        Some(subresource) => format!("{resource}/{subresource}"),
        None => resource,
    };
    // Decisions are made in its own namespace only, and only to see that they are refused. The lease is there too.
    let home = match (event.verb.as_str(), resource.as_str()) {
        ("create", "agreementdecisions") | (_, "leases")
            if about.namespace.as_deref() == Some(OPERATOR_NAMESPACE) =>
        {
            OPERATOR_NAMESPACE
        }
        _ => "",
    };
    (event.verb.clone(), about.api_group.unwrap_or_default(), resource, home)
}

fn rights(events: &[AuditEvent]) -> BTreeSet<Right> {
    events.iter().map(right).collect()
}

/// Whether the operator stopped before the answer came.
fn was_broken_off(event: &AuditEvent) -> bool {
    let status = event.response_status.clone().unwrap_or_default();
    status.code == 504 && status.message.is_some_and(|message| message.ends_with("context canceled"))
}

/// Every path that was asked for, also of what the audit log leaves out.
static PATHS: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());

fn noted(request: &Request<Body>) -> Tamper {
    PATHS.lock().unwrap_or_else(PoisonError::into_inner).insert(request.uri().path().to_owned());
    Tamper::Pass
}

async fn fibre_is_agreed(cluster: &Cluster) -> Result<()> {
    let fibre = Stage::with_agreement(cluster, "fibre").await?;
    fibre.sign_fibre().await?;
    fibre.until_phase("Agreed").await.map(drop)
}

/// As far as the countersignature.
async fn fleet_is_approved(cluster: &Cluster) -> Result<Stage<'_>> {
    let fleet = Stage::with_agreement(cluster, "fleet").await?;
    fleet.until_phase("AwaitingConfirmation").await?;
    let outcomes =
        json!([{"id": "sims", "outcome": "Confirmed"}, {"id": "handsets", "outcome": "Confirmed"}]);
    fleet.confirm(&omar(), outcomes.clone()).await?;
    fleet.confirm(&lea(), outcomes).await?;
    fleet.until_phase("Escalated").await?;
    let approve =
        |function: &str, level: &str| json!({"action": "Approve", "function": function, "level": level});
    fleet.decide(&desk(), approve("finance", "L1")).await?;
    fleet.until_waiting_for("sales L3").await?;
    fleet.decide(&mary(), approve("sales", "L3")).await?;
    fleet.until_phase("AwaitingSignOff").await?;
    fleet.decide(&lea(), json!({"action": "Sign"})).await?;
    fleet.until_waiting_for("Mary Osei").await?;
    Ok(fleet)
}

async fn cafe_is_declined(cluster: &Cluster) -> Result<()> {
    let cafe = Stage::with_agreement(cluster, "cafe").await?;
    cafe.until_phase("AwaitingConfirmation").await?;
    cafe.decide(&nina(), json!({"action": "Decline", "reason": "24 months is too long"})).await?;
    cafe.until_phase("Declined").await.map(drop)
}

#[tokio::test]
async fn the_operator_uses_every_right_that_it_has_and_asks_for_nothing_else() -> Result<()> {
    let turn = installed("rights").await?;
    let cluster = turn.cluster;
    let begin = cluster.plane.audit_mark()?;
    let operator = Operator::start_elected(cluster, noted).await?;
    fibre_is_agreed(cluster).await?;
    cafe_is_declined(cluster).await?;
    let fleet = fleet_is_approved(cluster).await?;
    operator.stop().await?;
    // What another identity finds after a restart is the same work.
    let operator = Operator::start_elected(cluster, noted).await?;
    fleet.decide(&mary(), json!({"action": "Countersign"})).await?;
    fleet.until_phase("Agreed").await?;
    let expected = granted()?;
    let lives = until("the log had all of it", PATIENCE, || async {
        let lives = asked(cluster, begin)?;
        let told = rights(&lives).iter().any(|(_, group, ..)| group == "events.k8s.io");
        Ok(told.then_some(lives))
    })
    .await?;
    operator.stop().await?;

    let used = rights(&lives);
    let (unused, beyond): (Vec<_>, Vec<_>) =
        (expected.difference(&used).collect(), used.difference(&expected).collect());
    assert!(unused.is_empty(), "granted, and never used: {unused:?}");
    assert!(beyond.is_empty(), "asked for, and not granted: {beyond:?}");

    let (mut trials, mut leaseless) = (0, 0);
    for event in lives.iter().filter(|event| !was_broken_off(event)) {
        let code = event.response_status.as_ref().map_or(0, |status| status.code);
        let about = event.object_ref.clone().unwrap_or_default();
        let trial = about.resource.as_deref() == Some("agreementdecisions") && event.verb == "create";
        if about.resource.as_deref() == Some("leases") && code == 404 {
            leaseless += 1;
        } else if trial {
            // The guard's own: never stored, always under the name that alerts leave out, and refused.
            trials += 1;
            assert_eq!(code, 403, "{event:?}");
            assert!(event.request_uri.contains("dryRun=All"), "{event:?}");
            assert_eq!(about.name.as_deref(), Some("countersign-guard-probe"), "{event:?}");
            assert_eq!(about.namespace.as_deref(), Some(OPERATOR_NAMESPACE), "{event:?}");
        } else {
            assert!((200..300).contains(&code), "refused: {event:?}");
        }
    }
    assert!(trials >= 2, "each start of the operator tries a forged decision, and {trials} were tried");
    assert_eq!(leaseless, 1, "the first one finds no lease, and makes it");
    let paths = PATHS.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let groups: BTreeSet<&str> = expected.iter().map(|(_, group, ..)| group.as_str()).collect();
    for path in paths.iter().filter(|path| !OPEN.contains(&path.as_str())) {
        let group = path.strip_prefix("/apis/").map_or("", |path| path.split('/').next().unwrap_or_default());
        let core = path.strip_prefix("/api/v1/").is_none_or(|path| path == "namespaces");
        assert!(groups.contains(group) && core, "asked for {path}");
    }
    for open in OPEN {
        assert!(paths.contains(open), "{open} is not asked for any more");
    }
    Ok(())
}

#[test]
fn no_rule_of_the_operator_reaches_for_more_than_it_names() -> Result<()> {
    for (kind, rule) in rules()? {
        let (groups, resources, verbs) =
            (strings(&rule, "apiGroups"), strings(&rule, "resources"), strings(&rule, "verbs"));
        for word in groups.iter().chain(&resources).chain(&verbs) {
            assert!(!word.contains('*'), "{kind}: {rule}");
        }
        assert!(rule.get("nonResourceURLs").is_none(), "{rule}");
        for forbidden in ["secrets", "configmaps", "serviceaccounts", "roles", "clusterroles", "rolebindings"]
        {
            assert!(!resources.iter().any(|resource| resource.starts_with(forbidden)), "{rule}");
        }
        for forbidden in ["bind", "escalate", "impersonate", "delete", "deletecollection", "update", "purge"]
        {
            assert!(!verbs.iter().any(|verb| verb == forbidden), "{rule}");
        }
        for ours in ["confirm", "sign", "approve", "countersign", "withdraw", "attest"] {
            assert!(!verbs.iter().any(|verb| verb == ours), "the operator decides: {rule}");
        }
    }
    Ok(())
}

/// Whoever holds a role of ours for one thing must not find that it is good for another.
#[test]
fn no_shipped_role_purges_or_reaches_beyond_itself() -> Result<()> {
    for file in ["deploy/rbac/roles.yaml", "deploy/rbac/operator.yaml"] {
        for object in documents(file)? {
            let name = word(&object, "/metadata/name");
            assert_eq!(object.get("aggregationRule"), None, "{name}");
            let labels = object.pointer("/metadata/labels").and_then(Value::as_object).context("labels")?;
            assert!(!labels.keys().any(|label| label.starts_with("rbac.authorization.k8s.io/")), "{name}");
            for rule in object["rules"].as_array().into_iter().flatten() {
                for verb in strings(rule, "verbs") {
                    assert!(
                        !["*", "purge", "bind", "escalate", "impersonate"].contains(&verb.as_str()),
                        "{name}: {rule}"
                    );
                }
            }
        }
    }
    Ok(())
}

/// As the server sees it, with all that is bound to it.
#[tokio::test]
async fn the_operator_is_not_allowed_what_it_could_do_harm_with() -> Result<()> {
    let turn = installed("rights").await?;
    let cluster = turn.cluster;
    let admin = cluster.admin()?;
    let namespace = cluster.plane.namespace("harm").await?;
    let operator = Person::account(OPERATOR_NAMESPACE, OPERATOR);
    let groups =
        ["system:serviceaccounts", "system:serviceaccounts:countersign-system", "system:authenticated"];
    let ours = "countersign.dev";
    let may = async |verb: &str, group: &str, resource: &str, namespace: &str| -> Result<bool> {
        let (resource, subresource) = resource.split_once('/').unwrap_or((resource, ""));
        let review = json!({
            "apiVersion": "authorization.k8s.io/v1", "kind": "SubjectAccessReview",
            "spec": {"user": operator.name, "groups": groups, "resourceAttributes": {
                "verb": verb, "group": group, "resource": resource, "subresource": subresource, "namespace": namespace}},
        });
        let answer =
            ask(&admin, "POST", "/apis/authorization.k8s.io/v1/subjectaccessreviews", &review).await?;
        Ok(answer.pointer("/status/allowed") == Some(&json!(true)))
    };
    // The question is asked in the right words.
    assert!(may("patch", ours, "customeragreements/status", &namespace).await?);
    assert!(may("create", ours, "agreementdecisions", OPERATOR_NAMESPACE).await?);
    for (verb, group, resource) in [
        ("create", ours, "agreementdecisions"),
        ("update", ours, "agreementdecisions"),
        ("delete", ours, "agreementdecisions"),
        ("patch", ours, "customeragreements"),
        ("update", ours, "customeragreements"),
        ("delete", ours, "customeragreements"),
        ("confirm", ours, "customeragreements"),
        ("sign", ours, "customeragreements"),
        ("approve", ours, "customeragreements"),
        ("countersign", ours, "customeragreements"),
        ("withdraw", ours, "customeragreements"),
        ("attest", ours, "customeragreements"),
        ("wildcard-canary", ours, "customeragreements"),
        ("purge", ours, "customeragreements"),
        ("patch", ours, "orderrequests"),
        ("patch", ours, "orderrequests/status"),
        ("delete", ours, "orderrequests"),
        ("patch", ours, "delegationpolicies"),
        ("patch", ours, "standardterms"),
        ("get", "", "secrets"),
        ("list", "", "secrets"),
        ("create", "", "serviceaccounts/token"),
        ("impersonate", "", "users"),
        ("delete", "coordination.k8s.io", "leases"),
        ("update", "coordination.k8s.io", "leases"),
        ("patch", "", "namespaces"),
        ("bind", "rbac.authorization.k8s.io", "clusterroles"),
        ("escalate", "rbac.authorization.k8s.io", "clusterroles"),
        ("create", "rbac.authorization.k8s.io", "rolebindings"),
        ("patch", "admissionregistration.k8s.io", "validatingadmissionpolicies"),
        ("delete", "admissionregistration.k8s.io", "validatingadmissionpolicybindings"),
        ("patch", "apiextensions.k8s.io", "customresourcedefinitions"),
    ] {
        assert!(!may(verb, group, resource, &namespace).await?, "the operator may {verb} {resource}");
        let home = resource == "agreementdecisions" && verb == "create";
        assert!(home || !may(verb, group, resource, OPERATOR_NAMESPACE).await?, "{verb} {resource} at home");
    }
    Ok(())
}
