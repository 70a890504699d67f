//! One binary for all of the kit's tests.

#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::string_slice,
    clippy::unwrap_used,
    reason = "helpers of tests fail like tests"
)]

mod layouts;
mod loops;
mod pages;
mod times;
mod words;
mod writes;
