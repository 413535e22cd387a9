//! Probes and metrics over HTTP.

use std::net::SocketAddr;

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use tokio::net::TcpListener;

use crate::controller::{Clock, Health, Metrics};

/// What the probes and the metrics speak of.
#[derive(Clone)]
pub struct Served {
    /// Whether the operator is ready.
    pub health: Health,
    /// What it counted.
    pub metrics: Metrics,
    /// What time it is for it.
    pub clock: Clock,
}

/// Answers `/livez`, `/readyz` and `/metrics` for as long as the listener does.
///
/// # Errors
/// When the listener fails.
pub async fn serve(listener: TcpListener, served: Served) -> std::io::Result<()> {
    let router = Router::new()
        .route("/livez", get(|| async { "ok\n" }))
        .route("/readyz", get(readyz))
        .route("/metrics", get(metrics))
        .with_state(served);
    axum::serve(listener, router).await
}

/// Listens. Port 0 picks a free one, which is logged.
///
/// # Errors
/// When the address cannot be listened on.
pub async fn listen(address: SocketAddr) -> std::io::Result<TcpListener> {
    let listener = TcpListener::bind(address).await?;
    tracing::info!(address = %listener.local_addr()?, "Listening for probes and metrics");
    Ok(listener)
}

async fn readyz(State(served): State<Served>) -> Response {
    match served.health.readiness(&served.clock) {
        Ok(()) => "ok\n".into_response(),
        Err(missing) => (StatusCode::SERVICE_UNAVAILABLE, missing + "\n").into_response(),
    }
}

async fn metrics(State(served): State<Served>) -> Response {
    match served.metrics.render() {
        Ok(text) => ([(CONTENT_TYPE, "application/openmetrics-text; version=1.0.0; charset=utf-8")], text)
            .into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}
