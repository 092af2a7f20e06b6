//! Serves `/metrics`.

use std::{fmt, net::SocketAddr};

use axum::{Router, extract::State, http::header, response::IntoResponse, routing::get};
use tokio::net::TcpListener;

use super::Metrics;

/// Serves `/metrics` until the task is dropped.
///
/// # Errors
/// The listener's.
pub async fn serve(listener: TcpListener, metrics: Metrics) -> std::io::Result<()> {
    let address: Option<SocketAddr> = listener.local_addr().ok();
    tracing::debug!(?address, "serving metrics");
    let router = Router::new()
        .route("/metrics", get(scrape))
        .with_state(metrics);
    axum::serve(listener, router).await
}

async fn scrape(State(metrics): State<Metrics>) -> impl IntoResponse {
    const OPENMETRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    match metrics.text() {
        Ok(text) => Ok(([(header::CONTENT_TYPE, OPENMETRICS)], text)),
        Err(fmt::Error) => Err(axum::http::StatusCode::INTERNAL_SERVER_ERROR),
    }
}
