//! Browsers that walk the host's flow, and what they meet.

use axum::http::header::{CONTENT_TYPE, COOKIE, LOCATION, SET_COOKIE};
use axum::http::{HeaderMap, HeaderName, Method, StatusCode};
use futures_util::StreamExt;
use tieline::store::connections::ConnectionFilter;
use tieline::{CheckRequest, ReadRequest};
use tieline_sandbox::Server;
use tieline_sandbox::oauth::Decision;
use tieline_sandbox::pipedrive::Pipedrive;
use url::Url;

use super::{Outcome, Site};

pub(super) async fn walk(site: &Site, address: &Url, sandbox: &Server<Pipedrive>) -> Outcome<()> {
    let (pipedrive, acme) = (sandbox.authorization(), site.tieline.tenant("acme"));
    let anna = Browser::sign_in(address, "anna").await?;
    let carl = Browser::sign_in(address, "carl").await?;
    let ben = Browser::sign_in(address, "ben").await?;
    println!("\n1. Anna and Carl of acme and Ben of globex have signed in, each with a session cookie");
    anna.get("/").await?.show();

    println!("\n2. Anna connects, and consents at Pipedrive. The host tries the connection, then stores it");
    let callback = anna.connect().await?;
    anna.get(&callback).await?.location()?;
    anna.get("/").await?.show();

    println!("\n3. A job reads through the stored connection. After the first page all access tokens end");
    let stored = acme.store().connections(&ConnectionFilter::default(), 1).await?;
    let id = stored.first().map(|connection| connection.id.clone()).ok_or("nothing was stored")?;
    let crm = acme.connection(id.clone()).open().await?;
    let mut batches = crm.read(ReadRequest::full("deals").with_page_size(100))?;
    let (mut deals, mut pages) = (0, 0);
    while let Some(batch) = batches.next().await {
        (deals, pages) = (deals + batch?.len(), pages + 1);
        if pages == 1 {
            sandbox.expire_access_tokens();
        }
    }
    crm.report(Ok(()), &"a job".into()).await?;
    println!("   {deals} deals in {pages} pages, {} renewal of the token", pipedrive.counters().refreshes);

    println!("\n4. What is refused");
    anna.get(&callback).await?.refused("the same callback once more")?;
    pipedrive.set_decision(Decision::Denies);
    let denied = anna.connect().await?;
    anna.get(&denied).await?.refused("a consent that Anna denies at Pipedrive")?;
    pipedrive.set_decision(Decision::Consents);
    let callback = anna.connect().await?;
    ben.get(&callback).await?.refused("a callback of acme's in the browser of Ben, of globex")?;
    carl.get(&callback).await?.refused("the same in the browser of Carl, Anna's colleague")?;
    anna.get(&callback).await?.location()?;
    println!("   In her own it still works: what came from elsewhere used nothing up");
    ben.get("/").await?.show();

    println!("\n5. Ben cannot disconnect what is acme's. Anna can");
    ben.post("/disconnect", id.as_str()).await?.refused("acme's connection, by Ben")?;
    anna.post("/disconnect", id.as_str()).await?.location()?;
    println!("   Pipedrive took back {} refresh token", pipedrive.counters().revocations);
    anna.get("/").await?.show();
    match crm.check(CheckRequest::default()).await {
        Ok(_) => return Err("the job's connector still works".into()),
        Err(error) => println!("   a job that still holds it is told: {error}"),
    }

    println!("\n6. The audit log of acme");
    for line in acme.store().audit(None, None, 100).await? {
        println!("   {:<6} {:<15} {}", line.actor.as_str(), line.action.as_str(), line.detail);
    }
    Ok(())
}

/// A browser with one cookie. It follows redirects on the walk's word.
struct Browser {
    http: reqwest::Client,
    host: Url,
    cookie: String,
}

struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    page: String,
}

impl Browser {
    async fn sign_in(host: &Url, name: &str) -> Outcome<Self> {
        let follow = reqwest::redirect::Policy::none();
        let http = reqwest::Client::builder().redirect(follow).no_proxy().build()?;
        let mut browser = Self { http, host: host.clone(), cookie: String::new() };
        let cookie = browser.post("/login", name).await?.header(SET_COOKIE)?;
        browser.cookie = cookie.split(';').next().unwrap_or_default().to_owned();
        Ok(browser)
    }

    /// Presses "Connect", consents or denies, and stops before the host's callback.
    async fn connect(&self) -> Outcome<String> {
        let to_provider = self.post("/connect", "").await?.location()?;
        self.get(&to_provider).await?.location()
    }

    async fn get(&self, target: &str) -> Outcome<Answer> {
        self.send(Method::GET, target, String::new()).await
    }

    async fn post(&self, path: &str, name: &str) -> Outcome<Answer> {
        let form = url::form_urlencoded::Serializer::new(String::new()).append_pair("name", name).finish();
        self.send(Method::POST, path, form).await
    }

    async fn send(&self, method: Method, target: &str, form: String) -> Outcome<Answer> {
        let url = self.host.join(target)?;
        let mut request = self.http.request(method, url.clone()).body(form);
        // The cookie goes to the host that set it, and to nobody else.
        if url.origin() == self.host.origin() {
            request = request.header(COOKIE, &self.cookie);
        }
        let answer = request.header(CONTENT_TYPE, "application/x-www-form-urlencoded").send().await?;
        let (status, headers) = (answer.status(), answer.headers().clone());
        Ok(Answer { status, headers, page: answer.text().await? })
    }
}

impl Answer {
    fn header(&self, name: HeaderName) -> Outcome<String> {
        let value = self.headers.get(&name).ok_or_else(|| format!("{} came without {name}", self.status))?;
        Ok(value.to_str()?.to_owned())
    }

    fn location(&self) -> Outcome<String> {
        self.header(LOCATION)
    }

    /// What a person sees of the page.
    fn show(&self) {
        for line in self.page.lines().filter(|line| line.starts_with("<p>") || line.starts_with("<h1>")) {
            let text = line.split(['<', '>']).nth(2).unwrap_or_default();
            println!("   {}", text.replace("&#x27;", "'").replace("&#x2f;", "/"));
        }
    }

    fn refused(&self, what: &str) -> Outcome<()> {
        if !self.status.is_client_error() {
            return Err(format!("{what} was not refused, but answered with {}", self.status).into());
        }
        println!("   {what}:");
        self.show();
        Ok(())
    }
}
