//! Endpoints of webhooks, subscribers to events, and the queue of notifications to them. All times are the database's.

mod endpoint;
mod notification;
mod queue;
mod secret;
mod subscriber;

pub use endpoint::{
    create as create_endpoint, endpoint, endpoint_at, endpoints, remove as remove_endpoint,
    set_active as set_endpoint_active, set_subscriptions,
};
pub use notification::{attempts, list as notifications, prune as prune_notifications, replay};
pub use queue::{claim, follow, settle};
pub use secret::{add as add_secret, list as secrets, rewrap};
pub use subscriber::{
    create as create_subscriber, remove as remove_subscriber, set_active as set_subscriber_active,
    subscriber, subscribers,
};

use tieline_core::{Error, ErrorKind, Result};

/// The kind of a route by the hash of a path.
pub const ROUTE: &str = "webhook";

fn names(text: &str) -> Result<Vec<String>> {
    serde_json::from_str(text).map_err(|_| unreadable("a list of names"))
}

fn unreadable(what: &'static str) -> Error {
    Error::new(ErrorKind::Internal, format!("{what} of a webhook is stored in an unknown form"))
        .with_advice("report it; a newer version may have stored it")
}

fn taken(what: &'static str) -> Error {
    Error::new(ErrorKind::Conflict, format!("the id of the {what} is taken")).with_advice("make another id")
}
