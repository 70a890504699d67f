//! What providers say about waiting: one header value a line, at a moment that the first line chooses.

#![no_main]

// The parsers alone: the crate around them brings a TLS stack, which takes longer to build than all else here.
#[allow(dead_code, unused_imports)]
#[path = "../../crates/http/src/headers/mod.rs"]
mod headers;

use chrono::DateTime;
use headers::LONGEST_WAIT;
use http::{HeaderMap, HeaderValue};
use libfuzzer_sys::fuzz_target;

const NAMES: [&str; 10] = [
    "retry-after",
    "date",
    "ratelimit",
    "ratelimit-policy",
    "x-ratelimit-remaining",
    "x-ratelimit-reset",
    "x-rate-limit-remaining",
    "x-rate-limit-reset",
    "ratelimit-remaining",
    "ratelimit-reset",
];

fuzz_target!(|text: &str| {
    let (first, rest) = text.split_once('\n').unwrap_or((text, ""));
    let seconds = first.parse().unwrap_or(1_767_225_600);
    let now = DateTime::from_timestamp(seconds, 0).unwrap_or_default();
    let mut map = HeaderMap::new();
    for (line, name) in rest.lines().zip(NAMES) {
        if let Ok(value) = HeaderValue::from_str(line) {
            map.insert(name, value);
        }
        let _ = headers::http_date(line);
        let _ = headers::reset(line, now);
        assert!(headers::retry_after(line, now).is_none_or(|wait| wait <= LONGEST_WAIT), "{line}");
        for limit in headers::rate_limits(None, Some(line)) {
            assert!(limit.reset.is_none_or(|wait| wait <= LONGEST_WAIT), "{line}");
        }
    }
    let _ = headers::date(&map);
    let _ = headers::wait(&map, now);
});
