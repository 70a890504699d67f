//! The parts that a connector's author supplies.

use std::fmt::Debug;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use chrono::{DateTime, Utc};
use http::{Request, Response, StatusCode};
use serde_json::Value;
use tieline_auth::OAuthApp;
use tieline_core::http::Transport;
use tieline_core::{ConnectorFactory, Credential, FieldPath, Key, RawJson, Result};
use url::Url;

/// A connector as the suite sees it before there is an account.
pub trait ConnectorUnderTest: Sync {
    /// The connector's factory.
    fn factory(&self) -> Arc<dyn ConnectorFactory>;

    /// The settings of a connection to a [`world`](Self::world)'s account.
    fn config(&self) -> Value;

    /// A credential of the kind that the connector takes, for this secret.
    fn credential(&self, secret: &str) -> Result<Arc<dyn Credential>>;

    /// A provider in process, with a filled account that accepts this secret and no other. Each test asks for several.
    fn world(&self, secret: &str) -> Box<dyn FakeProvider>;

    /// A secret in the provider's form. Long and odd enough to be found by a search, and never part of a record.
    fn secret(&self) -> String {
        "c0ffee00c0ffee00c0ffee00c0ffee00c0ffee00".to_owned()
    }

    /// A secret in the same form that no world accepts.
    fn wrong_secret(&self) -> String {
        "badc0de0badc0de0badc0de0badc0de0badc0de0".to_owned()
    }

    /// The entities to try; all of the catalog when empty.
    fn entities(&self) -> Vec<&'static str> {
        Vec::new()
    }

    /// How late after its own time of change a record may become visible and must still be seen: at most the overlap
    /// of the connector's reads.
    fn lateness(&self) -> Duration {
        Duration::from_secs(30)
    }

    /// An application that the provider of a [`world`](Self::world) knows, for people's consents. `None` where there are
    /// none, or the world does not model them.
    fn app(&self) -> Option<OAuthApp> {
        None
    }

    /// Whether the world needs real time, because it does not stand in this process. The suite then waits for real.
    fn in_real_time(&self) -> bool {
        false
    }
}

/// A provider in process: its transport, its clock, the truth about its account, and what people do there.
///
/// What a provider does not have, or a world cannot do, is answered with `None` or `false`; the test then says that
/// it was not applicable.
pub trait FakeProvider: Debug + Send + Sync {
    /// The way to the provider. It ignores the host of a request.
    fn transport(&self) -> Arc<dyn Transport>;

    /// The time on the provider's clock. It runs with tokio's time, or stands still.
    fn now(&self) -> DateTime<Utc>;

    /// Moves the provider's clock forward.
    fn advance(&self, by: Duration);

    /// The truth: the keys of all records that a full read must yield, each once.
    fn keys(&self, entity: &str) -> Vec<Key>;

    /// Somebody creates a record.
    fn create(&self, entity: &str) -> Option<Key> {
        let _ = entity;
        None
    }

    /// Somebody changes a field of a record to a value that it did not have.
    fn update(&self, entity: &str, key: &Key) -> bool {
        let _ = (entity, key);
        false
    }

    /// Somebody deletes a record.
    fn delete(&self, entity: &str, key: &Key) -> bool {
        let _ = (entity, key);
        false
    }

    /// Gives a record another time of change: a record that was committed late.
    fn backdate(&self, entity: &str, key: &Key, changed_at: DateTime<Utc>) -> bool {
        let _ = (entity, key, changed_at);
        false
    }

    /// The provider stops accepting the secret.
    fn revoke(&self);

    /// A person is sent to this address of the provider, consents, and is sent back: the query of the callback.
    fn consent(&self, address: &Url) -> Option<String> {
        let _ = address;
        None
    }

    /// Every secret of consents that the provider gave out or was told: codes, tokens, verifiers, the application's.
    fn issued(&self) -> Vec<String> {
        Vec::new()
    }

    /// Something is wrong with a page of this entity's list: with the one after `skip` others, and for
    /// [`PageFault::RepeatToken`] with all that follow. What the world itself asks for its truth does not count.
    fn twist(&self, entity: &str, twist: PageFault, skip: u32) -> bool {
        let _ = (entity, twist, skip);
        false
    }

    /// How the provider, or a server in front of it, says this status, quoting a text. Used for 4xx and 5xx.
    fn refusal(&self, status: StatusCode, quoting: &str) -> Response<Bytes> {
        let body = serde_json::json!({ "error": quoting });
        let mut response = Response::new(Bytes::from(body.to_string()));
        *response.status_mut() = status;
        let json = http::HeaderValue::from_static("application/json");
        response.headers_mut().insert(http::header::CONTENT_TYPE, json);
        response
    }

    /// Whether a request changes something. For providers whose every request is a POST.
    fn writes(&self, request: &Request<Bytes>) -> bool {
        !request.method().is_safe()
    }

    /// What the suite may write; `n` makes drafts differ. `None` where the world does not model writing.
    fn draft(&self, entity: &str, n: u32) -> Option<Draft> {
        let _ = (entity, n);
        None
    }

    /// A record that a client may change, or delete, where the provider keeps others as they are: an invoice that is not
    /// booked, a customer without documents. Any record may be, by default.
    fn writable(&self, entity: &str, delete: bool) -> Option<Key> {
        let _ = (entity, delete);
        None
    }

    /// A record with a number that a float cannot hold.
    fn exact(&self) -> Option<Exact> {
        None
    }
}

/// Something wrong with a page, which only the provider's model can make.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PageFault {
    /// The page is right, but its token leads to the same page again.
    RepeatToken,
    /// A page without records that has a next page. No record is lost by it.
    EmptyPage,
    /// The page holds a record twice.
    DuplicateRecords,
}

/// A record that can be written.
#[derive(Clone, Debug)]
pub struct Draft {
    /// The fields of a create that the provider takes.
    pub fields: RawJson,
    /// The fields of a create that the provider refuses, where there are such.
    pub bad: Option<RawJson>,
    /// A field and a value for an update, another one for each draft. The record then holds this value there.
    pub change: (FieldPath, RawJson),
}

/// A number with more digits than a float holds.
#[derive(Clone, Debug)]
pub struct Exact {
    /// The entity.
    pub entity: &'static str,
    /// The record.
    pub key: Key,
    /// The path of the number in it.
    pub field: FieldPath,
    /// Its digits, as the provider writes them.
    pub digits: &'static str,
}
