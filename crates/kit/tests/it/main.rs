//! One binary for all of the kit's tests.

mod loops;
mod pages;
mod times;
mod words;
