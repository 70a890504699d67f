//! Fortnox's authorization server, as data: <https://www.fortnox.se/developer/authorization/get-access-token>

use super::TENANT;
use crate::oauth::{
    AccessRevocation, AuthorizationServer, CLIENT_ID, CLIENT_SECRET, Client, ClientAuth, ClientCredentials,
    Decision, Person, Pkce, Policy, REDIRECT_URI, Revocation, TokenShape,
};

/// The scopes that an integration may ask for. Each allows reading and writing.
pub const SCOPES: &[&str] = &[
    "archive",
    "article",
    "assets",
    "bookkeeping",
    "companyinformation",
    "connectfile",
    "costcenter",
    "currency",
    "customer",
    "inbox",
    "invoice",
    "noxfinansinvoice",
    "offer",
    "order",
    "payment",
    "price",
    "print",
    "profile",
    "project",
    "salary",
    "settings",
    "supplier",
    "supplierinvoice",
    "timereporting",
];

/// Basic authentication of the client, ten minutes for a code, an hour for an access token that nobody can take back,
/// 45 days for a refresh token that is good once, and service accounts by the number of their company.
pub(crate) fn policy() -> Policy {
    Policy {
        authorize_path: "/oauth-v1/auth".into(),
        token_path: "/oauth-v1/token".into(),
        revoke_path: "/oauth-v1/revoke".into(),
        client_auth: ClientAuth::Basic,
        pkce: Pkce::Ignored,
        code_seconds: 600,
        access_seconds: 3600,
        refresh_seconds: Some(45 * 86_400),
        offline_on_request: true,
        access_token: TokenShape::Jwt { tenant_claim: "tenantId".into() },
        client_credentials: ClientCredentials::ForTenant { header: "tenantid".into() },
        jwt_bearer: false,
        extras: [("token_type".into(), "bearer".into())].into(),
        revocation: Revocation {
            access_token: AccessRevocation::Refused,
            anonymous: false,
            body: "{\"revoked\":true}".into(),
        },
        ..Policy::default()
    }
}

/// The server with an integration that has every scope, and a system administrator who consents.
pub(crate) fn server() -> AuthorizationServer {
    let server = AuthorizationServer::new(policy());
    let client = Client::new(CLIENT_ID).with_secret(CLIENT_SECRET).with_redirect(REDIRECT_URI);
    // Its callback is well formed, so it is not refused.
    let _registered = server.register(client.with_scopes(SCOPES.iter().copied()).with_service_accounts());
    server.set_person(Person {
        user: "21001".into(),
        tenant: TENANT.to_string(),
        decision: Decision::Consents,
    });
    server
}
