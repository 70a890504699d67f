//! Who asks: the holder of an API token, or an app that a person let in, and what that app may do.
//!
//! What is modelled is [documented][oauth] by the provider, the scope of each endpoint in its API description.
//!
//! [oauth]: https://pipedrive.readme.io/docs/marketplace-oauth-authorization

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use chrono::{DateTime, Utc};
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{Method, Request, StatusCode};

use super::answers::Refusal;
use super::limits::Via;
use super::state::State;
use super::{COMPANY, Pipedrive};
use crate::oauth::{
    AuthorizationServer, Authorizes, Bearer, CLIENT_ID, CLIENT_SECRET, Client, ClientCredentials, Decision,
    Person, Pkce, Policy, REDIRECT_URI, Rotation, TokenShape,
};
use crate::sandbox::{Refused, Sandbox};
use crate::{Json, Object};

/// The scopes of the demo application, all that the modelled endpoints know.
const SCOPES: [&str; 10] = [
    "base",
    "deals:full",
    "contacts:full",
    "activities:full",
    "products:full",
    "leads:full",
    "projects:full",
    "users:read",
    "search:read",
    "admin",
];

/// The provider's authorization server. Refresh tokens live on when they are used.
pub(crate) fn authorization(state: &State) -> AuthorizationServer {
    let account = &state.account;
    let policy = Policy {
        pkce: Pkce::Ignored,
        access_seconds: 3599,
        rotation: Rotation::Same,
        scope_separator: ",".into(),
        access_token: TokenShape::Opaque { prefix: "v1u:".into(), length: 764 },
        refresh_token_prefix: format!("{}:{}:", account.company_id, account.user_id),
        denied: "user_denied".into(),
        client_credentials: ClientCredentials::Refused,
        jwt_bearer: false,
        extras: [("api_domain".to_owned(), format!("https://{COMPANY}.pipedrive.com"))].into(),
        ..Policy::default()
    };
    let server = AuthorizationServer::new(policy);
    server.set_person(Person {
        user: account.user_id.to_string(),
        tenant: account.company_id.to_string(),
        decision: Decision::Consents,
    });
    let demo = Client::new(CLIENT_ID).with_secret(CLIENT_SECRET).with_redirect(REDIRECT_URI);
    // Its callback is a URL, so it cannot be refused.
    let _known = server.register(demo.with_scopes(SCOPES));
    server
}

impl Authorizes for Pipedrive {
    fn authorization(&self) -> &AuthorizationServer {
        &self.authorization
    }
}

/// Who asks.
pub(crate) struct Caller {
    pub(crate) via: Via,
    pub(crate) user_id: i64,
}

impl Pipedrive {
    /// The token must be right and must stand in the right header, and another company's host does not know it. An app
    /// needs a scope as well.
    pub(crate) fn caller(
        &self,
        state: &State,
        request: &Request<Bytes>,
        (v2, path): (bool, &[&str]),
        now: DateTime<Utc>,
    ) -> Result<Caller, Refusal> {
        let unauthorized = || Refusal::new(StatusCode::UNAUTHORIZED, "unauthorized access");
        let of_here = super::host_of(request)
            .and_then(|host| host.strip_suffix(".pipedrive.com"))
            .is_none_or(|company| company == state.account.domain || company == "api");
        if !of_here {
            return Err(unauthorized());
        }
        if let Some(token) = request.headers().get("x-api-token") {
            let right = token.as_bytes() == state.account.token.as_bytes();
            let user_id = state.account.user_id;
            return if right { Ok(Caller { via: Via::ApiToken, user_id }) } else { Err(unauthorized()) };
        }
        let Bearer { user, scopes, .. } =
            self.authorization.bearer(request, now).map_err(|_| unauthorized())?;
        let wanted = scopes_of(v2, request.method(), path);
        if !scopes.iter().any(|scope| wanted.contains(&scope.as_str())) {
            return Err(Refusal::new(StatusCode::FORBIDDEN, "Scope and URL mismatch"));
        }
        Ok(Caller { via: Via::OAuth, user_id: user.parse().map_err(|_| unauthorized())? })
    }
}

/// The scopes of which an app needs one.
fn scopes_of(v2: bool, method: &Method, path: &[&str]) -> &'static [&'static str] {
    let reads = method == Method::GET;
    match path {
        ["deals", "search"] => &["deals:read", "deals:full", "search:read"],
        ["persons" | "organizations", "search"] => &["contacts:read", "contacts:full", "search:read"],
        ["products", "search"] => &["products:read", "products:full", "search:read"],
        ["itemSearch", ..] => &["search:read"],
        ["deals", "products"] | ["deals", _, "products", ..] if reads => {
            &["products:read", "products:full", "deals:read", "deals:full"]
        }
        ["deals", _, "products", ..] => &["products:full", "deals:full"],
        ["deals", ..] if reads => &["deals:read", "deals:full"],
        ["deals", ..] => &["deals:full"],
        ["persons" | "organizations", ..] if reads => &["contacts:read", "contacts:full"],
        ["persons" | "organizations", ..] => &["contacts:full"],
        ["activities", ..] if reads => &["activities:read", "activities:full"],
        ["activities", ..] => &["activities:full"],
        ["products", ..] if reads => &["products:read", "products:full"],
        ["products", ..] => &["products:full"],
        ["pipelines" | "stages", ..] if reads => &["deals:read", "deals:full", "admin"],
        ["leads" | "leadLabels", ..] if reads => &["leads:read", "leads:full"],
        ["leads" | "leadLabels", ..] => &["leads:full"],
        ["activityTypes"] if reads => &["activities:read", "activities:full", "admin"],
        ["projects" | "tasks", ..] if reads => &["projects:read", "projects:full"],
        ["projects" | "tasks", ..] => &["projects:full"],
        ["projectFields", ..] if reads => &["projects:read", "projects:full", "project-fields:full"],
        ["notes", ..] if reads => &["deals:read", "deals:full", "contacts:read", "contacts:full"],
        ["notes", ..] => &["deals:full", "contacts:full"],
        ["dealFields", ..] if reads => &["deals:read", "deals:full", "deal-fields:full", "admin"],
        ["personFields" | "organizationFields", ..] if reads => {
            &["contacts:read", "contacts:full", "contact-fields:full", "admin"]
        }
        ["productFields", ..] if reads => &["products:read", "products:full", "product-fields:full"],
        ["activityFields", ..] if reads && !v2 => &["activities:read", "activities:full"],
        ["users", "me"] if reads => &["base", "users:read"],
        ["users", ..] if reads => &["users:read"],
        _ => &["admin"],
    }
}

impl Sandbox<Pipedrive> {
    /// The user uninstalls an app in the provider's own windows: the consent ends. Returns the call that the provider
    /// then makes to the app's callback; whoever runs the sandbox delivers it.
    ///
    /// ```
    /// use tieline_sandbox::Sandbox;
    /// use tieline_sandbox::oauth::{CLIENT_ID, REDIRECT_URI};
    ///
    /// let sandbox = Sandbox::pipedrive();
    /// let tokens = sandbox.connected(CLIENT_ID).unwrap();
    /// let call = sandbox.uninstall(tokens.consent).unwrap();
    /// assert_eq!((call.method().as_str(), call.uri().to_string().as_str()), ("DELETE", REDIRECT_URI));
    /// ```
    ///
    /// # Errors
    ///
    /// [`Refused`] when there is no such consent, or its application has no callback.
    pub fn uninstall(&self, consent: u64) -> Result<Request<Bytes>, Refused> {
        self.model().uninstall(consent, self.now())
    }
}

impl Pipedrive {
    pub(crate) fn uninstall(&self, consent: u64, now: DateTime<Utc>) -> Result<Request<Bytes>, Refused> {
        self.authorization.withdraw(consent)?;
        let known = self.authorization.consents().into_iter().find(|known| known.id == consent);
        let consent = known.ok_or_else(|| Refused("the consent is gone".into()))?;
        let client = self.authorization.client(&consent.client_id);
        let client = client.ok_or_else(|| Refused("the application is gone".into()))?;
        let callback =
            client.redirects.first().ok_or_else(|| Refused("the application has no callback".into()))?;
        let number = |text: &str| text.parse::<i64>().map_or_else(|_| text.to_owned().into(), Json::Int);
        let body: Json = Object::default()
            .with("client_id", client.id.clone())
            .with("company_id", number(&consent.tenant))
            .with("user_id", number(&consent.user))
            .with("timestamp", now.format("%Y-%m-%dT%H:%M:%S%.3fZ").to_string())
            .into();
        let credential = format!("{}:{}", client.id, client.secret.as_deref().unwrap_or_default());
        Request::delete(callback)
            .header(AUTHORIZATION, format!("Basic {}", STANDARD.encode(credential)))
            .header(CONTENT_TYPE, "application/json")
            .body(body.to_string().into())
            .map_err(|error| Refused(format!("the callback cannot be called: {error}")))
    }
}
