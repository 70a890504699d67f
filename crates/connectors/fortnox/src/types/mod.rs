//! Typed records. Every field that Fortnox may leave out, set to null or show as `API_NORIGHT` is optional; what is not
//! named here is in the record's own text. Amounts are decimals and keep every digit, whether Fortnox writes a number or a
//! text.
//!
//! Source of the shapes: <https://apps.fortnox.se/apidocs>.

mod documents;
mod registers;

pub use documents::{Invoice, InvoiceRow, Voucher, VoucherRow};
pub use registers::{Article, Customer, Supplier};
