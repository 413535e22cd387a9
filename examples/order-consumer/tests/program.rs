//! The program itself, as a process that is killed and another one that is told to stop.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result, anyhow, ensure};
use kube::api::{Api, DynamicObject, PostParams};
use order_consumer::request::resource;
use serde_json::{Value, json};
use testenv::{ControlPlane, PATIENCE, until};

/// As `rights.yaml` has it.
const NAMESPACE: &str = "norrland-timber";

struct Program(Child);

impl Program {
    /// Runs it with the orders in this folder, and lets it log into a file.
    fn run(kubeconfig: &Path, orders: &Path, log: &Path, more: &[&str]) -> Result<Self> {
        let command = Command::new(env!("CARGO_BIN_EXE_order-consumer"))
            .arg("--kubeconfig")
            .arg(kubeconfig)
            .arg("--orders")
            .arg(orders)
            .args(["--namespace", NAMESPACE, "--takes", "0", "--stand-in-after", "11"])
            .args(more)
            .stderr(Stdio::from(fs::File::create(log)?))
            .spawn();
        command.map(Self).context("could not start the program")
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Orders that have their name in the folder.
fn orders(folder: &Path) -> Result<Vec<Value>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "json") {
            found.push(serde_json::from_slice(&fs::read(path)?)?);
        }
    }
    Ok(found)
}

/// The definitions, the roles, and the consumer's account with the rights that `rights.yaml` gives it.
async fn cluster() -> Result<ControlPlane> {
    let plane = ControlPlane::start().await?;
    let admin = plane.admin()?;
    let namespace = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}});
    plane.apply_yaml(&admin, &namespace.to_string()).await?;
    for file in [
        "crds/orderrequests.countersign.dev.yaml",
        "deploy/rbac/roles.yaml",
        "examples/order-consumer/rights.yaml",
    ] {
        let yaml = fs::read_to_string(root().join(file)).with_context(|| file.to_owned())?;
        plane.apply_yaml(&admin, &yaml).await?;
    }
    Ok(plane)
}

fn request() -> Result<DynamicObject> {
    Ok(serde_json::from_value(json!({
        "apiVersion": "countersign.dev/v1alpha1", "kind": "OrderRequest", "metadata": {"name": "deal-o1"},
        "spec": {
            "agreementRef": {"name": "deal", "uid": "0f0f", "revision": 1, "digest": format!("sha256:{:064}", 0)},
            "orderId": "o1", "idempotencyKey": "0f0f-o1", "customer": {"id": "ORG-1", "name": "One"},
            "items": [{"id": "01", "action": "Add", "quantity": 1, "productOffering": {"id": "PO-1", "name": "Fibre"}}],
            "specialHandling": false, "confirmedBy": ["ada@one.example"], "signedOffTime": "2026-11-27T09:12:44Z",
        },
    }))?)
}

async fn until_true(requests: &Api<DynamicObject>, type_: &str) -> Result<Value> {
    until(format_args!("the request was {type_}"), PATIENCE, || async {
        let request = requests.get("deal-o1").await?;
        let conditions = request.data["status"]["conditions"].as_array().cloned().unwrap_or_default();
        let holds = conditions.iter().any(|c| c["type"] == type_ && c["status"] == "True");
        if holds { Ok(Some(request.data["status"].clone())) } else { Err(anyhow!("{conditions:?}")) }
    })
    .await
}

/// Killed between order and report it leaves one order which the next one reports.
#[tokio::test]
async fn killed_between_order_and_report_it_leaves_one_order() -> Result<()> {
    let plane = cluster().await?;
    let (folder, logs) = (tempfile::tempdir()?, tempfile::tempdir()?);
    let kubeconfig = plane.service_account_kubeconfig(NAMESPACE, "order-desk").await?;
    let requests: Api<DynamicObject> = Api::namespaced_with(plane.admin()?, NAMESPACE, &resource());
    requests.create(&PostParams::default(), &request()?).await?;

    // Every call fails, the second one after it has made the order.
    let log = logs.path().join("first");
    let mut first = Program::run(&kubeconfig, folder.path(), &log, &["--fails-every", "1"])?;
    let made = until("an order was made", PATIENCE, || async { Ok(orders(folder.path())?.pop()) }).await;
    let made = made.with_context(|| fs::read_to_string(&log).unwrap_or_default())?;
    let status = until_true(&requests, "Acknowledged").await?;
    first.0.kill()?;
    first.0.wait()?;
    assert!(status["customerOrders"].as_array().is_none_or(Vec::is_empty), "not reported yet: {status}");

    let log = logs.path().join("second");
    let mut second = Program::run(&kubeconfig, folder.path(), &log, &[])?;
    let status = until_true(&requests, "Completed").await;
    let status = status.with_context(|| fs::read_to_string(&log).unwrap_or_default())?;
    assert_eq!(status["customerOrders"][0]["id"], made["id"]);
    assert_eq!(orders(folder.path())?, [made]);

    ensure!(Command::new("kill").args(["-TERM", &second.0.id().to_string()]).status()?.success());
    let process = std::sync::Mutex::new(&mut second.0);
    let ended = until("it ended", PATIENCE, || async { Ok(process.lock().unwrap().try_wait()?) }).await?;
    assert!(ended.success(), "{ended}");
    let said = fs::read_to_string(&log)?;
    let lines = said.lines().map(serde_json::from_str::<Value>).collect::<Result<Vec<_>, _>>()?;
    let last = lines.last().context("it said nothing")?;
    assert_eq!(last["message"], "Stopped", "{said}");
    Ok(())
}

#[test]
fn what_cannot_work_is_said_at_once() -> Result<()> {
    let folder = tempfile::tempdir()?;
    for (more, expected) in [
        (["--kubeconfig", "/nowhere/kubeconfig"], "cannot use /nowhere/kubeconfig"),
        (["--stand-in-after", "5"], "`--stand-in-after` must be more than 10 seconds"),
    ] {
        let output = Command::new(env!("CARGO_BIN_EXE_order-consumer"))
            .arg("--orders")
            .arg(folder.path())
            .args(more)
            .output()?;
        let said = String::from_utf8(output.stderr)?;
        assert!(!output.status.success() && said.contains(expected), "{said}");
    }
    Ok(())
}
