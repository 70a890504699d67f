use std::time::Duration;

use tieline_core::Deletes;
use tieline_kit::JsonPath;

use super::{Condition, FieldsRequest, Named, Request, Walk};

/// A kind of record.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Entity {
    /// Its name for people.
    pub title: Option<String>,
    /// The entity whose children these are.
    pub parent: Option<Parent>,
    /// The field that names the parent in what is written.
    pub parent_field: Option<String>,
    /// Whether a child is due only when its parent changed.
    pub follows: bool,
    /// The conditions on a parent whose children are read.
    pub parent_when: Vec<Condition>,
    /// Once for each of these values.
    pub each: Named<Vec<String>>,
    /// Everything; walked one after another.
    pub list: Vec<Request>,
    /// Lists of changes; each with a mark of its own.
    pub changes: Vec<Request>,
    /// The request for the first token of increments, asked before everything is read; its walk names the place.
    pub token_from: Option<Request>,
    /// Lists of deleted records.
    pub deleted: Vec<Request>,
    /// One by key.
    pub lookup: Option<Request>,
    /// Several by key.
    pub lookups: Option<Request>,
    /// By a field's value.
    pub find: Find,
    /// The account's own fields.
    pub fields: Option<FieldsRequest>,
    /// Fields that are always asked for.
    pub field_names: Vec<String>,
    /// Makes one.
    pub create: Option<Request>,
    /// Changes one.
    pub update: Option<Request>,
    /// Removes one.
    pub delete: Option<Request>,
    /// Changes the one record whose field has a value, or makes it.
    pub upsert: Option<Request>,
    /// The fetch of each listed record.
    pub detail: Option<Request>,
    /// A record's file, by variant; the original has an empty name.
    pub content: Named<Request>,
    /// Actions on one record.
    pub actions: Named<Request>,
    /// The member that carries the marker of a create; a JSON Pointer to one that is deeper.
    pub marker: Option<String>,
    /// The setting that names that member, where the connection chooses it.
    pub marker_setting: Option<String>,
    /// The path before the member that the setting names, such as `/properties/`.
    pub marker_prefix: String,
    /// The longest time that a search lags behind a create.
    pub search_delay: Option<Duration>,
    /// The form of its keys; any text unless said.
    pub key_form: Option<KeyForm>,
    /// The way in which deletes show, where it is not seen from the lists.
    pub deletes: Option<Deletes>,
    /// The value that clears a field, as JSON; null unless said.
    pub clear: Option<String>,
    /// Settings of its walks.
    pub walk: Walk,
    /// The line of the file.
    pub line: Option<usize>,
}

/// The parent of an entity.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Parent {
    /// The entity.
    pub entity: String,
    /// The number of parents in one request; 1 unless said.
    pub group: u32,
}

/// The form of an entity's keys. A text of another form is a key of no record, and nothing is sent for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum KeyForm {
    /// A whole number above zero, as it is usually written: `7`, not `007`.
    Integer,
    /// A UUID.
    Uuid,
}

impl KeyForm {
    /// Whether a text has this form.
    pub fn fits(self, key: &str) -> bool {
        match self {
            Self::Integer => key.parse::<u64>().is_ok_and(|id| id > 0 && id.to_string() == key),
            Self::Uuid => {
                key.len() == 36
                    && key.bytes().enumerate().all(|(at, byte)| match at {
                        8 | 13 | 18 | 23 => byte == b'-',
                        _ => byte.is_ascii_hexdigit(),
                    })
            }
        }
    }
}

/// The searches by a field's value.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Find {
    /// By any field.
    pub any: Option<Request>,
    /// By these fields.
    pub by: Named<FindBy>,
}

/// A search by one field.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum FindBy {
    /// By a request.
    Request(Box<Request>),
    /// There is no search: the list is looked through.
    Scan,
}

/// A part of a key.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum KeyPart {
    /// The parent's key.
    Parent,
    /// A member of the record.
    Member(JsonPath),
}

impl std::fmt::Display for KeyPart {
    /// As a file writes it.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Parent => f.write_str("parent.key"),
            Self::Member(path) => write!(f, "{path}"),
        }
    }
}

impl KeyPart {
    /// Its name in `<key.NAME>`: the last member of its path.
    pub fn name(&self) -> String {
        match self {
            Self::Parent => "parent".to_owned(),
            Self::Member(path) => path.to_string().rsplit('/').next().unwrap_or_default().to_owned(),
        }
    }
}
