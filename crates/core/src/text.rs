//! Short texts that name things: keys, entities, operations. Up to 23 bytes live inside the value itself, so a page
//! of records with numeric or short ids costs no allocation for them.

use std::borrow::Cow;

use smol_str::SmolStr;

/// A text with a type of its own, around another text. For crates of the workspace, which need `serde` for it.
#[doc(hidden)]
#[macro_export]
macro_rules! text_newtype {
    ($(#[$doc:meta])* $name:ident($text:ty)) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, ::serde::Serialize, ::serde::Deserialize)]
        #[serde(transparent)]
        pub struct $name($text);

        impl $name {
            /// From any text.
            pub fn new(text: impl AsRef<str>) -> Self {
                Self(<$text>::new(text))
            }

            /// The text.
            pub fn as_str(&self) -> &str {
                self.0.as_str()
            }
        }

        impl ::std::fmt::Display for $name {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                f.pad(self.as_str())
            }
        }

        impl ::std::fmt::Debug for $name {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                ::std::fmt::Debug::fmt(self.as_str(), f)
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                self.as_str()
            }
        }

        impl ::std::borrow::Borrow<str> for $name {
            fn borrow(&self) -> &str {
                self.as_str()
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

macro_rules! text_type {
    ($(#[$doc:meta])* $name:ident) => {
        text_newtype! { $(#[$doc])* $name(SmolStr) }

        impl $name {
            /// From a text known at compile time, without an allocation whatever its length.
            pub const fn from_static(text: &'static str) -> Self {
                Self(SmolStr::new_static(text))
            }
        }
    };
}

text_type! {
    /// The identifier of a record within its entity, as text, whatever the provider's type. A composite key has
    /// [parts](Key::parts).
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

impl Key {
    /// A composite key, such as a parent's key and a child's. Its text is the parts joined by `/`, with `~1` for a slash
    /// in a part and `~0` for a tilde, as in a JSON Pointer (RFC 6901).
    ///
    /// ```
    /// use tieline_core::Key;
    ///
    /// let key = Key::from_parts(["42", "a/b"]);
    /// assert_eq!(key.as_str(), "42/a~1b");
    /// assert_eq!(key.parts().collect::<Vec<_>>(), ["42", "a/b"]);
    /// ```
    pub fn from_parts<P: AsRef<str>>(parts: impl IntoIterator<Item = P>) -> Self {
        let mut text = String::new();
        for (index, part) in parts.into_iter().enumerate() {
            if index > 0 {
                text.push('/');
            }
            for c in part.as_ref().chars() {
                match c {
                    '~' => text.push_str("~0"),
                    '/' => text.push_str("~1"),
                    c => text.push(c),
                }
            }
        }
        Self(SmolStr::from(text))
    }

    /// Returns the parts of a key that [`from_parts`](Self::from_parts) made. For an entity whose keys are not composite
    /// the key is its own text, not its parts.
    pub fn parts(&self) -> impl Iterator<Item = Cow<'_, str>> {
        self.as_str().split('/').map(|part| {
            if part.contains('~') {
                Cow::Owned(part.replace("~1", "/").replace("~0", "~"))
            } else {
                Cow::Borrowed(part)
            }
        })
    }
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
