use std::fmt;

use secrecy::SecretString;
use serde::de::{Deserialize, Deserializer, Visitor};

/// A text of JSON that goes straight into its secret.
#[derive(Clone)]
pub(crate) struct SecretText(pub(crate) SecretString);

impl<'de> Deserialize<'de> for SecretText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;
        impl Visitor<'_> for Text {
            type Value = SecretText;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text")
            }

            fn visit_str<E>(self, text: &str) -> Result<SecretText, E> {
                Ok(SecretText(text.into()))
            }
        }
        deserializer.deserialize_str(Text)
    }
}
