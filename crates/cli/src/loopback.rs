//! The callback on this machine (RFC 8252, section 7.3): a server that answers one request.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use axum::Router;
use axum::extract::{RawQuery, State};
use axum::http::StatusCode;
use axum::response::Html;
use axum::routing::get;
use chrono::{DateTime, Utc};
use secrecy::SecretString;
use tieline::{Error, ErrorKind, Result};
use tokio::net::TcpListener;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;
use url::{Host, Url};

/// How long a browser may take to read the page.
const FAREWELL: Duration = Duration::from_secs(2);

/// A page without anything that came from outside.
macro_rules! page {
    ($text:literal) => {
        concat!(
            "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>Tieline</title><p>",
            $text,
            "</p></html>"
        )
    };
}

type Arrived = (SecretString, oneshot::Sender<bool>);

/// A server at the callback.
#[derive(Debug)]
pub(crate) struct Loopback {
    callback: Url,
    arrived: mpsc::Receiver<Arrived>,
    end: oneshot::Sender<()>,
    server: JoinHandle<io::Result<()>>,
}

/// The browser that waits for a page.
#[derive(Debug)]
pub(crate) struct Browser(oneshot::Sender<bool>);

impl Browser {
    /// Tells the person how it went.
    pub(crate) fn show(self, connected: bool) {
        // A browser that was closed meanwhile needs no page.
        let _gone = self.0.send(connected);
    }
}

impl Loopback {
    /// Listens at the callback, which must be on this machine.
    pub(crate) async fn listen(callback: &Url) -> Result<Self> {
        let refused = |why: &str| {
            Error::new(ErrorKind::Config, format!("the callback {why}"))
                .with_advice("give an address of this machine, such as http://localhost:8765/callback")
        };
        let local = match callback.host() {
            Some(Host::Ipv4(address)) => address.is_loopback(),
            Some(Host::Domain(name)) => name == "localhost",
            _ => false,
        };
        if !local || callback.scheme() != "http" {
            return Err(refused("is not http on this machine"));
        }
        if callback.query().is_some() || callback.fragment().is_some() {
            return Err(refused("has a query or a fragment"));
        }
        let port = callback.port().unwrap_or(80);
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let listener = TcpListener::bind(address).await.map_err(|error| {
            Error::new(ErrorKind::Config, format!("nothing can listen at {address}"))
                .with_advice(
                    "end the program that does, or choose another port with --callback, and register it",
                )
                .with_source(error)
        })?;
        let mut callback = callback.clone();
        let taken = listener.local_addr().map(|address| address.port()).unwrap_or(port);
        // Port 80 is not written.
        if callback.port().is_some() {
            let _fits = callback.set_port(Some(taken));
        }
        let (sender, arrived) = mpsc::channel(1);
        let (end, ended) = oneshot::channel();
        let routes = Router::new().route(callback.path(), get(arrive)).with_state(sender);
        let server = axum::serve(listener, routes).with_graceful_shutdown(async move {
            let _ended = ended.await;
        });
        Ok(Self { callback, arrived, end, server: tokio::spawn(server.into_future()) })
    }

    /// What names this process in place of a browser session: 256 random bits.
    pub(crate) fn session() -> Result<SecretString> {
        let mut random = [0; 32];
        getrandom::fill(&mut random).map_err(|error| {
            Error::new(ErrorKind::Internal, "the system gives no random numbers").with_source(error)
        })?;
        Ok(random.iter().map(|byte| format!("{byte:02x}")).collect::<String>().into())
    }

    /// The callback, with the port that was taken.
    pub(crate) fn callback(&self) -> &Url {
        &self.callback
    }

    /// The query of the first request, and who waits for the page.
    pub(crate) async fn answer(&mut self, until: DateTime<Utc>) -> Result<(SecretString, Browser)> {
        let left = (until - Utc::now()).to_std().unwrap_or_default();
        let late = || {
            Error::new(ErrorKind::Timeout, "nobody came back from the provider in time")
                .with_advice("run the command again, and consent within ten minutes")
        };
        let arrived = tokio::time::timeout(left, self.arrived.recv()).await.map_err(|_| late())?;
        let (query, browser) = arrived.ok_or_else(late)?;
        Ok((query, Browser(browser)))
    }

    /// Ends once the page is shown.
    pub(crate) async fn close(self) {
        let _listening = self.end.send(());
        let _late = tokio::time::timeout(FAREWELL, self.server).await;
    }
}

async fn arrive(
    State(sender): State<mpsc::Sender<Arrived>>,
    RawQuery(query): RawQuery,
) -> (StatusCode, Html<&'static str>) {
    let (show, shown) = oneshot::channel();
    let query = SecretString::from(query.unwrap_or_default());
    // Only the first one counts.
    if sender.try_send((query, show)).is_err() {
        return (StatusCode::CONFLICT, Html(page!("This was answered already.")));
    }
    match shown.await {
        Ok(true) => (StatusCode::OK, Html(page!("Connected. You can close this page."))),
        _ => (StatusCode::BAD_REQUEST, Html(page!("Not connected. The terminal says why."))),
    }
}
