//! `write` through an outbox: whatever dies, nothing is done twice.

use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader, Write as _};

use serde_json::json;
use tieline_sandbox::{Fault, FaultRule};

use crate::world::*;

const WRITE: &str = "write pipedrive deals @ --outbox out.db --connection acme";

fn creates(numbers: std::ops::RangeInclusive<u32>) -> String {
    let line = |number| json!({"op": "create", "id": format!("order-{number}"), "fields": {"title": format!("Order {number}")}});
    numbers.map(|number| format!("{}\n", line(number))).collect()
}

fn outcomes(text: &str) -> Vec<String> {
    lines(text).iter().map(|line| line["outcome"].as_str().unwrap().to_owned()).collect()
}

/// How many creates reached the provider.
fn sent(world: &World) -> usize {
    world.sandbox.requests().iter().filter(|seen| seen.method == "POST").count()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_input_again_does_nothing_again() {
    let world = World::new().await;
    let first = world.feed(WRITE, creates(1..=3).as_bytes());
    assert_eq!(outcomes(&first.out), ["applied"; 3], "{}", first.err);
    let again = world.feed(WRITE, creates(1..=4).as_bytes());
    assert_eq!(outcomes(&again.out), ["applied"; 4], "{}", again.err);
    let keys = |said: &Said| lines(&said.out).iter().map(|line| line["key"].clone()).collect::<Vec<_>>();
    assert_eq!(keys(&first)[..], keys(&again)[..3]);
    assert_eq!((again.code, sent(&world)), (Some(0), 4));

    // An id is for one operation, and each operation needs one.
    let other = json!({"op": "create", "id": "order-1", "fields": {"title": "Another"}});
    let bare = json!({"op": "create", "fields": {"title": "No id"}});
    let refused = world.feed(WRITE, format!("{other}\n{bare}\n").as_bytes());
    assert_eq!(outcomes(&refused.out), ["rejected", "malformed"]);
    assert_eq!((refused.code, sent(&world)), (Some(1), 4));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_write_that_is_killed_sends_nothing_twice() {
    let world = World::new().await;
    // The provider takes its time with the third, and the program is killed in the meantime.
    let mut child = spawn(&mut world.command(WRITE));
    let mut stdin = child.stdin.take().unwrap();
    let mut out = BufReader::new(child.stdout.take().unwrap());
    for number in 1..=2 {
        stdin.write_all(creates(number..=number).as_bytes()).unwrap();
        let mut line = String::new();
        out.read_line(&mut line).unwrap();
        assert_eq!(outcomes(&line), ["applied"]);
    }
    let slow = Fault::Delay { ms: 20_000 };
    world.sandbox.inject(FaultRule::new(slow).on("POST", "/api/v2/deals"));
    stdin.write_all(creates(3..=5).as_bytes()).unwrap();
    // It was sent once the fault has been used.
    while !world.sandbox.waiting_faults().is_empty() {
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    child.kill().unwrap();
    child.wait().unwrap();
    world.sandbox.clear_faults();

    let again = world.feed(WRITE, creates(1..=6).as_bytes());
    let told = outcomes(&again.out);
    assert_eq!(told[..2], ["applied", "applied"], "{}", again.out);
    assert_eq!(told[2], "unknown", "it may have been done: {}", again.out);
    assert_eq!(told[5], "applied");
    let deals = world.run("read pipedrive deals @").lines();
    for number in 1..=6 {
        let title = format!("Order {number}");
        // A pass ends with what changed since it began, so a deal of this moment may come twice in it.
        let keys: BTreeSet<String> = of_type(&deals, "upsert")
            .filter(|line| line["record"]["title"] == title.as_str())
            .map(|line| line["key"].as_str().unwrap().to_owned())
            .collect();
        assert!(keys.len() <= 1, "{title} was made {} times", keys.len());
    }
    assert!(sent(&world) <= 6, "{} creates reached the provider", sent(&world));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_provider_did_not_take_is_sent_by_a_later_run() {
    let world = World::new().await;
    let down = Fault::Status { status: 503, body: None };
    world.sandbox.inject(FaultRule::new(down).on("POST", "/api/v2/deals").always());
    let refused = world.feed(&format!("{WRITE} --max-wait 0"), creates(1..=1).as_bytes());
    assert_ne!(refused.code, Some(0), "{}", refused.out);
    let told = outcomes(&refused.out);
    assert!(told == ["deferred"] || told == ["unknown"] || told == ["needs_review"], "{}", refused.out);
    assert!(lines(&refused.out)[0]["note"].is_string(), "{}", refused.out);
}
