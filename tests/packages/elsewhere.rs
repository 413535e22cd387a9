//! The chart in another namespace, under another account, for two namespaces: with the rights it gives and no others.

use anyhow::Result;
use serde_json::{Value, json};
use testenv::{ControlPlane, admission_older_than};

use crate::life::{phase, until_phase};
use crate::manifests::{of_kind, rendered};
use crate::pages::Terminal;
use crate::pod::Pod;
use crate::tools::chart;
use testkit::{PATIENCE, raw};

/// In another namespace it serves those that it was told and sees no other.
#[tokio::test]
async fn in_another_namespace_it_serves_only_those_that_it_was_told() -> Result<()> {
    let plane = ControlPlane::start().await?;
    let admin = plane.admin()?;
    let terminal = Terminal::of_an_admin(&plane)?;
    let options =
        ["--values", "deploy/chart/ci/two-namespaces-values.yaml", "--set", "serviceAccount.name=op"];
    terminal.give(
        &format!(
            "for name in customers-north customers-south elsewhere; do kubectl create namespace $name; done\n\
             helm install agreements deploy/chart --namespace contracts --create-namespace {}\n\
             kubectl apply --filename examples/common/",
            options.join(" ")
        ),
        &[],
    )?;
    let pod = Pod::of(&plane, of_kind(&rendered(&chart(), "contracts", &options)?, "Deployment")[0]).await?;
    pod.until_guarded().await?;
    admission_older_than(&admin, std::time::Duration::from_secs(10), PATIENCE).await?;
    terminal.give("kubectl apply --namespace elsewhere --filename examples/fibre/", &[])?;
    for namespace in ["customers-north", "customers-south"] {
        terminal.give(&format!("kubectl apply --namespace {namespace} --filename examples/fibre/"), &[])?;
        until_phase(&plane, namespace, "AwaitingConfirmation").await?;
    }
    assert_eq!(phase(&plane, "elsewhere").await?, "", "nobody asked for that one");

    let operator = plane.service_account("contracts", "op").await?;
    for (namespace, code) in [("customers-north", 200), ("elsewhere", 403), ("contracts", 200)] {
        let path = raw::path("agreementdecisions", namespace);
        let answer = raw::send(&operator, "GET", &path, &Value::Null).await;
        assert_eq!(answer.map_or_else(|refusal| refusal.code, |_| 200), code, "{namespace}");
    }
    let status = format!("{}/norrland-timber-fibre/status", raw::path("customeragreements", "elsewhere"));
    let forged =
        raw::send(&admin, "PATCH", &status, &json!({"status": {"phase": "Agreed"}})).await.unwrap_err();
    assert!(forged.by_policy("outcome"), "{forged:?}");
    pod.stop().await
}
