//! The verification of deliveries.

use std::borrow::Cow;

use tieline_core::webhook::{DeliveryId, ReceiveRequest, TokenScheme, Verification};
use tieline_core::{Error, Result};
use url::Url;

use crate::named::Named;
use crate::provider::{google, graph, meta, sns, twilio, woocommerce};
use crate::signature::{Found, Signature};
use crate::verified::hash_of_id;
use crate::{Identity, Refusal, Trust, Verified, token};

/// Verifies deliveries as a [`Verification`] says, over their raw bytes. Made once for an endpoint, from the endpoint's
/// data: a delivery chooses neither the algorithm nor the scheme.
#[derive(Clone, Debug)]
pub struct Verifier(Kind);

#[derive(Clone, Debug)]
enum Kind {
    /// The first of these schemes that the delivery keeps.
    Signatures(Vec<Signature>),
    Named(Named),
    Token(TokenScheme),
    Unsigned,
}

impl Verifier {
    /// A verifier.
    ///
    /// # Errors
    ///
    /// `Unsupported` for a name, an algorithm or a form that this version does not know, `Config` for a scheme that
    /// contradicts itself.
    pub fn new(verification: &Verification) -> Result<Self> {
        Ok(Self(match verification {
            Verification::Named(name) => match Named::of(name)? {
                Named::Signatures(schemes) => Kind::Signatures(schemes),
                Named::Token(scheme) => Kind::Token(scheme),
                other => Kind::Named(other),
            },
            Verification::Signature(scheme) => Kind::Signatures(vec![Signature::new(scheme)?]),
            Verification::Token(scheme) => Kind::Token(scheme.clone()),
            Verification::Unsigned => Kind::Unsigned,
            _ => return Err(Error::unsupported("this verification of webhooks")),
        }))
    }

    /// Returns the address of the public key that the provider publishes and that this delivery needs; `None` for all
    /// schemes but those with fetched keys.
    ///
    /// # Errors
    ///
    /// As [`verify`](Self::verify), for an address that is not the provider's.
    pub fn key_address(&self, delivery: &ReceiveRequest<'_>) -> Result<Option<Url>, Refusal> {
        match &self.0 {
            Kind::Named(Named::Sns(_)) => sns::key_address(delivery).map(Some),
            Kind::Named(Named::Google) => Ok(google::key_address()),
            _ => Ok(None),
        }
    }

    /// Verifies a delivery whose scheme needs no fetched key.
    ///
    /// # Errors
    ///
    /// The reason for which it is refused.
    pub fn verify(&self, delivery: &ReceiveRequest<'_>) -> Result<Verified, Refusal> {
        self.verify_with_key(delivery, None)
    }

    /// Verifies a delivery with what is at [`key_address`](Self::key_address).
    ///
    /// # Errors
    ///
    /// The reason for which it is refused.
    pub fn verify_with_key(
        &self,
        delivery: &ReceiveRequest<'_>,
        key: Option<&[u8]>,
    ) -> Result<Verified, Refusal> {
        match &self.0 {
            Kind::Signatures(schemes) => first_of(schemes, delivery),
            Kind::Token(scheme) => token::verify(scheme, delivery).map(|()| Verified::new(Trust::Hint)),
            Kind::Unsigned => Ok(Verified::new(Trust::Hint)),
            Kind::Named(Named::Twilio(scheme)) => twilio::verify(scheme, delivery),
            Kind::Named(Named::Meta(scheme)) => meta::verify(scheme, delivery),
            Kind::Named(Named::WooCommerce(scheme)) => woocommerce::verify(scheme, delivery),
            Kind::Named(Named::Graph) => graph::verify(delivery),
            Kind::Named(Named::Sns(algorithm)) => {
                sns::verify(*algorithm, delivery, key.ok_or(Refusal::KeyUnavailable)?)
            }
            Kind::Named(Named::Google) => google::verify(delivery, key.ok_or(Refusal::KeyUnavailable)?),
            Kind::Named(_) => Err(Refusal::Malformed(Cow::Borrowed("the scheme"))),
        }
    }
}

/// Verifies by the first scheme that the delivery keeps. The last refusal that is about more than a missing part is
/// returned, so that it names what is wrong.
fn first_of(schemes: &[Signature], delivery: &ReceiveRequest<'_>) -> Result<Verified, Refusal> {
    let mut refusal = Refusal::NoSecret;
    for scheme in schemes {
        match scheme.verify(delivery) {
            Ok(found) => return Ok(verified(found)),
            Err(Refusal::NoSecret) => {}
            Err(Refusal::Malformed(_)) if refusal != Refusal::NoSecret => {}
            Err(other) => refusal = other,
        }
    }
    Err(refusal)
}

/// A delivery whose signature was found to be right.
pub(crate) fn verified(found: Found) -> Verified {
    let trust = if found.covers_body { Trust::Content } else { Trust::Hint };
    let identity = match (&found.id, found.signed_at) {
        (Some((id, true)), _) => Identity::Exact(hash_of_id(id)),
        (_, Some(_)) => Identity::Exact(found.hash),
        _ => Identity::Content(found.hash),
    };
    let id =
        found.id.map(|(id, signed)| if signed { DeliveryId::signed(id) } else { DeliveryId::unsigned(id) });
    Verified { id, signed_at: found.signed_at, identity, ..Verified::new(trust) }
}
