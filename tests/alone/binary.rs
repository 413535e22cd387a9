//! The program itself: what it says while something is missing, on its probes, and how it ends.

use std::process::Command;

use anyhow::{Context, Result, anyhow};
use serde_json::Value;
use testenv::{ControlPlane, until};
use testkit::process::{Program, get};
use testkit::{OPERATOR, OPERATOR_NAMESPACE, PATIENCE, shipped};

const COUNTERSIGN: &str = env!("CARGO_BIN_EXE_countersign");

#[tokio::test]
async fn the_program_waits_for_its_definitions_says_so_and_ends_when_told() -> Result<()> {
    let plane = ControlPlane::start().await?;
    let admin = plane.admin()?;
    for yaml in shipped("deploy/rbac")? {
        plane.apply_yaml(&admin, &yaml).await?;
    }
    let kubeconfig = plane.service_account_kubeconfig(OPERATOR_NAMESPACE, OPERATOR).await?;
    let kubeconfig = kubeconfig.to_str().context("a path that is not text")?;
    let mut program =
        Program::run(COUNTERSIGN, &["run", "--listen", "127.0.0.1:0", "--kubeconfig", kubeconfig])?;
    let address = program.address().await?;

    assert_eq!(get(&address, "/livez")?, (200, "ok\n".to_owned()));
    let missing = until("the program said what is missing", PATIENCE, || async {
        let (status, body) = get(&address, "/readyz")?;
        Ok((status == 503 && body.contains("does not serve")).then_some(body))
    })
    .await?;
    for kind in
        ["standardterms", "delegationpolicies", "customeragreements", "agreementdecisions", "orderrequests"]
    {
        assert!(missing.contains(kind), "{kind} is missing in {missing:?}");
    }

    for definition in shipped("crds")? {
        plane.apply_yaml(&admin, &definition).await?;
    }
    until("the program was ready", PATIENCE, || async {
        match get(&address, "/readyz")? {
            (200, _) => Ok(Some(())),
            (_, body) => Err(anyhow!(body)),
        }
    })
    .await?;
    let (status, metrics) = get(&address, "/metrics")?;
    assert_eq!(status, 200);
    assert!(
        metrics.contains("# HELP countersign_rest_client_requests ") && metrics.ends_with("# EOF\n"),
        "{metrics}"
    );
    let version = format!("countersign_build_info{{version=\"{}\"}} 1\n", env!("CARGO_PKG_VERSION"));
    assert!(metrics.contains(&version), "{metrics}");

    // Ready, it begins to work within milliseconds.
    program.said("Started").await?;
    let ended = program.terminate().await?;
    assert!(ended.success(), "{ended}");
    let log = program.log();
    let said: Vec<&str> = log.iter().filter_map(|line| line["message"].as_str()).collect();
    assert!(log.iter().all(Value::is_object), "every line is JSON where nobody watches: {log:?}");
    for message in ["Waiting for the custom resource definitions", "Started", "Shutting down", "Stopped"] {
        assert!(said.contains(&message), "{message:?} is missing in {said:?}");
    }
    Ok(())
}

#[test]
fn the_program_prints_the_definitions_that_are_shipped() -> Result<()> {
    let output = Command::new(COUNTERSIGN).arg("crds").output()?;
    assert!(output.status.success());
    let printed: Vec<Value> = serde_saphyr::from_multiple(std::str::from_utf8(&output.stdout)?)?;
    let name = |definition: &Value| definition["metadata"]["name"].as_str().unwrap_or_default().to_owned();
    let mut printed: Vec<Value> = printed;
    printed.sort_by_key(name);
    let mut kept = Vec::new();
    for text in shipped("crds")? {
        kept.extend(serde_saphyr::from_multiple::<Value>(&text)?);
    }
    kept.sort_by_key(name);
    assert_eq!(printed, kept);
    Ok(())
}

#[test]
fn a_kubeconfig_that_is_not_there_is_named() -> Result<()> {
    let output = Command::new(COUNTERSIGN)
        .args(["run", "--listen", "127.0.0.1:0", "--kubeconfig", "/nowhere/kubeconfig"])
        .output()?;
    let said = String::from_utf8(output.stderr)?;
    assert!(!output.status.success());
    assert!(said.contains("countersign: cannot read /nowhere/kubeconfig"), "{said}");
    Ok(())
}
