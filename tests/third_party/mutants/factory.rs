//! Flaws in judging answers.

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use tieline_core::http::{Classification, HttpClient, ResponseView};
use tieline_core::{
    BuildContext, Connector, ConnectorFactory, ConnectorSpec, Error, ErrorKind, Resend, Result,
};
use url::Url;

use super::{Flaw, connector, http};
use crate::factory::TickFactory;

#[derive(Debug)]
pub(super) struct Flawed {
    inner: TickFactory,
    flaw: Flaw,
}

impl Flawed {
    pub(super) fn new(flaw: Flaw) -> Self {
        let mut inner = TickFactory::default();
        if flaw == Flaw::TwiceTheLimit {
            for limit in &mut inner.0.limits {
                limit.quota *= 2;
            }
        }
        Self { inner, flaw }
    }

    fn misjudge(&self, error: Error, answer: &ResponseView<'_>) -> Error {
        let kind = error.kind();
        let status = answer.status.as_u16();
        match self.flaw {
            Flaw::NoAdvice => Error::new(kind, "no"),
            Flaw::Quotes => error.with_context("body", String::from_utf8_lossy(answer.body)),
            Flaw::GivesUp if status >= 500 => error.with_resend(Resend::Never),
            Flaw::OwnWait if status == 429 => error.with_retry_after(Duration::from_secs(3)),
            Flaw::NoPatience if status == 429 && !answer.headers.contains_key("retry-after") => {
                error.with_retry_after(Duration::from_secs(60))
            }
            _ => error,
        }
    }
}

impl ConnectorFactory for Flawed {
    fn spec(&self) -> &ConnectorSpec {
        self.inner.spec()
    }

    fn classify(&self, answer: &ResponseView<'_>) -> Classification {
        match self.inner.classify(answer) {
            Classification::Fail { error, .. } if error.kind() != ErrorKind::Decode => {
                Classification::fail(self.misjudge(error, answer))
            }
            verdict => verdict,
        }
    }

    fn base_url(&self, config: &Value) -> Result<Url> {
        self.inner.base_url(config)
    }

    fn build(&self, mut context: BuildContext) -> Result<Arc<dyn Connector>> {
        let flaw = self.flaw;
        context.http = HttpClient::new(Arc::new(http::Flawed { inner: context.http, flaw }));
        let clock = Arc::clone(&context.clock);
        Ok(Arc::new(connector::Flawed::new(self.inner.build(context)?, clock, flaw)))
    }
}
