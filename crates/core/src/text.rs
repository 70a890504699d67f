//! Short texts that name things: keys, entities, operations. Up to 23 bytes live inside the value itself, so a page
//! of records with numeric or short ids costs no allocation for them.

use std::borrow::Borrow;
use std::fmt;

use serde::{Deserialize, Serialize};
use smol_str::SmolStr;

macro_rules! text_type {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(SmolStr);

        impl $name {
            /// From any text.
            pub fn new(text: impl AsRef<str>) -> Self {
                Self(SmolStr::new(text))
            }

            /// From a text known at compile time, without an allocation whatever its length.
            pub const fn from_static(text: &'static str) -> Self {
                Self(SmolStr::new_static(text))
            }

            /// The text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(self.as_str(), f)
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }

        impl Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                Self::new(text)
            }
        }

        impl From<String> for $name {
            fn from(text: String) -> Self {
                Self::new(text)
            }
        }

        impl PartialEq<str> for $name {
            fn eq(&self, other: &str) -> bool {
                self.as_str() == other
            }
        }

        impl PartialEq<&str> for $name {
            fn eq(&self, other: &&str) -> bool {
                self.as_str() == *other
            }
        }
    };
}

text_type! {
    /// What identifies a record within its entity, as text, whatever the provider's type. Composite keys are joined
    /// by the connector and mean nothing to anybody else.
    Key
}

text_type! {
    /// The name of an entity: `deals`, `res.partner`, a sheet tab.
    EntityName
}

text_type! {
    /// A text of the provider kept as it came: a timestamp, a version, an etag, a unit of state.
    Text
}

text_type! {
    /// The id of one write, chosen by the host and stored before the first attempt.
    OperationId
}

text_type! {
    /// A part of an entity that is read with a state of its own: a parent record, a company, a drive.
    Partition
}

impl From<u64> for Key {
    fn from(id: u64) -> Self {
        Self(smol_str::format_smolstr!("{id}"))
    }
}

impl From<i64> for Key {
    fn from(id: i64) -> Self {
        Self(smol_str::format_smolstr!("{id}"))
    }
}
