//! The operator itself, in this process but on a runtime of its own, with its own identity and nothing more.

use std::thread::JoinHandle;

use anyhow::{Context, Result, anyhow};
use countersign::controller::{Clock, Election, Health, Metrics, Options, run, run_over};
use http::{Request, Response};
use kube::client::Body;
use kube::{Client, Config};
use testenv::until;
use tokio::sync::{OnceCell, oneshot};
use tower::BoxError;

use crate::stage::rules;
use crate::{Cluster, OPERATOR, OPERATOR_NAMESPACE, PATIENCE, installed};

/// A running operator. Dropped, it is cut off in the middle of whatever it does, as by a crash.
pub struct Operator {
    /// What it counts.
    pub metrics: Metrics,
    stop: Option<oneshot::Sender<End>>,
    thread: Option<JoinHandle<Result<()>>>,
}

enum End {
    Stop,
    Crash,
}

/// What a test does to a request instead of passing it on unharmed.
pub enum Tamper {
    /// Passes it on.
    Pass,
    /// Never passes it on, and never answers.
    Swallow,
    /// Passes it on, and never answers.
    Deafen,
}

/// Which requests are tampered with.
pub type Tampering = fn(&Request<Body>) -> Tamper;

/// Policies, roles, the rules of the examples, and one operator for all tests of a binary.
pub async fn running() -> Result<&'static Cluster> {
    static OPERATOR: OnceCell<Operator> = OnceCell::const_new();
    let cluster = installed().await?;
    let start = || async {
        rules(cluster).await?;
        Operator::start(cluster, &[]).await
    };
    OPERATOR.get_or_try_init(start).await?;
    Ok(cluster)
}

impl Operator {
    /// Serves these namespaces, or all.
    pub async fn start(cluster: &Cluster, namespaces: &[&str]) -> Result<Self> {
        Self::start_behind(cluster, namespaces, None).await
    }

    /// The same, with somebody between it and the API server.
    pub async fn start_behind(
        cluster: &Cluster,
        namespaces: &[&str],
        tampering: Option<Tampering>,
    ) -> Result<Self> {
        let namespaces = namespaces.iter().map(|namespace| (*namespace).to_owned()).collect();
        Self::launch(cluster, Options { namespaces, ..Options::default() }, tampering).await
    }

    /// One that stands for the lease first, as in a pod, with somebody between it and the API server.
    pub async fn start_elected(cluster: &Cluster, tampering: Tampering) -> Result<Self> {
        let election = Some(Election::in_namespace(OPERATOR_NAMESPACE));
        Self::launch(cluster, Options { election, ..Options::default() }, Some(tampering)).await
    }

    async fn launch(cluster: &Cluster, options: Options, tampering: Option<Tampering>) -> Result<Self> {
        let config = cluster.plane.service_account_config(OPERATOR_NAMESPACE, OPERATOR).await?;
        let (metrics, health) = (options.metrics.clone(), options.health.clone());
        let (stop, stopped) = oneshot::channel();
        let thread = std::thread::Builder::new()
            .name("operator".to_owned())
            .spawn(move || live(options, config, tampering, stopped))?;
        let operator = Self { metrics, stop: Some(stop), thread: Some(thread) };
        ready(&health).await?;
        Ok(operator)
    }

    /// Lets it finish what is under way, as by SIGTERM.
    pub async fn stop(mut self) -> Result<()> {
        self.end(End::Stop)
    }

    fn end(&mut self, end: End) -> Result<()> {
        if let Some(stop) = self.stop.take() {
            stop.send(end).ok();
        }
        match self.thread.take() {
            Some(thread) => thread.join().map_err(|_| anyhow!("the operator panicked"))?,
            None => Ok(()),
        }
    }
}

impl Drop for Operator {
    fn drop(&mut self) {
        self.end(End::Crash).ok();
    }
}

async fn ready(health: &Health) -> Result<()> {
    until("the operator was ready", PATIENCE, || async {
        health.readiness(&Clock::system()).map(Some).map_err(anyhow::Error::msg)
    })
    .await
}

fn live(
    options: Options,
    config: Config,
    tampering: Option<Tampering>,
    stopped: oneshot::Receiver<End>,
) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let outcome = runtime.block_on(async move {
        let (told, shutdown) = oneshot::channel::<()>();
        let shutdown = async {
            shutdown.await.ok();
        };
        let operator = async {
            match tampering {
                None => run(options, config, shutdown).await.context("the operator ended"),
                Some(tampering) => {
                    let client = Client::try_from(config)?;
                    let transport =
                        tower::service_fn(move |request| tamper(client.clone(), tampering, request));
                    run_over(options, transport, shutdown).await.context("the operator ended")
                }
            }
        };
        tokio::pin!(operator);
        tokio::select! {
            ended = &mut operator => ended,
            end = stopped => match end {
                Ok(End::Stop) => {
                    told.send(()).ok();
                    operator.await
                }
                Ok(End::Crash) | Err(_) => Ok(()),
            },
        }
    });
    runtime.shutdown_background();
    outcome
}

async fn tamper(
    client: Client,
    tampering: Tampering,
    request: Request<Body>,
) -> Result<Response<Body>, BoxError> {
    match tampering(&request) {
        Tamper::Pass => Ok(client.send(request).await?),
        Tamper::Swallow => std::future::pending().await,
        Tamper::Deafen => {
            client.send(request).await?;
            std::future::pending().await
        }
    }
}
