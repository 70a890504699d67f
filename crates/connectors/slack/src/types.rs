//! Typed records. What Slack may leave out is optional; what is not named here is in the record's own text.

use serde::{Deserialize, Serialize};
use tieline_core::RawJson;

/// A member of a workspace, or a bot.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[non_exhaustive]
pub struct User {
    /// The id, which begins with U or W.
    pub id: String,
    /// The name by which others mention the user.
    #[serde(default)]
    pub name: Option<String>,
    /// The full name.
    #[serde(default)]
    pub real_name: Option<String>,
    /// Whether the account is deactivated.
    #[serde(default)]
    pub deleted: bool,
    /// Whether it is a bot.
    #[serde(default)]
    pub is_bot: bool,
    /// The profile.
    #[serde(default)]
    pub profile: Option<Profile>,
}

/// The profile of a user.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[non_exhaustive]
pub struct Profile {
    /// The e-mail address, with the scope `users:read.email`.
    #[serde(default)]
    pub email: Option<String>,
    /// The name to show.
    #[serde(default)]
    pub display_name: Option<String>,
}

/// A public or private channel.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[non_exhaustive]
pub struct Channel {
    /// The id, which begins with C or G.
    pub id: String,
    /// The name, in lower case.
    #[serde(default)]
    pub name: Option<String>,
    /// Whether only its members see it.
    #[serde(default)]
    pub is_private: bool,
    /// Whether it is archived.
    #[serde(default)]
    pub is_archived: bool,
    /// Whether the app is a member.
    #[serde(default)]
    pub is_member: bool,
}

/// A message of a channel.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[non_exhaustive]
pub struct Message {
    /// The id within the channel: seconds and microseconds, as a text.
    pub ts: String,
    /// The user, where a person or a bot wrote it.
    #[serde(default)]
    pub user: Option<String>,
    /// The text, in Slack's own markup.
    #[serde(default)]
    pub text: Option<String>,
    /// The kind of message where it is none of a person, such as `channel_join`.
    #[serde(default)]
    pub subtype: Option<String>,
    /// The first message of its thread.
    #[serde(default)]
    pub thread_ts: Option<String>,
    /// The replies in its thread.
    #[serde(default)]
    pub reply_count: Option<u64>,
    /// The blocks of a rich message.
    #[serde(default)]
    pub blocks: Option<Vec<RawJson>>,
}

/// An uploaded file.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[non_exhaustive]
pub struct File {
    /// The id, which begins with F.
    pub id: String,
    /// The name.
    #[serde(default)]
    pub name: Option<String>,
    /// The size in bytes.
    #[serde(default)]
    pub size: Option<u64>,
}
