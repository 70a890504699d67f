//! The laws, kept by the store in memory.
