use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use async_trait::async_trait;
use http::StatusCode;
use http::header::AUTHORIZATION;
use tieline_core::http::{HttpRequest, RequestAuth};
use tieline_core::{Credential, Error, ErrorKind, Recovery, Rejection, Result, SecretGeneration};
use tieline_http::memory::{MemoryTransport, answer};
use tokio::task::JoinSet;

use crate::{get, host, options, post, provider};

/// A token that can be renewed once.
#[derive(Debug, Default)]
struct Renewable {
    generation: AtomicU64,
    renewals: AtomicUsize,
    refusals: AtomicUsize,
    turn: tokio::sync::Mutex<()>,
    hopeless: bool,
}

#[async_trait]
impl Credential for Renewable {
    async fn authorize(&self, request: &mut HttpRequest) -> Result<SecretGeneration> {
        let generation = self.generation.load(Ordering::SeqCst);
        request.headers_mut().insert(AUTHORIZATION, format!("Bearer token-{generation}").parse().unwrap());
        Ok(SecretGeneration(generation))
    }

    async fn rejected(&self, stamp: SecretGeneration, why: &Rejection) -> Result<Recovery> {
        assert_eq!(why.status, StatusCode::UNAUTHORIZED);
        assert!(!why.excerpt.contains("token-"), "{}", why.excerpt);
        self.refusals.fetch_add(1, Ordering::SeqCst);
        if self.hopeless {
            return Ok(Recovery::NeedsReconnect);
        }
        let _turn = self.turn.lock().await;
        if self.generation.load(Ordering::SeqCst) == stamp.0 {
            tokio::time::sleep(std::time::Duration::from_millis(300)).await;
            self.renewals.fetch_add(1, Ordering::SeqCst);
            self.generation.fetch_add(1, Ordering::SeqCst);
        }
        Ok(Recovery::RetryOnce)
    }

    fn scrub(&self, text: &str) -> Option<String> {
        text.contains("token-").then(|| text.replace("token-", "[redacted]"))
    }
}

/// Takes only this token, and quotes the one that it got.
fn takes(token: &'static str) -> MemoryTransport {
    MemoryTransport::new(move |request| {
        let got = request.headers().get(AUTHORIZATION).map(|value| value.to_str().unwrap().to_owned());
        let status = if got.as_deref() == Some(token) { StatusCode::OK } else { StatusCode::UNAUTHORIZED };
        Ok(answer(status, &[], format!("{got:?}")))
    })
    .with_latency(std::time::Duration::from_millis(50))
}

#[tokio::test(start_paused = true)]
async fn fifty_tasks_that_see_a_401_renew_once() {
    let provider = takes("Bearer token-1");
    let credential = Arc::new(Renewable::default());
    let options = options(Vec::new()).with_credential(Arc::clone(&credential) as Arc<dyn Credential>);
    let client = host(&provider).build().unwrap().client(options).unwrap();
    let mut tasks = JoinSet::new();
    for _ in 0..50 {
        let client = client.clone();
        // A refusal for the credential means that nothing was done, so even a create goes again.
        tasks.spawn(async move { client.send(post("/")).await.unwrap().attempts });
    }
    while let Some(attempts) = tasks.join_next().await {
        assert_eq!(attempts.unwrap(), 2);
    }
    assert_eq!(credential.renewals.load(Ordering::SeqCst), 1);
    assert_eq!(provider.requests().len(), 100);
}

#[tokio::test(start_paused = true)]
async fn a_second_401_goes_up() {
    let provider = takes("Bearer never");
    let credential = Arc::new(Renewable::default());
    let options = options(Vec::new()).with_credential(Arc::clone(&credential) as Arc<dyn Credential>);
    let client = host(&provider).build().unwrap().client(options).unwrap();
    let error = client.send(get("/")).await.unwrap_err();
    assert_eq!((error.kind(), error.attempts()), (ErrorKind::Unauthenticated, 2));
    assert_eq!(credential.refusals.load(Ordering::SeqCst), 1);
    assert!(!format!("{error}").contains("token-"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_credential_that_needs_the_customer_goes_up_at_once() {
    let provider = takes("Bearer never");
    let credential = Arc::new(Renewable { hopeless: true, ..Renewable::default() });
    let options = options(Vec::new()).with_credential(credential);
    let client = host(&provider).build().unwrap().client(options).unwrap();
    let error = client.send(get("/")).await.unwrap_err();
    assert_eq!((error.kind(), error.attempts()), (ErrorKind::Unauthenticated, 1));
}

#[tokio::test(start_paused = true)]
async fn a_credential_leaves_only_for_declared_origins() {
    let provider = provider(200, &[]);
    let base = "https://self-hosted.example:8443/app".parse().unwrap();
    let options = tieline_http::ClientOptions::new(Arc::new(crate::Demo::new(Vec::new())), base)
        .with_credential(Arc::new(Renewable::default()));
    let client = host(&provider).allow_network("127.0.0.1").build().unwrap().client(options).unwrap();
    for good in
        ["https://self-hosted.example:8443/", "https://api.demo.example/", "https://files.demo.example/x"]
    {
        client.send(HttpRequest::get(good.parse().unwrap())).await.unwrap();
    }
    assert!(provider.requests().iter().all(|request| request.headers().contains_key(AUTHORIZATION)));
    let before = provider.requests().len();
    for bad in [
        "https://self-hosted.example/",
        "http://self-hosted.example:8443/",
        "https://self-hosted.example.evil.example:8443/",
        "https://sub.self-hosted.example:8443/",
        "https://demo.example/",
        "https://a.b.demo.example/",
        "https://api.demo.example:8443/",
        "http://api.demo.example/",
        "https://api.demo.example.evil.example/",
        "https://127.0.0.1/",
    ] {
        let request = HttpRequest::get(bad.parse().unwrap());
        let error = client.send(request.clone()).await.unwrap_err();
        assert_eq!((error.kind(), error.attempts()), (ErrorKind::Forbidden, 0), "{bad}: {error}");
    }
    assert_eq!(provider.requests().len(), before);
    // Without the credential it may go anywhere that the guard passes.
    let download = "https://storage.example/file?signature=x".parse().unwrap();
    client.send(HttpRequest::get(download).with_auth(RequestAuth::None)).await.unwrap();
    let sent = provider.requests().pop().unwrap();
    assert!(!sent.headers().contains_key(AUTHORIZATION));
}

/// A credential that sends itself elsewhere.
#[derive(Debug)]
struct Wanders;

#[async_trait]
impl Credential for Wanders {
    async fn authorize(&self, request: &mut HttpRequest) -> Result<SecretGeneration> {
        *request.url_mut() = "https://elsewhere.example/".parse().unwrap();
        Ok(SecretGeneration::default())
    }

    async fn rejected(&self, _: SecretGeneration, _: &Rejection) -> Result<Recovery> {
        Err(Error::new(ErrorKind::Internal, "never asked"))
    }

    fn scrub(&self, _: &str) -> Option<String> {
        None
    }
}

#[tokio::test]
async fn a_credential_cannot_change_where_the_request_goes() {
    let provider = provider(200, &[]);
    let options = options(Vec::new()).with_credential(Arc::new(Wanders));
    let client = host(&provider).build().unwrap().client(options).unwrap();
    assert_eq!(client.send(get("/")).await.unwrap_err().kind(), ErrorKind::Internal);
    assert!(provider.requests().is_empty());
}

/// A session whose cookie the provider changes as it goes.
#[derive(Debug, Default)]
struct Cookies(std::sync::Mutex<Vec<(u64, String)>>);

#[async_trait]
impl Credential for Cookies {
    async fn authorize(&self, _: &mut HttpRequest) -> Result<SecretGeneration> {
        Ok(SecretGeneration(7))
    }

    async fn rejected(&self, _: SecretGeneration, _: &Rejection) -> Result<Recovery> {
        Ok(Recovery::NeedsReconnect)
    }

    fn observe(&self, generation: SecretGeneration, headers: &http::HeaderMap) {
        for cookie in headers.get_all("set-cookie") {
            self.0.lock().unwrap().push((generation.0, cookie.to_str().unwrap().to_owned()));
        }
    }

    fn scrub(&self, _: &str) -> Option<String> {
        None
    }
}

#[tokio::test(start_paused = true)]
async fn the_credential_sees_the_cookies_of_its_own_responses() {
    let cookies: &[(&str, &str)] = &[("set-cookie", "B1SESSION=1"), ("set-cookie", "ROUTEID=.node2")];
    let provider = MemoryTransport::script(
        [200, 404, 200].map(|status| Ok(answer(StatusCode::from_u16(status).unwrap(), cookies, ""))),
    );
    let credential = Arc::new(Cookies::default());
    let options = options(Vec::new()).with_credential(Arc::clone(&credential) as Arc<dyn Credential>);
    let client = host(&provider).build().unwrap().client(options).unwrap();
    client.send(get("/")).await.unwrap();
    client.send(get("/")).await.unwrap_err();
    client.send(get("/").with_auth(RequestAuth::None)).await.unwrap();
    let seen = credential.0.lock().unwrap().clone();
    let both = [(7, "B1SESSION=1".to_owned()), (7, "ROUTEID=.node2".to_owned())];
    assert_eq!(seen, [both.clone(), both].concat(), "not those of a request without it");
}
