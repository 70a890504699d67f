use std::time::Duration;

use chrono::{DateTime, Utc};
use http::HeaderMap;
use proptest::prelude::*;
use serde_json::Value;
use tieline_http::headers::{LONGEST_WAIT, http_date, rate_limits, reset, retry_after, wait};

use crate::new_year;

fn vectors(name: &str) -> Vec<Value> {
    let all: Value = serde_json::from_str(include_str!("../vectors/parsing-vectors.json")).unwrap();
    assert_eq!(all["now"], new_year().timestamp());
    let cases = all[name].as_array().unwrap().clone();
    assert!(!cases.is_empty());
    cases
}

fn expected(case: &Value) -> Option<Duration> {
    match &case["wait_s"] {
        Value::String(cap) if cap == "cap" => Some(LONGEST_WAIT),
        other => other.as_u64().map(Duration::from_secs),
    }
}

#[test]
fn retry_after_agrees_with_the_vectors() {
    for case in vectors("retry_after") {
        let text = case["in"].as_str().unwrap();
        assert_eq!(retry_after(text, new_year()), expected(&case), "{case}");
        if let Some(epoch) = case["epoch"].as_i64() {
            assert_eq!(http_date(text).unwrap().timestamp(), epoch, "{case}");
        }
    }
}

#[test]
fn dates_agree_with_the_vectors() {
    for case in vectors("http_date") {
        let date = http_date(case["in"].as_str().unwrap()).unwrap();
        assert_eq!(date.timestamp(), case["epoch"].as_i64().unwrap(), "{case}");
    }
}

#[test]
fn resets_agree_with_the_vectors() {
    for case in vectors("rate_limit_reset") {
        assert_eq!(reset(case["in"].as_str().unwrap(), new_year()), expected(&case), "{case}");
    }
}

#[test]
fn resets_in_words_are_read_and_implausible_ones_are_not() {
    for (text, expected) in [
        ("6m0s", Some(360)),
        ("1h2m3.5s", Some(3724)),
        ("120ms", Some(1)),
        ("1d", Some(86_400)),
        ("Thu, 01 Jan 2026 00:01:00 GMT", Some(60)),
        ("2025-12-31T23:59:00Z", Some(0)),
        ("1767225600", Some(0)),
        ("172800", Some(172_800)),
        ("172801", None),
        ("2026-02-01T00:00:00Z", None),
        ("99999999999999999999999", None),
        ("1e400s", None),
        ("5 minutes", None),
        ("-5", None),
        ("", None),
    ] {
        assert_eq!(reset(text, new_year()), expected.map(Duration::from_secs), "{text}");
    }
}

#[test]
fn structured_fields_agree_with_the_vectors() {
    for case in vectors("ratelimit_structured") {
        let limits = rate_limits(case["RateLimit-Policy"].as_str(), case["RateLimit"].as_str());
        let expected = case["parsed"].as_object().unwrap();
        assert_eq!(limits.len(), expected.len(), "{case}");
        for limit in limits {
            let fields = &expected[&limit.name];
            let seconds = |name: &str| fields[name].as_u64().map(Duration::from_secs);
            assert_eq!(limit.quota, fields["q"].as_u64());
            assert_eq!(limit.window, seconds("w"));
            assert_eq!(limit.remaining, fields["r"].as_u64());
            assert_eq!(limit.reset, seconds("t"));
        }
    }
}

#[test]
fn the_older_dictionary_and_odd_names_are_read() {
    let limits = rate_limits(None, Some("limit=100, remaining=50, reset=30"));
    assert_eq!(limits.len(), 1);
    assert_eq!((limits[0].quota, limits[0].remaining), (Some(100), Some(50)));
    let limits = rate_limits(None, Some(r#""a, \"b\"; c" ; r=1 ; t=2, plain;r=x;t=9"#));
    assert_eq!((limits[0].name.as_str(), limits[0].remaining), ("a, \"b\"; c", Some(1)));
    assert_eq!((limits[1].name.as_str(), limits[1].remaining), ("plain", None));
}

#[test]
fn retry_after_comes_before_a_reset() {
    let wait = |pairs: &[(&'static str, &str)]| {
        let headers: HeaderMap =
            pairs.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect();
        wait(&headers, new_year()).map(|wait| wait.as_secs())
    };
    assert_eq!(wait(&[]), None);
    assert_eq!(wait(&[("retry-after", "7"), ("ratelimit", r#""a";r=0;t=30"#)]), Some(7));
    assert_eq!(wait(&[("retry-after", "soon"), ("ratelimit", r#""a";r=0;t=30,"b";r=0;t=40"#)]), Some(40));
    assert_eq!(wait(&[("ratelimit", r#""a";r=1;t=30"#)]), None);
    assert_eq!(wait(&[("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "9")]), Some(9));
    assert_eq!(wait(&[("x-ratelimit-remaining", "3"), ("x-ratelimit-reset", "9")]), None);
    assert_eq!(wait(&[("x-rate-limit-remaining", "0"), ("x-rate-limit-reset", "9")]), Some(9));
    assert_eq!(wait(&[("ratelimit-remaining", "0, 5;w=60"), ("ratelimit-reset", "9")]), Some(9));
}

fn any_time() -> impl Strategy<Value = DateTime<Utc>> {
    (-8_000_000_000_000_i64..8_000_000_000_000, 0_u32..1_000_000_000)
        .prop_map(|(secs, nanos)| DateTime::from_timestamp(secs, nanos).unwrap())
}

proptest! {
    #[test]
    fn no_text_makes_a_parser_panic(text in any::<String>(), now in any_time()) {
        let _ = (retry_after(&text, now), reset(&text, now), http_date(&text));
        let _ = rate_limits(Some(&text), Some(&text));
    }

    #[test]
    fn nothing_that_looks_like_a_value_makes_a_parser_panic(
        text in r#"[0-9]{0,25}\.?[0-9]{0,25}|([0-9.]{1,30}(ms|s|m|h|d)){1,6}|("?[a-z\\,;"]{0,8}"?(;[qwrt]=[0-9]{0,25}){0,4},?){0,9}"#,
        now in any_time(),
    ) {
        let wait = retry_after(&text, now);
        prop_assert!(wait.is_none_or(|wait| wait <= LONGEST_WAIT));
        let wait = reset(&text, now);
        prop_assert!(wait.is_none_or(|wait| wait <= Duration::from_secs(48 * 3600) && wait.subsec_nanos() == 0));
        let _ = rate_limits(Some(&text), Some(&text));
    }

    #[test]
    fn every_date_is_read_in_all_its_forms(ahead in 0_i64..86_400, offset in 0_i64..1_388_000_000) {
        let now = new_year() + chrono::TimeDelta::seconds(offset);
        let then = now + chrono::TimeDelta::seconds(ahead);
        let expected = Some(Duration::from_secs(ahead.unsigned_abs()));
        // Two digits of a year are told apart up to 2069.
        for form in ["%a, %d %b %Y %H:%M:%S GMT", "%A, %d-%b-%y %H:%M:%S GMT", "%a %b %e %H:%M:%S %Y"] {
            let text = then.format(form).to_string();
            prop_assert_eq!(retry_after(&text, now), expected, "{}", text);
        }
    }
}

#[test]
fn of_two_waits_the_longer_counts() {
    let now = "2026-01-01T00:00:00Z".parse().unwrap();
    for (values, expected) in [
        (vec!["10", "120"], Some(120)),
        (vec!["120", "10"], Some(120)),
        (vec!["soon", "Thu, 01 Jan 2026 00:00:30 GMT"], Some(30)),
        (vec!["soon", "later"], None),
    ] {
        let mut headers = http::HeaderMap::new();
        for value in &values {
            headers.append("retry-after", value.parse().unwrap());
        }
        assert_eq!(wait(&headers, now).map(|wait| wait.as_secs()), expected, "{values:?}");
    }
}
