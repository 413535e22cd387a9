//! The life of a release, with the commands of the pages: installed, upgraded, taken back, uninstalled, and left for good.

use std::collections::BTreeSet;
use std::fs;
use std::time::Duration;

use anyhow::{Context, Result, anyhow, ensure};
use countersign_api::CustomerAgreement;
use serde_json::{Value, json};
use testenv::{ControlPlane, admission_older_than, until};

use crate::manifests::{of_kind, rendered};
use crate::pages::Terminal;
use crate::pod::Pod;
use crate::tools::{chart, next};
use testkit::decision::confirm;
use testkit::people::eva;
use testkit::schema::word;
use testkit::stage::{ignored_in, phase_of};
use testkit::{DEFINITIONS, PATIENCE, decision, raw};

const INSTALL: &str = "docs/install.md";
const UPGRADE: &str = "docs/upgrade.md";
const CUSTOMER: &str = "norrland-timber";
const HOME: &str = "countersign-system";
const POLICIES: &str = "/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies";
const BINDINGS: &str = "/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicybindings";

fn agreement_path(namespace: &str) -> String {
    format!("{}/norrland-timber-fibre", raw::path("customeragreements", namespace))
}

async fn agreement(plane: &ControlPlane, namespace: &str) -> Result<CustomerAgreement> {
    let found = raw::ask(&plane.admin()?, "GET", &agreement_path(namespace), &Value::Null).await?;
    Ok(serde_json::from_value(found)?)
}

/// The phase of the fibre agreement there; empty where nobody looked at it.
pub(crate) async fn phase(plane: &ControlPlane, namespace: &str) -> Result<String> {
    Ok(phase_of(&agreement(plane, namespace).await?).to_owned())
}

pub(crate) async fn until_phase(plane: &ControlPlane, namespace: &str, wanted: &str) -> Result<()> {
    until(format_args!("the agreement in {namespace} was {wanted}"), PATIENCE, || async {
        let agreement = agreement(plane, namespace).await?;
        let status = serde_json::to_string(&agreement.status)?;
        if phase_of(&agreement) == wanted { Ok(Some(())) } else { Err(anyhow!("its status is {status}")) }
    })
    .await
}

async fn names(plane: &ControlPlane, path: &str) -> Result<BTreeSet<String>> {
    let list = raw::ask(&plane.admin()?, "GET", path, &Value::Null).await?;
    let items = list["items"].as_array().context("no list")?;
    Ok(items.iter().map(|item| word(item, "/metadata/name").to_owned()).collect())
}

/// How often the operator told that the policies are not in force.
async fn warnings(plane: &ControlPlane) -> Result<usize> {
    let path = format!("/apis/events.k8s.io/v1/namespaces/{HOME}/events");
    let list = raw::ask(&plane.admin()?, "GET", &path, &Value::Null).await?;
    let items = list["items"].as_array().context("no list")?;
    Ok(items.iter().filter(|event| event["reason"] == "GuardInactive").count())
}

/// Eva decides on what she sees.
async fn eva_decides(plane: &ControlPlane, act: Value) -> Result<String> {
    let client = plane.user(&eva().name, &["customers"])?;
    let decision = decision::as_shown(&agreement(plane, CUSTOMER).await?, &eva(), act);
    let made = raw::ask(&client, "POST", &raw::path("agreementdecisions", CUSTOMER), &decision).await?;
    Ok(word(&made, "/metadata/name").to_owned())
}

#[tokio::test]
async fn from_the_first_agreement_to_the_last_no_decision_is_lost_or_forged() -> Result<()> {
    let plane = ControlPlane::start().await?;
    let admin = plane.admin()?;
    let terminal = Terminal::of_an_admin(&plane)?;
    let (first, second) = (chart(), next()?);
    let age = Duration::from_secs(10);

    terminal.follow(INSTALL, "With Helm", &[("0.1.0", &first)])?;
    let deployment = of_kind(&rendered(&first, HOME, &[])?, "Deployment")[0].clone();
    // Started before the policies take effect, it would count nothing for ten seconds after it saw that they do.
    admission_older_than(&admin, age, PATIENCE).await?;
    let pod = Pod::of(&plane, &deployment).await?;
    pod.until_guarded().await?;
    terminal.follow(INSTALL, "The first agreement", &[])?;
    until_phase(&plane, CUSTOMER, "AwaitingConfirmation").await?;
    let (ours, told) = (names(&plane, POLICIES).await?, warnings(&plane).await?);

    // Upgraded while it runs: the policies of both versions are there, and a decision counts.
    terminal.follow(UPGRADE, "Upgrade", &[("0.2.0", second.path())])?;
    let both = names(&plane, POLICIES).await?;
    assert!(both.is_superset(&ours) && both.len() == 2 * ours.len(), "{both:?}");
    let confirmed = eva_decides(&plane, confirm()).await?;
    until_phase(&plane, CUSTOMER, "AwaitingSignOff").await?;
    assert_eq!(ignored_in(&agreement(&plane, CUSTOMER).await?), []);

    // Taken back while the earlier policies are still there: they are as they were.
    terminal.follow(UPGRADE, "Go back", &[])?;
    assert!(names(&plane, POLICIES).await?.is_superset(&ours));
    pod.until_guarded().await?;
    assert_eq!(warnings(&plane).await?, told, "they were in force all the time");
    pod.stop().await?;

    // Upgraded for good.
    terminal.follow(UPGRADE, "Upgrade", &[("0.2.0", second.path())])?;
    terminal.follow(UPGRADE, "Take the earlier policies away", &[])?;
    let theirs: BTreeSet<_> = both.difference(&ours).cloned().collect();
    assert_eq!(names(&plane, POLICIES).await?, theirs);
    assert_eq!(names(&plane, BINDINGS).await?, theirs);

    // Taken back after all: what counted counts, and what follows counts too.
    terminal.follow(UPGRADE, "Go back", &[])?;
    assert!(names(&plane, POLICIES).await?.is_superset(&ours));
    admission_older_than(&admin, age, PATIENCE).await?;
    let pod = Pod::of(&plane, &deployment).await?;
    pod.until_guarded().await?;
    let seen = agreement(&plane, CUSTOMER).await?;
    assert_eq!(phase_of(&seen), "AwaitingSignOff");
    assert_eq!(seen.status.unwrap().confirmation.unwrap().decisions[0].decision, confirmed);
    terminal.give(
        &format!("kubectl create rolebinding signs --namespace {CUSTOMER} --clusterrole countersign-signatory --user {}", eva().name),
        &[],
    )?;
    until("the signature was stored", PATIENCE, || async {
        eva_decides(&plane, json!({"action": "Sign"})).await.map(Some)
    })
    .await?;
    let asks = |agreement: &CustomerAgreement| {
        agreement
            .status
            .iter()
            .flat_map(|status| &status.waiting_for)
            .any(|wait| wait.who.contains("Jonas Berg"))
    };
    until("the provider is asked", PATIENCE, || async {
        Ok(asks(&agreement(&plane, CUSTOMER).await?).then_some(()))
    })
    .await?;
    pod.stop().await?;

    // Exported, and uninstalled.
    let said = terminal.follow(UPGRADE, "Before", &[])?;
    assert!(said.contains("norrland-timber-fibre"), "{said}");
    let kept =
        (names(&plane, POLICIES).await?, names(&plane, BINDINGS).await?, names(&plane, DEFINITIONS).await?);
    terminal.follow(UPGRADE, "Uninstall", &[])?;
    let left =
        (names(&plane, POLICIES).await?, names(&plane, BINDINGS).await?, names(&plane, DEFINITIONS).await?);
    assert_eq!(left, kept, "definitions and policies stay");
    let deployments = format!("/apis/apps/v1/namespaces/{HOME}/deployments");
    assert_eq!(names(&plane, &deployments).await?, BTreeSet::new());
    assert_eq!(phase(&plane, CUSTOMER).await?, "AwaitingSignOff");
    let decision = format!("{}/{confirmed}", raw::path("agreementdecisions", CUSTOMER));
    raw::ask(&admin, "GET", &decision, &Value::Null).await?;
    for (what, method, path, body, policy) in [
        ("deleting a decision", "DELETE", decision.clone(), Value::Null, "append-only"),
        ("deleting an agreement", "DELETE", agreement_path(CUSTOMER), Value::Null, "kept"),
        (
            "writing an outcome",
            "PATCH",
            format!("{}/status", agreement_path(CUSTOMER)),
            json!({"status": {"phase": "Agreed"}}),
            "outcome",
        ),
        (
            "deciding for somebody",
            "POST",
            raw::path("agreementdecisions", CUSTOMER),
            decision::as_shown(&agreement(&plane, CUSTOMER).await?, &eva(), confirm()),
            "decide",
        ),
        (
            "deleting a definition",
            "DELETE",
            format!("{DEFINITIONS}/agreementdecisions.countersign.dev"),
            Value::Null,
            "definitions",
        ),
        (
            "deleting the customer's namespace",
            "DELETE",
            format!("/api/v1/namespaces/{CUSTOMER}"),
            Value::Null,
            "protected-namespaces",
        ),
    ] {
        let refusal = raw::send(&admin, method, &path, &body).await.map(drop).expect_err(what);
        assert!(refusal.by_policy(policy), "{what}: {refusal:?}");
    }

    // Installed again, it takes up what stayed, but not under another name. Then it is left for good.
    let other = format!("helm install other deploy/chart --namespace {HOME}");
    let error = format!("{:#}", terminal.give(&other, &[]).unwrap_err());
    assert!(error.contains("invalid ownership metadata"), "{error}");
    terminal.give(&format!("helm install countersign deploy/chart --namespace {HOME}"), &[])?;
    let pod = Pod::of(&plane, &deployment).await?;
    pod.until_guarded().await?;
    assert_eq!(phase(&plane, CUSTOMER).await?, "AwaitingSignOff");
    pod.stop().await?;
    terminal.follow(UPGRADE, "Uninstall", &[])?;
    terminal.follow(UPGRADE, "Leave for good", &[])?;
    for path in [POLICIES, BINDINGS, DEFINITIONS] {
        assert_eq!(names(&plane, path).await?, BTreeSet::new(), "{path}");
    }
    Ok(())
}

#[tokio::test]
async fn the_kustomization_of_the_page_brings_an_operator_to_life() -> Result<()> {
    let plane = ControlPlane::start().await?;
    let terminal = Terminal::of_an_admin(&plane)?;
    terminal.follow(INSTALL, "With kustomize", &[])?;
    comes_to_life(&plane, &terminal).await
}

#[tokio::test]
async fn the_plain_files_of_the_page_bring_an_operator_to_life() -> Result<()> {
    let plane = ControlPlane::start().await?;
    let terminal = Terminal::of_an_admin(&plane)?;
    terminal.follow(INSTALL, "With plain files", &[])?;
    comes_to_life(&plane, &terminal).await
}

/// Runs what the stored Deployment describes until the first agreement waits for its customer.
async fn comes_to_life(plane: &ControlPlane, terminal: &Terminal) -> Result<()> {
    let path = format!("/apis/apps/v1/namespaces/{HOME}/deployments/countersign");
    let deployment = raw::ask(&plane.admin()?, "GET", &path, &Value::Null).await?;
    let pod = Pod::of(plane, &deployment).await?;
    terminal.follow(INSTALL, "The first agreement", &[])?;
    until_phase(plane, CUSTOMER, "AwaitingConfirmation").await?;
    pod.until_guarded().await?;
    pod.stop().await
}

/// A command that no test follows may be wrong without anybody noticing.
#[test]
fn every_command_of_the_pages_is_followed() -> Result<()> {
    let source = include_str!("life.rs");
    for (page, name) in [(INSTALL, "INSTALL"), (UPGRADE, "UPGRADE")] {
        let text = fs::read_to_string(testkit::root().join(page))?;
        let (mut heading, mut number) = ("", 0);
        for line in text.lines() {
            if let Some(found) = line.strip_prefix('#') {
                heading = found.trim_start_matches('#').trim();
            }
            if line == "```sh" {
                number += 1;
                ensure!(source.contains(&format!("follow({name}, \"{heading}\"")), "{page}: {heading}");
            }
        }
        assert!(number > 2, "{page} has no commands");
    }
    Ok(())
}
