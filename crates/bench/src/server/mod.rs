//! A provider on loopback that costs as little as can be: pages are rendered before the first request. It is a process
//! of its own, so that its work does not count as the client's.

mod child;
pub(crate) mod deals;

use std::io::{Read as _, Write as _};
use std::sync::Arc;

use axum::Router;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::serve::ListenerExt as _;
use bytes::Bytes;
use serde::Deserialize;
use tokio::net::TcpListener;

pub(crate) use self::child::{Server, this_program};
pub(crate) use self::deals::{page as deals_page, pages as deals_pages};
use crate::Result;

#[derive(Clone, Copy, Debug, clap::Args)]
pub(crate) struct Options {
    /// How many deals there are.
    #[arg(long)]
    records: u64,
    /// How many of them are rendered at the start. The others are rendered when they are asked for, so that a long
    /// list takes little memory.
    #[arg(long)]
    rendered: u64,
}

#[derive(Debug)]
struct Pages {
    records: u64,
    rendered: Vec<Bytes>,
}

#[derive(Debug, Deserialize)]
struct Asked {
    limit: Option<u64>,
    cursor: Option<String>,
    updated_since: Option<String>,
    status: Option<String>,
}

/// Serves until the standard input ends, so that it never outlives who started it.
pub(crate) fn run(options: &Options) -> Result<()> {
    let rendered = (0..deals::pages(options.rendered.min(options.records)))
        .map(|page| Bytes::from(deals::page(page, options.records)))
        .collect();
    let pages = Arc::new(Pages { records: options.records, rendered });
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let port = listener.local_addr()?.port();
        let listener = listener.tap_io(|socket| {
            // Only ever slower without it.
            let _ = socket.set_nodelay(true);
        });
        println!("{port}");
        std::io::stdout().flush()?;

        let (closed, input_closed) = tokio::sync::oneshot::channel();
        std::thread::spawn(move || {
            let mut input = std::io::stdin().lock();
            while matches!(input.read(&mut [0; 64]), Ok(1..)) {}
            let _ = closed.send(());
        });
        let router = Router::new()
            .route("/api/v2/deals", get(list))
            .route("/api/v2/deals/archived", get(async || page(Bytes::from_static(EMPTY))))
            .with_state(pages);
        tokio::select! {
            served = async { axum::serve(listener, router).await } => served?,
            _ = input_closed => {}
        }
        Ok(())
    })
}

const EMPTY: &[u8] = br#"{"success":true,"data":[],"additional_data":{"next_cursor":null}}"#;

async fn list(State(pages): State<Arc<Pages>>, Query(asked): Query<Asked>) -> Response {
    // Nothing was deleted, and nothing changes while it is read.
    if asked.status.as_deref() == Some("deleted") || asked.updated_since.is_some() {
        return page(Bytes::from_static(EMPTY));
    }
    // Another page size would be another comparison.
    if asked.limit != Some(deals::PAGE) {
        return (StatusCode::BAD_REQUEST, "only pages of 500 are served").into_response();
    }
    let number = match asked.cursor.as_deref() {
        None => Some(0),
        Some(cursor) => deals::page_of(cursor).filter(|page| *page < deals::pages(pages.records)),
    };
    let Some(number) = number else {
        return (StatusCode::BAD_REQUEST, "there is no such page").into_response();
    };
    let rendered = usize::try_from(number).ok().and_then(|number| pages.rendered.get(number)).cloned();
    page(rendered.unwrap_or_else(|| deals::page(number, pages.records).into()))
}

fn page(body: Bytes) -> Response {
    let headers = [
        ("content-type", "application/json; charset=utf-8"),
        // What the limiter learns from, with more room than is ever used.
        ("x-ratelimit-limit", "1000000"),
        ("x-ratelimit-remaining", "999999"),
        ("x-ratelimit-reset", "2"),
    ];
    (headers, body).into_response()
}
