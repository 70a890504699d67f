use tieline_core::webhook::WebhookRoute;
use tieline_core::{Error, ErrorKind, Result};

/// The route of a delivery whose address ends with the token that the host made for the connection.
///
/// # Errors
/// `Decode` when the address ends without one.
pub fn path_token<B>(request: &http::Request<B>) -> Result<Vec<WebhookRoute>> {
    let token = request.uri().path().rsplit('/').next().unwrap_or_default();
    if token.is_empty() {
        return Err(Error::new(ErrorKind::Decode, "the address of a notification ends without a token"));
    }
    Ok(vec![WebhookRoute::PathToken(token.into())])
}
