//! Whose secret it is.

use std::fmt;

/// Whose secret it is: what a sealed value is bound to. It opens for this tenant, connection and name alone, so a row
/// that was pasted onto another one is refused.
///
/// ```
/// use tieline_vault::Context;
///
/// let context = Context::new("acme", "pipedrive-1", "api_token");
/// assert_eq!(context.to_string(), "tenant=acme, connection=pipedrive-1, name=api_token");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Context<'a> {
    use_: Use,
    tenant: &'a str,
    connection: &'a str,
    name: &'a str,
}

/// What a value is sealed for, so that one cannot stand for the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Use {
    Secret,
    KeyCheck,
}

impl<'a> Context<'a> {
    /// The secret called `name` of one connection of one tenant. Take ids that never change: a secret cannot be opened
    /// under a tenant's or a connection's new id. A [key check](crate::Vault::key_check) has a context of its own, with
    /// an empty tenant and connection.
    pub const fn new(tenant: &'a str, connection: &'a str, name: &'a str) -> Self {
        Self { use_: Use::Secret, tenant, connection, name }
    }

    pub(crate) const KEY_CHECK: Self =
        Self { use_: Use::KeyCheck, tenant: "", connection: "", name: "key check" };

    pub(crate) fn is_secret(&self) -> bool {
        self.use_ == Use::Secret
    }

    /// Whose the connection is.
    pub fn tenant(&self) -> &'a str {
        self.tenant
    }

    /// Which connection.
    pub fn connection(&self) -> &'a str {
        self.connection
    }

    /// Which of the connection's secrets.
    pub fn name(&self) -> &'a str {
        self.name
    }

    /// The context as AES-GCM's associated data: version and use, tenant, connection and name, each after its length as
    /// eight bytes, big-endian. No two contexts give the same bytes.
    pub fn associated_data(&self) -> Vec<u8> {
        let use_ = match self.use_ {
            Use::Secret => "tieline-vault 1 secret",
            Use::KeyCheck => "tieline-vault 1 key check",
        };
        let parts = [use_, self.tenant, self.connection, self.name];
        let mut bytes = Vec::with_capacity(parts.iter().map(|part| 8 + part.len()).sum());
        for part in parts {
            bytes.extend_from_slice(&(part.len() as u64).to_be_bytes());
            bytes.extend_from_slice(part.as_bytes());
        }
        bytes
    }
}

impl fmt::Display for Context<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.use_ {
            Use::Secret => {
                let Self { tenant, connection, name, .. } = self;
                write!(f, "tenant={tenant}, connection={connection}, name={name}")
            }
            Use::KeyCheck => f.write_str("key check"),
        }
    }
}

#[cfg(test)]
#[allow(clippy::string_slice, reason = "cut between characters")]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn associated_data_is_injective(one: [String; 3], other: [String; 3]) {
            let data = |parts: &[String; 3]| Context::new(&parts[0], &parts[1], &parts[2]).associated_data();
            prop_assert_eq!(data(&one) == data(&other), one == other);
        }

        #[test]
        fn text_does_not_move_between_parts(all: String, first: prop::sample::Index, second: prop::sample::Index) {
            let cuts: Vec<usize> = all.char_indices().map(|(at, _)| at).chain([all.len()]).collect();
            let (first, second) = (cuts[first.index(cuts.len())], cuts[second.index(cuts.len())]);
            let one = Context::new(&all[..first], &all[first..], "");
            let other = Context::new(&all[..second], &all[second..], "");
            prop_assert_eq!(one.associated_data() == other.associated_data(), first == second);
        }
    }

    #[test]
    fn a_key_check_is_no_secret() {
        let same_words = Context::new("", "", "key check");
        assert_ne!(same_words.associated_data(), Context::KEY_CHECK.associated_data());
    }
}
