//! File contents, streamed.

use std::pin::Pin;

use bytes::Bytes;
use futures_core::Stream;

use crate::{EntityName, Key, Partition, Result, Text};

/// For [`Connector::content`](crate::Connector::content).
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ContentRequest {
    /// The entity.
    pub entity: EntityName,
    /// The record whose file is wanted.
    pub key: Key,
    /// The part of the entity that holds it, where the entity has [`partitions`](crate::Connector::partitions).
    pub partition: Option<Partition>,
    /// The first byte that is wanted, so that a broken download resumes; 0 by default.
    pub offset: u64,
    /// The number of bytes that are wanted; to the end by default.
    pub length: Option<u64>,
    /// Another form of the file, by the provider's name for it: `pdf`, `thumbnail`. The original by default.
    pub variant: Option<Text>,
}

impl ContentRequest {
    /// A file from its beginning.
    pub fn new(entity: impl Into<EntityName>, key: impl Into<Key>) -> Self {
        Self {
            entity: entity.into(),
            key: key.into(),
            partition: None,
            offset: 0,
            length: None,
            variant: None,
        }
    }

    /// Sets the partition.
    #[must_use]
    pub fn with_partition(mut self, partition: Partition) -> Self {
        self.partition = Some(partition);
        self
    }

    /// Asks for `length` bytes from `offset` on; to the end when `None`.
    #[must_use]
    pub fn with_range(mut self, offset: u64, length: Option<u64>) -> Self {
        self.offset = offset;
        self.length = length;
        self
    }

    /// Asks for another form of the file.
    #[must_use]
    pub fn with_variant(mut self, variant: impl Into<Text>) -> Self {
        self.variant = Some(variant.into());
        self
    }
}

/// The bytes of a file.
#[non_exhaustive]
pub struct Content {
    /// The media type, as the provider says.
    pub media_type: Option<Text>,
    /// The file's name, as the provider says. Not a path: never use it as one.
    pub name: Option<String>,
    /// The length of the whole file in bytes.
    pub length: Option<u64>,
    /// The first byte of the file that [`bytes`](Self::bytes) begins with. A provider without ranges begins at 0
    /// whatever was asked.
    pub offset: u64,
    /// The bytes.
    pub bytes: Pin<Box<dyn Stream<Item = Result<Bytes>> + Send>>,
}

impl Content {
    /// A file from its first byte.
    pub fn new(bytes: Pin<Box<dyn Stream<Item = Result<Bytes>> + Send>>) -> Self {
        Self { media_type: None, name: None, length: None, offset: 0, bytes }
    }
}

impl std::fmt::Debug for Content {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Content")
            .field("media_type", &self.media_type)
            .field("length", &self.length)
            .field("offset", &self.offset)
            .finish_non_exhaustive()
    }
}
