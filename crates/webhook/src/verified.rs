//! The result of a verification.

use chrono::{DateTime, Utc};
use tieline_core::webhook::DeliveryId;

use crate::signature::hash;

/// A delivery that was verified.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Verified {
    /// The extent to which the delivery may be believed.
    pub trust: Trust,
    /// The provider's id of the delivery, where the scheme has one.
    pub id: Option<DeliveryId>,
    /// The signed time.
    pub signed_at: Option<DateTime<Utc>>,
    /// The identity by which a repeated delivery is recognised.
    pub identity: Identity,
}

impl Verified {
    pub(crate) fn new(trust: Trust) -> Self {
        Self { trust, id: None, signed_at: None, identity: Identity::None }
    }
}

/// The extent to which a delivery may be believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Trust {
    /// The content is signed: records in it may be committed as they are.
    Content,
    /// The sender showed a secret, or signed something else than the content: whoever saw one delivery may have written
    /// this one. Its records are looked up.
    Hint,
    /// Nothing is verified, as the provider wants it for its first request: only a handshake may be answered.
    Handshake,
}

/// The identity of a delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Identity {
    /// A signed id or a signed time is in it: a second delivery with it is a repetition.
    Exact([u8; 32]),
    /// The hash of signed bytes that hold neither an id nor a time: a second delivery with it is a repetition, or says
    /// the same of a later change. Records of it are committed once; a hint is looked up again.
    Content([u8; 32]),
    /// Nothing about the delivery is signed, so that nothing identifies it.
    None,
}

impl Identity {
    /// The bytes, when there are any.
    pub fn hash(&self) -> Option<&[u8; 32]> {
        match self {
            Self::Exact(hash) | Self::Content(hash) => Some(hash),
            Self::None => None,
        }
    }
}

/// The hash of a signed id.
pub(crate) fn hash_of_id(id: &str) -> [u8; 32] {
    hash(format!("id {id}").as_bytes())
}
