use proptest::prelude::*;
use tieline_core::{Batch, Key, Lookup, State};
use tieline_kit::{Budget, KeyChunks, Offset, PageStep, TokenGuard, batches};

#[test]
fn a_repeated_token_is_noticed_whatever_the_cycle() {
    for (tail, cycle) in [(0, 1), (0, 2), (5, 3), (70, 64), (0, 65), (3, 500), (1000, 1500)] {
        let mut guard = TokenGuard::new();
        let token = |step: usize| if step < tail { step } else { tail + (step - tail) % cycle };
        let noticed = (0..20_000).find(|step| guard.next(&token(*step).to_string()).is_err());
        assert!(noticed.is_some_and(|step| step <= 4 * (tail + cycle)), "{tail} {cycle} {noticed:?}");
    }
    let mut guard = TokenGuard::new();
    for step in 0..100_000 {
        guard.next(&step.to_string()).unwrap();
    }
    insta::assert_snapshot!(guard.next("99999").unwrap_err(), @"the provider repeated a page token: the pages so far are kept; run again, and report it if it stays (decode, page=100001)");
}

#[tokio::test]
async fn batches_are_lazy_and_end_after_an_error() {
    use futures_util::StreamExt;
    let step = |n: u32| async move {
        if n == 2 {
            return Err(tieline_core::Error::unsupported("going on"));
        }
        Ok(Some((Batch::new("deals", Vec::new(), State::new(1, &n)?), n + 1)))
    };
    let results: Vec<bool> = batches(0, step).map(|batch| batch.is_ok()).collect().await;
    assert_eq!(results, [true, true, false]);
}

#[test]
fn a_budget_bounds_pages_and_records() {
    let mut budget = Budget::new(10, Some(7));
    assert_eq!((budget.page(5), budget.fits(9)), (5, 7));
    budget.spend(5);
    assert_eq!((budget.page(5), budget.fits(9), budget.is_spent(), budget.done()), (2, 2, false, 15));
    budget.spend(2);
    assert!(budget.is_spent());
    let free = Budget::new(0, None);
    assert_eq!((free.page(500), free.fits(900), free.is_spent()), (500, 900, false));
}

#[test]
fn keys_are_asked_once_and_answered_in_order() {
    let keys = |texts: &[&str]| texts.iter().map(|text| Key::from(*text)).collect::<Vec<_>>();
    let mut chunks = KeyChunks::new(keys(&["3", "1", "3", "2", "1"]));
    assert_eq!(chunks.chunks(2), vec![keys(&["3", "1"]), keys(&["2"])]);
    chunks.answer(Lookup::Forbidden("1".into()));
    chunks.answer(Lookup::Forbidden("9".into()));
    assert_eq!(chunks.open(), keys(&["3", "2"]));
    let answers = chunks.finish();
    assert_eq!(
        answers,
        vec![
            Lookup::Missing("3".into()),
            Lookup::Forbidden("1".into()),
            Lookup::Missing("3".into()),
            Lookup::Missing("2".into()),
            Lookup::Forbidden("1".into()),
        ]
    );
}

/// Walks `rows`, which change between pages as `moves` say. Gives what was yielded, and whether the walk lost its place.
fn walked(mut rows: Vec<u32>, limit: u32, moves: &[(u8, prop::sample::Index)]) -> (Vec<u32>, Vec<u32>, bool) {
    let mut offset = Offset::new();
    let mut yielded = Vec::new();
    let mut lasting = rows.clone();
    let mut fresh = 1_000_000;
    for (what, place) in moves
        .iter()
        .map(Some)
        .chain(std::iter::repeat(None))
        .take(2_000)
        .map(|m| m.map_or((9, None), |(w, p)| (*w, Some(p))))
    {
        let asked = offset.limit(limit, 50);
        let start = usize::try_from(offset.start()).unwrap();
        let page: Vec<u32> = rows.iter().copied().skip(start).take(asked as usize).collect();
        let more = start + page.len() < rows.len();
        let keys: Vec<Key> = page.iter().map(|id| Key::from(u64::from(*id))).collect();
        // The position survives a stop at any page.
        let mut stored: Offset = serde_json::from_str(&serde_json::to_string(&offset).unwrap()).unwrap();
        let Ok(turn) = stored.turn(&keys, asked, more.then_some((start + page.len()) as u64)) else {
            return (yielded, lasting, true);
        };
        offset = stored;
        if let PageStep::Forward(known) = turn {
            yielded.extend(&page[known..]);
            if !more {
                break;
            }
        }
        if let Some(place) = place {
            match what {
                0 if !rows.is_empty() => {
                    let gone = rows.remove(place.index(rows.len()));
                    lasting.retain(|row| *row != gone);
                }
                1 => {
                    fresh += 1;
                    rows.insert(place.index(rows.len() + 1), fresh);
                }
                _ => {}
            }
        }
    }
    (yielded, lasting, offset.is_broken())
}

proptest! {
    #[test]
    fn rows_that_move_are_not_lost(
        count in 0u32..80,
        limit in 1u32..12,
        moves in prop::collection::vec((0u8..3, any::<prop::sample::Index>()), 0..60),
    ) {
        let (yielded, lasting, broken) = walked((0..count).collect(), limit, &moves);
        let lost: Vec<u32> = lasting.into_iter().filter(|row| !yielded.contains(row)).collect();
        prop_assert!(lost.is_empty() || broken, "lost {:?}", lost);
    }

    #[test]
    fn rows_that_stay_come_once(count in 0u32..200, limit in 1u32..60) {
        let (yielded, lasting, broken) = walked((0..count).collect(), limit, &[]);
        prop_assert_eq!(yielded, lasting);
        prop_assert!(!broken);
    }
}

#[test]
fn a_row_that_goes_costs_one_step_back() {
    let mut offset = Offset::new();
    let page = |range: std::ops::Range<u64>| range.map(Key::from).collect::<Vec<_>>();
    assert_eq!(offset.turn(&page(0..10), 10, Some(10)).unwrap(), PageStep::Forward(0));
    assert_eq!((offset.start(), offset.limit(10, 50)), (9, 11));
    // Row 3 went: the anchor stands one place earlier.
    assert_eq!(offset.turn(&page(10..20), 10, Some(20)).unwrap(), PageStep::Back);
    assert_eq!(offset.start(), 0);
    let shifted: Vec<Key> = (0..11).filter(|id| *id != 3u64).map(Key::from).collect();
    assert_eq!(offset.turn(&shifted, 10, Some(10)).unwrap(), PageStep::Forward(0));
    assert_eq!(offset.start(), 9);
}

#[test]
fn holes_are_passed_and_loops_are_not() {
    let mut offset = Offset::new();
    assert_eq!(offset.turn(&[], 10, Some(10)).unwrap(), PageStep::Forward(0));
    assert_eq!(offset.start(), 10);
    let anchor = [Key::from("a"), Key::from("b")];
    offset.turn(&anchor, 10, Some(20)).unwrap();
    assert_eq!(offset.start(), 11);
    // Nothing behind the anchor that may be seen, but the list goes on.
    assert_eq!(offset.turn(&anchor[1..], 10, Some(21)).unwrap(), PageStep::Forward(1));
    assert_eq!(offset.start(), 21);
    let error = (0..20).find_map(|_| offset.turn(&[], 10, Some(0)).err()).unwrap();
    insta::assert_snapshot!(error, @"the provider repeats a page without an end (decode, start=21)");
}

#[test]
fn a_provider_that_always_gives_the_same_page_is_left() {
    let page: Vec<Key> = (0..10u64).map(Key::from).collect();
    for (rows, next) in [(10, 10), (1, 10), (1, 0), (10, 0)] {
        let mut offset = Offset::new();
        let turns = (0..100).position(|_| offset.turn(&page[..rows], 10, Some(next)).is_err());
        assert!(turns.is_some_and(|turns| turns < 25), "{rows} {next} {turns:?}");
    }
}
