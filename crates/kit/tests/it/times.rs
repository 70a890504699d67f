use chrono::{DateTime, TimeDelta, Utc};
use proptest::prelude::*;
use tieline_kit::{MaxWatermark, Watermark, instant};

fn time(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(seconds, 0).unwrap()
}

#[test]
fn all_forms_of_a_timestamp_name_the_same_instant() {
    let expected = time(1_768_032_763);
    for text in [
        "2026-01-10T08:12:43Z",
        "2026-01-10 08:12:43",
        "2026-01-10T09:12:43+01:00",
        "2026-01-10T08:12:43.000Z",
        "2026-01-10T08:12:43",
        "2026-01-10t08:12:43z",
        "2026-01-10T08:12:43.000000000Z",
        "2026-01-10T08:12:43+0000",
        "2026-01-10 08:12:43 +0000",
        "2026-01-10T07:12:43-01",
        "2026-01-10 08:12:43 UTC",
        "1768032763",
        "1768032763.000",
        "1768032763000",
        "Sat, 10 Jan 2026 08:12:43 +0000",
        "Sat, 10 Jan 2026 09:12:43 +0100",
        "Sat, 10 Jan 2026 08:12:43 GMT",
        "/Date(1768032763000)/",
        "/Date(1768032763000+0100)/",
        "20260110T081243Z",
        "20260110T081243",
    ] {
        assert_eq!(instant(text), Some(expected), "{text}");
        let watermark = Watermark::parse(text).unwrap();
        let earlier = watermark.since_as_written(TimeDelta::minutes(1));
        assert_eq!(instant(&earlier), Some(expected - TimeDelta::minutes(1)), "{earlier}");
        let same = watermark.since_as_written(TimeDelta::zero());
        if !text.contains(['t', 'U', 'G'])
            && text != "2026-01-10T07:12:43-01"
            && !text.contains("09:12:43 +0100")
        {
            assert_eq!(same, text);
        }
    }
    assert_eq!(instant("2026-01-10"), Some(time(1_768_003_200)));
    assert_eq!(Watermark::parse("2026-01-10").unwrap().since_as_written(TimeDelta::hours(1)), "2026-01-09");
    assert_eq!(instant("2026-12-31T23:59:60Z").unwrap().timestamp(), 1_798_761_599);
    assert_eq!(instant("2026-01-10 08:12:43.120").map(|time| time.timestamp_subsec_millis()), Some(120));
    for text in [
        "",
        "0000-00-00 00:00:00",
        "0000-01-01",
        "2026-13-01T00:00:00Z",
        "yesterday",
        "12345678",
        "123456789012345",
        "2026-01-10T08:12:43.1234567890Z",
        "2026-01-10T25:00:00Z",
        "2026-01-10T08:12:43+25:00",
        "2026-01-10T",
        "2026-01-10T08:12:43 ",
        "/Date(x)/",
        "/Date(1)",
        "-",
        "1768032763x",
        "20260110",
        "ä026-01-10",
        "2026-01-1ä",
    ] {
        assert_eq!(instant(text), None, "{text}");
        let error = Watermark::parse(text).unwrap_err();
        assert_eq!(error.kind(), tieline_core::ErrorKind::Decode);
        assert!(text.is_empty() || !format!("{error:?}").contains(text), "{error:?}");
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

#[test]
fn a_number_grows_and_is_no_time() {
    let mut highest = MaxWatermark::numbers(Some(Watermark::number("99999999").unwrap()));
    for text in ["7", "100000000", "x", "99999998"] {
        highest.see(text);
    }
    assert_eq!(highest.get().unwrap().text(), &"100000000");
    let next = Watermark::advanced(Some(Watermark::number("99").unwrap()), highest.get(), time(0)).unwrap();
    assert_eq!(next.since(TimeDelta::minutes(5)), "100000000");
    assert!(Watermark::number("-1").is_err() && Watermark::number("").is_err());
}

#[test]
fn times_that_cannot_be_read_are_an_error_and_no_silent_full_read() {
    let mut highest = MaxWatermark::default();
    assert!(!highest.see("05.03.24") && !highest.see("06.03.24"));
    // A bad record or two stop nothing.
    assert!(highest.finish().unwrap().is_none());
    assert!(!highest.see("07.03.24"));
    let error = highest.finish().unwrap_err().to_string();
    insta::assert_snapshot!(error, @"the records' times of change are in no form that can be read: report the provider's form; a full read goes on without it (decode, records=3)");
    assert!(highest.see("2026-01-10"));
    assert!(highest.finish().unwrap().is_some());
}

proptest! {
    #[test]
    fn no_text_panics_and_what_is_written_can_be_read(text in ".{0,40}", seconds in 100_000_000i64..4_000_000_000, ms in 0u32..1000) {
        let at = time(seconds) + TimeDelta::milliseconds(i64::from(ms));
        if let Ok(watermark) = Watermark::parse(&text) {
            prop_assert_eq!(instant(&watermark.since_as_written(TimeDelta::zero())).is_some(), true);
        }
        for form in ["2026-01-10T08:12:43.12+01:00", "1768032763.1", "1768032763000", "/Date(1768032763000)/", "20260110T081243Z"] {
            let highest = Watermark::parse(form).unwrap();
            if let Some(next) = Watermark::advanced(None, Some(&highest), at) {
                prop_assert!(next.instant() <= Some(at), "{:?}", next);
                prop_assert_eq!(instant(next.text().as_str()), next.instant());
            }
        }
    }

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
        prop_assert_eq!(highest.get().and_then(Watermark::instant), most);
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
                prop_assert!(next.instant() <= Some(started));
                prop_assert!(next.instant() <= most);
            }
            prop_assert_eq!(instant(next.text().as_str()), next.instant());
        }
    }
}
