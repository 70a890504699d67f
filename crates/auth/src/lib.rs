#![doc = include_str!("../README.md")]

mod api_key;
mod basic;
mod bearer;
mod checked;
mod fixed;
mod password;
mod scheme;
mod scrub;

pub use api_key::ApiKey;
pub use basic::Basic;
pub use bearer::Bearer;
pub use password::Password;
