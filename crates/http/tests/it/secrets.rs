use std::io;
use std::sync::{Arc, Mutex};

use tieline_auth::{ApiKey, Basic, Bearer};
use tieline_core::http::{HttpClient, HttpRequest};
use tieline_core::{AuthScheme, Credential, Field, IntoCredential, KeyPlacement};
use tieline_http::{ClientOptions, HttpStack, RetryPolicy};
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::fmt::format::FmtSpan;
use wiremock::matchers::any;
use wiremock::{Mock, MockServer, Request, ResponseTemplate};

use crate::Demo;

const CANARY: &str = "canary/s3cret+7f3a9";

#[derive(Clone, Debug, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

fn credentials() -> Vec<Arc<dyn Credential>> {
    let field = Field::secret("key", "Key");
    let key = |placement| [AuthScheme::api_key(placement, field.clone())];
    vec![
        ApiKey::new(CANARY).into_credential(&key(KeyPlacement::header("x-key"))),
        ApiKey::new(CANARY).into_credential(&key(KeyPlacement::query("api_token"))),
        Bearer::new(CANARY).into_credential(&[AuthScheme::bearer(field.clone())]),
        Basic::new("demo", CANARY)
            .into_credential(&[AuthScheme::basic(Field::text("user", "User"), field.clone())]),
    ]
    .into_iter()
    .map(Result::unwrap)
    .collect()
}

/// Everything that it was sent, in a refusal.
fn echo(status: u16) -> impl Fn(&Request) -> ResponseTemplate + Send + Sync {
    move |request: &Request| {
        let headers: Vec<_> = request
            .headers
            .iter()
            .map(|(name, value)| format!("{name}: {}", value.to_str().unwrap_or_default()))
            .collect();
        ResponseTemplate::new(status).set_body_string(format!("{} {}", request.url, headers.join("; ")))
    }
}

fn client(host: &HttpStack, base: &str, credential: &Arc<dyn Credential>) -> HttpClient {
    let options = ClientOptions::new(Arc::new(Demo::new(Vec::new())), base.parse().unwrap());
    host.client(options.with_credential(Arc::clone(credential))).unwrap()
}

/// Whether a text holds the canary, also encoded, also in base64.
fn leaks(text: &str) -> bool {
    let basic = "ZGVtbzpjYW5hcnkvczNjcmV0KzdmM2E5";
    [CANARY, "s3cret", "canary%2Fs3cret", basic].iter().any(|form| text.contains(form))
}

#[tokio::test]
async fn no_log_line_and_no_error_shows_the_secret() {
    // With a second subscriber about, tracing asks each thread for its own, whichever test came to a call site first.
    let _other = tracing::Dispatch::new(tracing::subscriber::NoSubscriber::default());
    let log = Log::default();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_span_events(FmtSpan::FULL)
        .with_writer(log.clone())
        .finish();
    let _guard = tracing::subscriber::set_default(subscriber);

    let retry =
        RetryPolicy::default().with_max_attempts(2).with_first_wait(std::time::Duration::from_millis(1));
    let host = HttpStack::builder().allow_network("127.0.0.1/32").retry(retry).build().unwrap();
    for credential in credentials() {
        for status in [200, 302, 400, 401, 403, 429, 503] {
            let server = MockServer::start().await;
            Mock::given(any()).respond_with(echo(status)).mount(&server).await;
            // A connector that makes the secret a part of its path by mistake does not show it either.
            let url = format!("{}/deals/{CANARY}?limit=5", server.uri()).parse().unwrap();
            let result = client(&host, &server.uri(), &credential)
                .send(HttpRequest::get(url).with_entity("deals"))
                .await;
            let seen = server.received_requests().await.unwrap().pop().unwrap();
            assert!(leaks(&format!("{} {:?}", seen.url, seen.headers)), "it was sent at all");
            if let Err(error) = result {
                assert!(!leaks(&format!("{error} {error:?} {error:#?}")), "{error:?}");
            } else {
                assert_eq!(status, 200);
            }
        }
        // And where nothing listens.
        let base = "http://127.0.0.1:9/";
        let error =
            client(&host, base, &credential).send(HttpRequest::get(base.parse().unwrap())).await.unwrap_err();
        assert!(!leaks(&format!("{error} {error:?}")), "{error:?}");
        assert!(!leaks(&format!("{credential:?} {:?}", client(&host, base, &credential))));
    }

    let text = log.text();
    assert!(
        text.contains("http{") && text.contains("http.request.resend_count=1"),
        "the log was captured: {text}"
    );
    assert!(!leaks(&text), "{}", text.lines().find(|line| leaks(line)).unwrap_or_default());
    assert!(!text.contains("limit=5"), "no query is logged");
    let fields = [
        "otel.name=GET /deals/[redacted]",
        "http.request.method=\"GET\"",
        "server.address=\"127.0.0.1\"",
        "url.template=\"/deals/[redacted]\"",
        "tieline.provider=\"demo\"",
        "tieline.entity=\"deals\"",
        "error.type=\"rate_limited\"",
    ];
    for field in fields {
        assert!(text.contains(field), "{field}: {text}");
    }
}
