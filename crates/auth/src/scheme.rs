use tieline_core::{AuthScheme, Error, ErrorKind};

/// The connector takes another kind of credential: says which.
pub(crate) fn mismatch(offered: &str, schemes: &[AuthScheme]) -> Error {
    let mut wanted: Vec<&str> = schemes.iter().map(words).collect();
    wanted.dedup();
    let wanted = if wanted.is_empty() { "no credential".to_owned() } else { wanted.join(" or ") };
    Error::new(ErrorKind::Config, format!("the connector takes {wanted}, not {offered}"))
}

fn words(scheme: &AuthScheme) -> &'static str {
    match scheme {
        AuthScheme::ApiKey { .. } => "an API key",
        AuthScheme::Bearer { .. } => "a bearer token",
        AuthScheme::Basic { .. } => "a user name and password",
        AuthScheme::Secret { .. } => "an API key or a password",
        AuthScheme::OAuth2(_) => "a person's consent",
        AuthScheme::Session(_) => "a login",
        AuthScheme::Signed(_) => "keys that sign requests",
        AuthScheme::All(_) => "several secrets at once",
        _ => "another kind of credential",
    }
}
