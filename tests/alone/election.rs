//! Two operators as processes, with the rights that are shipped: frozen, killed and stopped in the middle of lives.

use std::time::Duration;

use anyhow::{Context, Result, anyhow};
use countersign_api::OrderRequest;
use serde_json::{Value, json};
use testenv::until;
use testkit::alone::installed;
use testkit::people::{eva, jonas};
use testkit::process::{Program, get};
use testkit::stage::{Stage, phase_of};
use testkit::{Cluster, OPERATOR, OPERATOR_NAMESPACE, PATIENCE, raw};

const COUNTERSIGN: &str = env!("CARGO_BIN_EXE_countersign");
/// A lease of 30 seconds, and what a busy machine adds.
const TAKING_OVER: Duration = Duration::from_secs(120);
const LEADING: &str = "countersign_leader_election_master_status 1";

/// Starts one of several, and waits until it is ready.
async fn replica(cluster: &Cluster) -> Result<(Program, String)> {
    let kubeconfig = cluster.plane.service_account_kubeconfig(OPERATOR_NAMESPACE, OPERATOR).await?;
    let kubeconfig = kubeconfig.to_str().context("a path that is not text")?;
    let program = Program::run(
        COUNTERSIGN,
        &["run", "--listen", "127.0.0.1:0", "--kubeconfig", kubeconfig, "--leader-elect"],
    )?;
    let address = program.address().await?;
    until("it was ready", PATIENCE, || async {
        match get(&address, "/readyz")? {
            (200, _) => Ok(Some(())),
            (_, body) => Err(anyhow!(body)),
        }
    })
    .await?;
    Ok((program, address))
}

fn leads(address: &str) -> Result<bool> {
    Ok(get(address, "/metrics")?.1.lines().any(|line| line == LEADING))
}

async fn until_leading(address: &str) -> Result<()> {
    until("it led", TAKING_OVER, || async { Ok(leads(address)?.then_some(())) }).await
}

async fn holder(cluster: &Cluster) -> Result<Value> {
    let path = format!("/apis/coordination.k8s.io/v1/namespaces/{OPERATOR_NAMESPACE}/leases/countersign");
    let lease = raw::ask(&cluster.admin()?, "GET", &path, &Value::Null).await?;
    Ok(lease["spec"]["holderIdentity"].clone())
}

/// The phases that were written, each once: what a second hand writes again is a state more.
async fn phases(stage: &Stage<'_>) -> Result<Vec<String>> {
    Ok(stage.history().await?.iter().map(|agreement| phase_of(agreement).to_owned()).collect())
}

async fn was_passed_on_once(stage: &Stage<'_>) -> Result<()> {
    stage.until_phase("Agreed").await?;
    let key = format!("orderrequests/{}/", stage.namespace);
    let revisions = stage.cluster.plane.history_of::<OrderRequest>(&key).await?;
    assert_eq!(revisions.len(), 1, "created once and never written again");
    Ok(())
}

/// A life goes on when whoever leads is frozen comes back is killed or told to stop.
#[tokio::test]
async fn a_life_goes_on_when_the_leader_is_frozen_killed_or_stopped() -> Result<()> {
    let turn = installed("election").await?;
    let cluster = turn.cluster;
    let (mut first, first_address) = replica(cluster).await?;
    until_leading(&first_address).await?;
    let (second, second_address) = replica(cluster).await?;
    second.said("Standing by: another operator holds the lease").await?;

    // Frozen as it waits for the second signature. It cannot know that it is not the first any more.
    let stage = Stage::with_agreement(cluster, "fibre").await?;
    stage.confirm_fibre().await?;
    stage.until_phase("AwaitingSignOff").await?;
    stage.decide(&eva(), json!({"action": "Sign"})).await?;
    stage.until_waiting_for("Jonas Berg").await?;
    assert!(!leads(&second_address)?);
    let before = phases(&stage).await?.len();
    first.signal("STOP")?;
    stage.decide(&jonas(), json!({"action": "Countersign"})).await?;
    until_leading(&second_address).await?;
    was_passed_on_once(&stage).await?;

    // Back again it has in its memory what to do next, and must not do it.
    first.signal("CONT")?;
    first.said("Lost the lease").await?;
    first.said("Standing by: another operator holds the lease").await?;
    assert!(!leads(&first_address)? && leads(&second_address)?);
    let after = phases(&stage).await?;
    assert_eq!(after[before..], ["IssuingOrders", "Agreed"], "each state was written by one of them");
    was_passed_on_once(&stage).await?;

    // Killed, it leaves a lease behind that is somebody's until it ends.
    drop(second);
    let stage = Stage::with_agreement(cluster, "fibre").await?;
    until_leading(&first_address).await?;
    stage.sign_fibre().await?;
    was_passed_on_once(&stage).await?;

    // Told to stop, it leaves one that is nobody's.
    assert!(first.terminate().await?.success());
    assert_eq!(holder(cluster).await?, Value::Null);
    Ok(())
}
