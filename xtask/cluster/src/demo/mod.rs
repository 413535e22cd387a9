//! `cargo xtask demo`: two agreements on a real control plane, told as a story.

mod cafe;
mod cast;
mod deal;
mod fibre;
mod forgery;
mod install;
mod operator;
mod stay;
mod story;
mod typing;
mod writes;

use std::time::Duration;

use anyhow::{Context, Result};
use testenv::ControlPlane;

use operator::Operator;

/// How long anything here may take before the demo fails.
const PATIENCE: Duration = Duration::from_secs(60);

/// The setting. The operator ends before the control plane does: fields are dropped in this order.
struct Stage {
    operator: Operator,
    plane: ControlPlane,
}

/// Tells the story from beginning to end.
pub(crate) fn run(stay: bool) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(tell(stay))
}

async fn tell(stay: bool) -> Result<()> {
    story::title("Countersign: two customer agreements, from offer to end");
    let stage = set_up().await?;
    let fibre = fibre::play(&stage).await.context("in the scene of Norrland Timber")?;
    let cafe = cafe::play(&stage).await.context("in the scene of Cafe Corner")?;

    story::heading("How it ended");
    deal::table(&[&fibre, &cafe]);
    writes::tell(&stage.plane).await?;
    if stay {
        stay::until_interrupted(&stage).await?;
    }
    anstream::println!();
    story::says(
        "Everything was as it should be. The operator and the control plane stop now, and leave nothing behind.",
    );
    Ok(())
}

async fn set_up() -> Result<Stage> {
    story::heading("A control plane of its own");
    let plane = ControlPlane::start().await?;
    story::says(&format!("etcd, kube-apiserver and kube-controller-manager run at {}.", plane.server_url()));
    install::definitions_and_rules(&plane).await?;
    cast::give_rights(&plane).await?;
    install::catalogue_and_policy(&plane).await?;
    let operator = Operator::start(&plane).await?;
    anstream::println!();
    story::says(&format!(
        "The operator runs with the token of its own service account, as {}; its log is {}.",
        operator::USERNAME,
        operator.log().display()
    ));
    Ok(Stage { operator, plane })
}
