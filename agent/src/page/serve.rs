//! Serves the page.

use std::{fmt, io, sync::Arc};

use axum::{
    Router,
    extract::{RawQuery, State},
    http::{StatusCode, header},
    middleware,
    response::{Html, IntoResponse, Response},
    routing::get,
    serve::Listener,
};
use maud::Markup;
use tokio::task::spawn_blocking;

use super::{
    Bounded, Known,
    claims::Found,
    frame::{self, View},
    guard::{Hosts, guard},
    query::Query,
    views,
};
use crate::now::Snapshot;

/// How the pages look.
const STYLE: &str = include_str!("style.css");

/// What the page is made of.
#[derive(Clone, Debug)]
pub struct Basis {
    /// What is known, and whom to ask.
    pub known: Arc<Known>,
    /// Names by which the page may be asked for.
    pub hosts: Vec<String>,
}

/// Serves until the task is dropped.
///
/// # Errors
/// The listener's.
pub async fn serve<L>(listener: L, basis: Basis) -> io::Result<()>
where
    L: Listener,
    L::Addr: fmt::Debug,
{
    axum::serve(Bounded::new(listener), router(basis)).await
}

pub(super) fn router(basis: Basis) -> Router {
    Router::new()
        .route("/", get(now))
        .route("/findings", get(findings))
        .route("/coverage", get(coverage))
        .route("/claims", get(claims))
        .route("/style.css", get(style))
        .fallback(nothing)
        .layer(middleware::from_fn_with_state(
            Hosts::new(&basis.hosts),
            guard,
        ))
        .with_state(basis.known)
}

async fn style() -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "text/css; charset=utf-8")], STYLE)
}

async fn nothing() -> impl IntoResponse {
    let there = "there is no such page: /, /findings, /coverage and /claims are there\n";
    (StatusCode::NOT_FOUND, there)
}

async fn now(State(known): State<Arc<Known>>, RawQuery(query): RawQuery) -> Response {
    page(&known, View::Now, query, |snapshot, query, _| {
        views::now(snapshot, query)
    })
    .await
}

async fn findings(State(known): State<Arc<Known>>, RawQuery(query): RawQuery) -> Response {
    page(&known, View::Findings, query, |snapshot, _, _| {
        views::findings(snapshot)
    })
    .await
}

async fn coverage(State(known): State<Arc<Known>>, RawQuery(query): RawQuery) -> Response {
    page(&known, View::Coverage, query, |snapshot, _, _| {
        views::coverage(snapshot)
    })
    .await
}

async fn claims(State(known): State<Arc<Known>>, RawQuery(query): RawQuery) -> Response {
    page(&known, View::Claims, query, |snapshot, _, claims| {
        views::claims(snapshot, claims)
    })
    .await
}

/// What is known of claims, and whether something newer is on its way.
pub(super) type Claims = (Option<Arc<Found>>, bool);

/// A page around what is so now, made away from the recording loop.
async fn page(
    known: &Known,
    view: View,
    query: Option<String>,
    content: impl FnOnce(&Snapshot, &Query, &Claims) -> Markup + Send + 'static,
) -> Response {
    let query = match Query::read(&query.unwrap_or_default()) {
        Ok(query) => query,
        Err(why) => return (StatusCode::BAD_REQUEST, why + "\n").into_response(),
    };
    let snapshot = match known.now(&query.wanted).await {
        Ok(snapshot) => snapshot,
        Err(why) => return (StatusCode::SERVICE_UNAVAILABLE, why + "\n").into_response(),
    };
    let claims = match view {
        View::Claims => known.claims.look(snapshot.time),
        _ => (None, false),
    };
    let written = spawn_blocking(move || {
        let content = content(&snapshot, &query, &claims);
        frame::document(view, &snapshot, &query, &content).into_string()
    });
    match written.await {
        Ok(text) => Html(text).into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}
