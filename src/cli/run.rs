//! `countersign run`.

use std::io::IsTerminal;
use std::net::SocketAddr;
use std::time::Duration;

use clap::{Args, ValueEnum};
use countersign::controller::{self, Election, Options};
use countersign::serve;
use kube::config::{Config, KubeConfigOptions, Kubeconfig};
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::EnvFilter;

use super::outcome::Outcome;

#[derive(Args)]
pub(crate) struct Run {
    /// Address for probes and metrics; port 0 picks a free one, which is logged.
    #[arg(long, env = "COUNTERSIGN_LISTEN", default_value = "0.0.0.0:8080")]
    listen: SocketAddr,
    /// Serve only this namespace; may be given several times. All by default.
    #[arg(
        long = "namespace",
        value_name = "NAMESPACE",
        env = "COUNTERSIGN_NAMESPACES",
        value_delimiter = ','
    )]
    namespaces: Vec<String>,
    /// Stand for the lease `countersign` in the namespace of the connection, and act only while holding it. For several
    /// replicas, all of which need it: one at a time acts, and the others take over when it goes.
    #[arg(long, env = "COUNTERSIGN_LEADER_ELECT", value_parser = clap::builder::BoolishValueParser::new(), num_args = 0..=1, require_equals = true, default_value = "false", default_missing_value = "true")]
    leader_elect: bool,
    /// Everything is listed again after so many seconds, whatever the watches have shown. From 10 to a day.
    #[arg(long, env = "COUNTERSIGN_RESYNC_SECONDS", default_value = "3600", value_parser = clap::value_parser!(u32).range(10..=86_400))]
    resync_seconds: u32,
    /// How logs are written. By default readable on a terminal, JSON elsewhere.
    #[arg(long, env = "COUNTERSIGN_LOG_FORMAT")]
    log_format: Option<LogFormat>,
    /// Path to a kubeconfig. By default as kubectl does it, and in a pod its service account.
    #[arg(long)]
    kubeconfig: Option<std::path::PathBuf>,
    /// Context in the kubeconfig.
    #[arg(long)]
    context: Option<String>,
}

#[derive(Clone, Copy, ValueEnum)]
enum LogFormat {
    Json,
    Text,
}

pub(crate) fn run(run: Run) -> Outcome {
    start_logs(run.log_format);
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(operate(run))
}

async fn operate(run: Run) -> Outcome {
    let listener =
        serve::listen(run.listen).await.map_err(|e| format!("cannot listen on {}: {e}", run.listen))?;
    let config = connection(run.kubeconfig, run.context).await?;
    let options = Options {
        namespaces: run.namespaces,
        instance: instance(),
        election: run.leader_elect.then(|| Election::in_namespace(&config.default_namespace)),
        resync: Duration::from_secs(run.resync_seconds.into()),
        ..Options::default()
    };
    let served = serve::Served {
        health: options.health.clone(),
        metrics: options.metrics.clone(),
        clock: options.clock.clone(),
    };
    let stop = stop_signal()?;
    tokio::select! {
        ended = serve::serve(listener, served) => {
            ended.map_err(|e| format!("probes and metrics ended: {e}"))?;
            Err("probes and metrics ended".into())
        }
        operated = controller::run(options, config, stop) => Ok(operated?),
    }
}

async fn connection(path: Option<std::path::PathBuf>, context: Option<String>) -> Result<Config, String> {
    let choice = KubeConfigOptions { context, ..KubeConfigOptions::default() };
    match path {
        Some(path) => {
            let kubeconfig =
                Kubeconfig::read_from(&path).map_err(|e| format!("cannot read {}: {e}", path.display()))?;
            Config::from_custom_kubeconfig(kubeconfig, &choice)
                .await
                .map_err(|e| format!("{}: {e}", path.display()))
        }
        None if choice.context.is_some() => Config::from_kubeconfig(&choice)
            .await
            .map_err(|e| format!("no use can be made of the kubeconfig: {e}")),
        None => Config::infer().await.map_err(|e| format!("no API server is known: {e}")),
    }
}

/// In a pod its name, elsewhere that of the machine.
fn instance() -> String {
    let name = std::env::var("POD_NAME").or_else(|_| std::env::var("HOSTNAME"));
    name.or_else(|_| std::fs::read_to_string("/etc/hostname").map(|name| name.trim().to_owned()))
        .unwrap_or_else(|_| "countersign".to_owned())
}

fn stop_signal() -> std::io::Result<impl Future<Output = ()>> {
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}

fn start_logs(format: Option<LogFormat>) {
    let terminal = std::io::stderr().is_terminal();
    let format = format.unwrap_or(if terminal { LogFormat::Text } else { LogFormat::Json });
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    let logs = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    match format {
        LogFormat::Json => logs.json().flatten_event(true).init(),
        LogFormat::Text => logs.with_ansi(terminal).init(),
    }
    std::panic::set_hook(Box::new(|panic| {
        tracing::error!(panic = panic.to_string(), "Panicked");
    }));
}
