use chrono::{DateTime, TimeDelta, Utc};
use proptest::prelude::*;
use tieline_kit::{MaxWatermark, Watermark, instant};

fn time(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(seconds, 0).unwrap()
}

#[test]
fn both_forms_of_a_timestamp_name_the_same_instant() {
    let expected = time(1_768_032_763);
    for text in [
        "2026-01-10T08:12:43Z",
        "2026-01-10 08:12:43",
        "2026-01-10T09:12:43+01:00",
        "2026-01-10T08:12:43.000Z",
    ] {
        assert_eq!(instant(text), Some(expected), "{text}");
    }
    assert_eq!(instant("2026-01-10 08:12:43.120").map(|time| time.timestamp_subsec_millis()), Some(120));
    for text in ["", "0000-00-00 00:00:00", "2026-13-01T00:00:00Z", "yesterday", "1768032763"] {
        assert_eq!(instant(text), None, "{text}");
    }
}

#[test]
fn a_read_begins_before_the_watermark_without_fractions() {
    let watermark = Watermark::parse("2026-01-10T08:12:43.987Z").unwrap();
    assert_eq!(watermark.since(TimeDelta::minutes(5)), "2026-01-10T08:07:43Z");
    assert_eq!(watermark.text(), &"2026-01-10T08:12:43.987Z");
}

#[test]
fn the_highest_is_found_across_forms_and_rubbish() {
    let mut highest = MaxWatermark::default();
    for text in [
        "2026-01-10T08:12:43Z",
        "9999-99-99T99:99:99Z",
        "2026-01-10 08:12:44",
        "rubbish",
        "2026-01-10T08:12:43.5Z",
    ] {
        highest.see(text);
    }
    assert_eq!(highest.get().unwrap().text(), &"2026-01-10 08:12:44");
}

proptest! {
    #[test]
    fn the_laws_of_a_watermark(
        previous in prop::option::of(0i64..1_000_000),
        seen in prop::collection::vec((0i64..1_000_000, 0u32..1000, any::<bool>()), 0..20),
        started in 0i64..1_000_000,
    ) {
        let mut highest = MaxWatermark::default();
        let mut most = None;
        for (seconds, millis, old) in &seen {
            let at = time(*seconds) + TimeDelta::milliseconds(i64::from(*millis));
            let text = if *old { at.format("%Y-%m-%d %H:%M:%S%.3f").to_string() } else { at.to_rfc3339() };
            highest.see(&text);
            most = most.max(Some(at));
        }
        prop_assert_eq!(highest.get().map(Watermark::instant), most);
        let previous = previous.map(|seconds| Watermark::at(time(seconds)));
        let started = time(started);
        let next = Watermark::advanced(previous.clone(), highest.get(), started);
        // It never goes back, is never made from nothing, and moves at most to the start and to what was seen.
        prop_assert_eq!(next.is_some(), previous.is_some() || most.is_some());
        if let Some(next) = next {
            if let Some(previous) = &previous {
                prop_assert!(next.instant() >= previous.instant());
            }
            let moved = previous.as_ref().is_none_or(|previous| previous.instant() < next.instant());
            if moved {
                prop_assert!(next.instant() <= started);
                prop_assert!(Some(next.instant()) <= most);
            }
            prop_assert_eq!(instant(next.text().as_str()), Some(next.instant()));
        }
    }
}
