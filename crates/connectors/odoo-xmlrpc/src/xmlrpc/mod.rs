//! XML-RPC to and from the text of JSON. Neutral: what a value means in Odoo is said by [`FieldRules`] alone.
//!
//! Answers are read with quick-xml's event reader in one pass, without a tree, straight into JSON text; rows that are
//! written as Python's `xmlrpc.client` writes them take a shorter way that gives the same result. Doctypes are refused,
//! so there are no entities but the five of XML; depth and size are bounded. Source of the format:
//! <http://xmlrpc.com/spec.md>, of the extensions `nil`, `i8` and more: <https://ws.apache.org/xmlrpc/types.html>.

mod answer;
mod call;
mod decode;
mod encode;
mod events;
mod fast;
mod number;
mod rules;
mod text;

pub use answer::{Answer, Fault, Row, read_fault, read_rows, read_rows_slowly, read_value};
pub use call::Call;
pub use encode::Nulls;
pub use rules::{FieldRule, FieldRules};

/// How deep values may nest. Odoo nests five deep at most.
pub const MAX_DEPTH: usize = 64;

/// The longest answer that is read, in bytes. Pages are a hundredth of it.
pub const MAX_BYTES: usize = 256 << 20;

#[cfg(test)]
mod tests;
