//! For each rule of the admission policies a version of it that is weaker, and an attack that notices: let through where

//! the policy is weakened, refused where it is as it ships. So no rule can get lost without a test that fails.
//!
//! All weakened versions are installed at once, each for a namespace (or for cluster-wide objects with a label) of its own.
//! There, every other policy is in force as it ships: an attack that another policy refuses as well would show nothing.
//! The control is something that the weakened version still refuses, so that one knows that it is in force.
//!
//! Not tried, for no request can tell: `failurePolicy` and `errored()`, because no request that the schemas let through
//! makes an expression or this server's authorizer fail (the guard compares them); the subresources of decisions, which
//! have none; and CREATE of a status, which is dropped when it comes with the spec. The three names of the collector are
//! needed for a namespace to go, and tests/cluster/admission.rs deletes some.
mod policies;
mod table;
mod who;

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result, bail, ensure};
use countersign_api::GROUP;
use futures::stream::{self, StreamExt, TryStreamExt};
use http::Request;
use kube::Client;
use kube::client::Body;
use policies::{bound, pair, parts, texts};
use serde_json::{Value, json};
use table::{Weakening, all, withdraw};
use testenv::until;
use testkit::alone::bare;
use testkit::raw::{ask, path};
use testkit::schema::{with, word};
use testkit::{Cluster, DEFINITIONS, PATIENCE, decision, shipped};
use who::{AGREEMENT, EVERYBODY, OWNER, Place, Thing, Try, Who, object};

const AT_ONCE: usize = 8;

/// Parts of policies that no entry takes away, and why.
const NOT_TRIED: [(&str, &[&str]); 2] = [
    (
        "for one kind of request only, so nothing would show that the weakened version is in force",
        &[
            "decide: resourceRules[0]",
            "definitions: resourceRules[0]",
            "definitions: matchConstraints",
            "protected-namespaces: resourceRules[0]",
            "protected-namespaces: matchConstraints",
        ],
    ),
    ("words, or something whose loss only refuses more", &["decide: variable who", "decide: variable extra"]),
];

// ---- The stage -----------------------------------------------------------------------------------------------------

/// A client for each, with the rights that they need.
async fn people(cluster: &Cluster) -> Result<BTreeMap<Who, Client>> {
    let admin = cluster.admin()?;
    for yaml in shipped("deploy/rbac")? {
        cluster.plane.apply_yaml(&admin, &yaml).await?;
    }
    let elsewhere = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "elsewhere"}});
    ask(&admin, "POST", "/api/v1/namespaces", &elsewhere).await?;
    for who in [Who::Callback, Who::Imposter] {
        let person = who.person();
        let (_, name) = person.service_account().context("a service account")?;
        let account = json!({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": name}});
        ask(&admin, "POST", "/api/v1/namespaces/elsewhere/serviceaccounts", &account).await?;
    }
    cluster.grant("elsewhere", "countersign-confirmer", &Who::Away.person()).await?;
    let granted = stream::iter(EVERYBODY).map(|who| async move {
        let (roles, rules) = who.rights();
        for role in roles {
            cluster.grant_everywhere(role, &who.person()).await?;
        }
        if rules.as_array().is_some_and(|rules| !rules.is_empty()) {
            cluster.allow_everywhere(&who.person(), &rules).await?;
        }
        anyhow::Ok((who, cluster.client(&who.person()).await?))
    });
    granted.buffer_unordered(AT_ONCE).try_collect().await
}

/// A place for a weakened policy, or, without one, for all of them as they ship.
async fn place(cluster: &Cluster, id: &str, policy: &str) -> Result<Place> {
    let admin = cluster.admin()?;
    let mut here = Place {
        id: id.to_owned(),
        namespace: format!("place-{id}"),
        weakened: policy.to_owned(),
        owner: Value::Null,
    };
    let labels = here.labels();
    let space = |name: &str, extra: Value| {
        let mut metadata = json!({"name": name, "labels": labels});
        for (key, value) in extra.as_object().into_iter().flatten() {
            if key == "labels" {
                metadata["labels"]["countersign.dev/protected"] = value.clone();
            } else {
                metadata[key] = value.clone();
            }
        }
        json!({"apiVersion": "v1", "kind": "Namespace", "metadata": metadata})
    };
    let noted = json!({"countersign.dev/other": "yes"});
    let whole = policy.is_empty();
    let mut objects = vec![("/api/v1/namespaces".to_owned(), space(&here.namespace, json!({})))];
    if whole || policy == "protected-namespaces" {
        let spaces = "/api/v1/namespaces".to_owned();
        objects.push((
            spaces.clone(),
            space(&format!("noted-{id}"), json!({"labels": "yes", "annotations": noted})),
        ));
        objects.push((spaces, space(&format!("bare-{id}"), json!({"labels": "true"}))));
    }
    if whole || policy == "definitions" {
        objects.push((DEFINITIONS.to_owned(), definition("noted", id, &labels, &noted)));
        objects.push((DEFINITIONS.to_owned(), definition("bare", id, &labels, &Value::Null)));
    }
    if whole || ["kept", "unowned"].contains(&policy) {
        for (thing, plural, name) in
            [(Thing::Terms, "standardterms", "terms"), (Thing::Policy, "delegationpolicies", "policy")]
        {
            let metadata = json!({"name": format!("{name}-{id}"), "labels": labels});
            objects.push((path(plural, ""), with(&object(thing)?, "/metadata", &metadata)));
        }
    }
    for (collection, object) in &objects {
        ask(&admin, "POST", collection, object).await?;
    }
    let map = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": OWNER}});
    let map = ask(&admin, "POST", &format!("/api/v1/namespaces/{}/configmaps", here.namespace), &map).await?;
    here.owner =
        json!({"apiVersion": "v1", "kind": "ConfigMap", "name": OWNER, "uid": word(&map, "/metadata/uid")});

    let named =
        |object: &Value, name: &str| with(object, "/metadata", &json!({"name": name, "labels": labels}));
    let owned = |object: &Value| with(object, "/metadata/ownerReferences", &json!([here.owner]));
    let decision = decision::on(AGREEMENT, "00", &Who::Eva.person(), withdraw());
    // The label would be a change that an attack on labels makes.
    let decision = with(&decision, "/metadata", &json!({"name": "made"}));
    let agreement = object(Thing::Agreement)?;
    for (plural, object) in [
        ("agreementdecisions", decision),
        ("customeragreements", named(&agreement, "decided")),
        ("customeragreements", owned(&named(&agreement, "owned"))),
        ("orderrequests", owned(&named(&object(Thing::OrderRequest)?, "issued"))),
    ] {
        ask(&admin, "POST", &path(plural, &here.namespace), &object).await?;
    }
    let decided = json!({"status": {"decidedTime": "2026-11-25T09:12:44Z"}});
    ask(&admin, "PATCH", &here.path(Thing::AgreementStatus), &decided).await?;
    Ok(here)
}

/// A definition of ours that nobody needs.
fn definition(kind: &str, id: &str, labels: &Value, annotations: &Value) -> Value {
    let name = format!("{kind}{id}");
    let definition = json!({
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": {"name": format!("{name}.{GROUP}"), "labels": labels},
        "spec": {
            "group": GROUP, "scope": "Namespaced", "names": {"plural": name, "kind": name},
            "versions": [{"name": "v1alpha1", "served": false, "storage": true,
                          "schema": {"openAPIV3Schema": {"type": "object"}}}],
        },
    });
    if annotations.is_null() { definition } else { with(&definition, "/metadata/annotations", annotations) }
}

/// The definition refuses a change of `spec` by itself; without that, one sees whether the policy does.
async fn let_spec_be_changed(cluster: &Cluster) -> Result<()> {
    let path = format!("{DEFINITIONS}/agreementdecisions.{GROUP}");
    let admin = cluster.admin()?;
    let definition = ask(&admin, "GET", &path, &Value::Null).await?;
    let pointer = "/spec/versions/0/schema/openAPIV3Schema/x-kubernetes-validations";
    let rules = definition.pointer(pointer).and_then(Value::as_array).context("rules of the root")?;
    ensure!(rules.len() == 1 && word(&rules[0], "/rule") == "self.spec == oldSelf.spec", "{rules:?}");
    ask(&admin, "PUT", &path, &with(&definition, pointer, &Value::Null)).await.map(drop)
}

#[derive(Debug)]
struct Answer {
    code: u16,
    message: String,
    /// What policies said that only warn.
    warnings: String,
}

impl Answer {
    fn admitted(&self) -> bool {
        (200..300).contains(&self.code)
    }

    /// Whether the policy of this name had something against it.
    fn objected(&self, name: &str) -> bool {
        let by = format!("ValidatingAdmissionPolicy '{name}'");
        let by_warning = format!("Validation failed for {by}");
        (self.code == 403 || self.code == 422) && self.message.contains(&by)
            || self.warnings.contains(&by_warning)
    }
}

async fn attempt(people: &BTreeMap<Who, Client>, what: &Try, place: &Place) -> Result<Answer> {
    let (method, path, body) = what.request(place)?;
    let kind = if method == "PATCH" { "application/merge-patch+json" } else { "application/json" };
    let bytes = if body.is_null() { Vec::new() } else { body.to_string().into_bytes() };
    let request =
        Request::builder().method(method).uri(format!("{path}?dryRun=All")).header("content-type", kind);
    let client = people.get(&what.0).context("somebody")?;
    let response = client.send(request.body(Body::from(bytes))?).await?;
    let (head, body) = response.into_parts();
    let body: Value = serde_json::from_slice(&body.collect_bytes().await?)?;
    let warnings: Vec<_> = head
        .headers
        .get_all("warning")
        .iter()
        .map(|w| String::from_utf8_lossy(w.as_bytes()).into_owned())
        .collect();
    Ok(Answer {
        code: head.status.as_u16(),
        message: word(&body, "/message").to_owned(),
        warnings: warnings.join("\n"),
    })
}

/// Waits until the policy has something against it: a policy is in force when the server's own watch has seen it.
async fn until_objected(people: &BTreeMap<Who, Client>, what: &Try, place: &Place, name: &str) -> Result<()> {
    until(format_args!("{name} had something against {what:?}"), PATIENCE, || async {
        let answer = attempt(people, what, place).await?;
        if answer.objected(name) { Ok(Some(())) } else { bail!("{answer:?}") }
    })
    .await
}

async fn tried(
    people: &BTreeMap<Who, Client>,
    weakening: &Weakening,
    weakened: (&str, &Place),
    intact: (&str, &Place),
) -> Result<()> {
    until_objected(people, &weakening.attack, intact.1, intact.0).await?;
    let refused = attempt(people, &weakening.attack, intact.1).await?;
    ensure!(!refused.admitted(), "the shipped policy admits it: {refused:?}");
    until_objected(people, &weakening.control, weakened.1, weakened.0).await?;
    let admitted = attempt(people, &weakening.attack, weakened.1).await?;
    ensure!(admitted.admitted(), "the attack does not notice, for something else refuses it: {admitted:?}");
    Ok(())
}

#[tokio::test]
async fn for_every_rule_there_is_an_attack_that_notices_its_loss() -> Result<()> {
    let turn = bare("weakenings").await?;
    let cluster = turn.cluster;
    let admin = cluster.admin()?;
    let_spec_be_changed(cluster).await?;
    let people = people(cluster).await?;
    let weakenings: Vec<(String, Weakening)> =
        all().into_iter().enumerate().map(|(index, weakening)| (format!("m{index:02}"), weakening)).collect();
    let intact = place(cluster, "intact", "").await?;
    let made = stream::iter(&weakenings).map(|(id, weakening)| async move {
        anyhow::Ok((id.clone(), place(cluster, id, weakening.policy).await?))
    });
    let places: BTreeMap<String, Place> = made.buffer_unordered(AT_ONCE).try_collect().await?;

    let mut objects: Vec<[Value; 2]> = Vec::new();
    for (policy, text) in texts()? {
        let elsewhere =
            json!({"matchExpressions": [{"key": "weakened", "operator": "NotIn", "values": [policy]}]});
        objects.push(bound(pair(&text)?, &format!("intact-{policy}"), &policy, &elsewhere));
    }
    for (id, weakening) in &weakenings {
        let policy = weakening.policy;
        let here = json!({"matchLabels": {"mutant": id}});
        objects.push(bound(weakening.weakened()?, &format!("{id}-{policy}"), policy, &here));
    }
    let installed = stream::iter(objects.concat()).map(|object| {
        let admin = admin.clone();
        async move { cluster.plane.apply_yaml(&admin, &object.to_string()).await }
    });
    let _: Vec<_> = installed.buffer_unordered(AT_ONCE).try_collect().await?;

    let outcomes = stream::iter(&weakenings).map(|(id, weakening)| {
        let (people, intact, place) = (&people, &intact, &places[id]);
        async move {
            let policy = weakening.policy;
            let weakened = (format!("{id}-{policy}"), format!("intact-{policy}"));
            let outcome = tried(people, weakening, (&weakened.0, place), (&weakened.1, intact)).await;
            outcome.err().map(|error| format!("{id} {policy}: {}: {error:#}", weakening.what))
        }
    });
    let faults: Vec<String> =
        outcomes.buffer_unordered(AT_ONCE).filter_map(|fault| async move { fault }).collect().await;
    assert!(faults.is_empty(), "{}", faults.join("\n\n"));
    Ok(())
}

/// A rule that is added, and that nobody weakens here, is a rule whose loss nobody would notice.
#[test]
fn no_rule_of_any_policy_is_without_an_attack() -> Result<()> {
    let mut without = Vec::new();
    for (policy, text) in texts()? {
        let shipped = parts(&pair(&text)?);
        let mut lost = BTreeSet::new();
        for weakening in all().iter().filter(|weakening| weakening.policy == policy) {
            let weakened = parts(&weakening.weakened()?);
            ensure!(weakened != shipped, "{policy}: {}: nothing is lost", weakening.what);
            lost.extend(
                shipped
                    .iter()
                    .filter(|(part, is)| weakened.get(*part) != Some(is))
                    .map(|(part, _)| part.clone()),
            );
        }
        let kept = shipped.into_keys().filter(|part| !lost.contains(part));
        without.extend(kept.map(|part| format!("{policy}: {part}")));
    }
    without.retain(|part| !NOT_TRIED.iter().any(|(_, parts)| parts.contains(&part.as_str())));
    assert_eq!(without, [""; 0], "nothing would notice the loss");
    Ok(())
}
