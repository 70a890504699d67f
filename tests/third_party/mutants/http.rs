//! Flaws in asking the provider.

use async_trait::async_trait;
use http::Method;
use tieline_core::http::{HttpClient, HttpRequest, HttpResponse, HttpService};
use tieline_core::{Error, ErrorKind, Result};

use super::Flaw;

#[derive(Debug)]
pub(super) struct Flawed {
    pub(super) inner: HttpClient,
    pub(super) flaw: Flaw,
}

impl Flawed {
    /// Moves the beginning of a read of changes.
    fn later(request: &mut HttpRequest, seconds: i64) {
        let shifted: Vec<(String, String)> = request
            .url()
            .query_pairs()
            .map(|(name, value)| match value.parse::<chrono::DateTime<chrono::Utc>>() {
                Ok(time) if name == "updated_since" => {
                    (name.into_owned(), crate::provider::time(time + chrono::TimeDelta::seconds(seconds)))
                }
                _ => (name.into_owned(), value.into_owned()),
            })
            .collect();
        request.url_mut().query_pairs_mut().clear().extend_pairs(shifted);
    }

    async fn ask(&self, mut request: HttpRequest) -> Result<HttpResponse> {
        match self.flaw {
            // The overlap is a minute.
            Flaw::AfterBoundary => Self::later(&mut request, 61),
            Flaw::NoOverlap => Self::later(&mut request, 60),
            Flaw::Unbounded => request = request.with_body_limit(80 << 20),
            _ => {}
        }
        self.inner.send(request).await
    }
}

#[async_trait]
impl HttpService for Flawed {
    async fn send(&self, request: HttpRequest) -> Result<HttpResponse> {
        let mut answer = self.ask(request.clone()).await;
        let posts = request.method() == Method::POST;
        match (self.flaw, &answer) {
            (Flaw::TriesOn, Err(error)) if error.kind() == ErrorKind::Unauthenticated => {
                for _ in 0..10 {
                    answer = self.ask(request.clone()).await;
                }
            }
            (Flaw::Resends, Err(_)) if posts => answer = self.ask(request).await,
            (Flaw::Sleeps, Err(error)) => {
                if let Some(wait) = error.retry_after() {
                    tokio::time::sleep(wait).await;
                    answer = self.ask(request).await;
                }
            }
            _ => {}
        }
        answer.map_err(|error| match (self.flaw, error.kind()) {
            (Flaw::Internalizes, ErrorKind::Transport) => {
                Error::new(ErrorKind::Internal, "something went wrong")
            }
            _ => error,
        })
    }
}
