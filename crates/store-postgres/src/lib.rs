#![doc = include_str!("../README.md")]

#[cfg(all(unix, feature = "testing"))]
pub mod testing;
