//! The example as a program.

use std::io::IsTerminal;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use clap::Parser;
use kube::Client;
use kube::config::{Config, KubeConfigOptions, Kubeconfig};
use order_consumer::controller::{Options, run};
use order_consumer::folder::Folder;
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::EnvFilter;

/// Takes order requests over, makes one pretend customer order from each, and reports it back
#[derive(Debug, Parser)]
#[command(version)]
struct Arguments {
    /// The consumer's name, the same in all of its replicas
    #[arg(long, default_value = "order-desk")]
    name: String,
    /// Serve only this namespace. All by default
    #[arg(long)]
    namespace: Option<String>,
    /// Serve only orders of this category. All by default
    #[arg(long)]
    category: Option<String>,
    /// Folder of the pretend order system, shared by all replicas
    #[arg(long, value_name = "FOLDER")]
    orders: PathBuf,
    /// Seconds that the order system needs to answer
    #[arg(long, value_name = "SECONDS", default_value = "0", value_parser = seconds)]
    answers_after: Duration,
    /// Seconds that an order needs to be done
    #[arg(long, value_name = "SECONDS", default_value = "5", value_parser = seconds)]
    takes: Duration,
    /// Let every NUMBERth call fail, alternately before and after the order was made. 0 for none
    #[arg(long, value_name = "NUMBER", default_value_t = 0)]
    fails_every: u64,
    /// Let orders with this product offering fail; can be repeated
    #[arg(long, value_name = "OFFERING")]
    unobtainable: Vec<String>,
    /// Seconds after which a replica takes over from the one that took a request; must be more than 10
    #[arg(long, value_name = "SECONDS", default_value = "60", value_parser = seconds)]
    stand_in_after: Duration,
    /// Path to a kubeconfig. By default the one that kubectl uses; in a pod the service account
    #[arg(long)]
    kubeconfig: Option<PathBuf>,
    /// Context in the kubeconfig
    #[arg(long)]
    context: Option<String>,
}

fn seconds(text: &str) -> Result<Duration, String> {
    text.parse().map(Duration::from_secs).map_err(|error| format!("must be whole seconds: {error}"))
}

fn main() -> ExitCode {
    let terminal = std::io::stderr().is_terminal();
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    let logs = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    if terminal {
        logs.init();
    } else {
        logs.json().flatten_event(true).init();
    }
    match operate(Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!(error = format!("{error:#}"), "Ended");
            ExitCode::FAILURE
        }
    }
}

#[tokio::main]
async fn operate(arguments: Arguments) -> Result<()> {
    let path = &arguments.orders;
    let mut folder = Folder::at(path).with_context(|| format!("cannot keep orders in {}", path.display()))?;
    folder.answers_after = arguments.answers_after;
    folder.takes = arguments.takes;
    folder.fails_every = arguments.fails_every;
    folder.unobtainable = arguments.unobtainable;
    let options = Options {
        namespace: arguments.namespace,
        category: arguments.category,
        stand_in_after: arguments.stand_in_after,
        ..Options::named(&arguments.name)
    };
    ensure!(
        options.stand_in_after > options.deadline,
        "`--stand-in-after` must be more than {} seconds, because the order system has that long to answer; it is {}",
        options.deadline.as_secs(),
        options.stand_in_after.as_secs()
    );
    let client = Client::try_from(connection(arguments.kubeconfig, arguments.context).await?)?;
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    let stop = async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        tracing::info!("Shutting down");
    };
    tracing::info!(name = options.name, orders = %path.display(), "Started");
    run(client, folder, options, stop).await?;
    tracing::info!("Stopped");
    Ok(())
}

async fn connection(path: Option<PathBuf>, context: Option<String>) -> Result<Config> {
    let choice = KubeConfigOptions { context, ..KubeConfigOptions::default() };
    match path {
        Some(path) => {
            let named = || format!("cannot use {}", path.display());
            let kubeconfig = Kubeconfig::read_from(&path).with_context(named)?;
            Config::from_custom_kubeconfig(kubeconfig, &choice).await.with_context(named)
        }
        None if choice.context.is_some() => Ok(Config::from_kubeconfig(&choice).await?),
        None => Config::infer().await.context("no API server is known"),
    }
}
