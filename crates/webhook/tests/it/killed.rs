//! A receiver that is killed and started again loses no delivery that it answered, and doubles none.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicU16, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tieline_core::webhook::WebhookEvent;
use tieline_store::InboxStore;
use tieline_store_sql::sqlite::SqliteStore;
use tieline_webhook::axum::webhooks;
use tieline_webhook::inbox::WebhookInbox;

use crate::support::{Demo, OneEndpoint, delivery};

const FILE: &str = "TIELINE_TEST_KILLED_RECEIVER";
/// How many deliveries are sent: `TIELINE_TEST_DELIVERIES`, or so many.
const DELIVERIES: u64 = 500;
const SENDERS: u64 = 50;
const KILLS: u32 = 6;
/// How often one delivery may meet no receiver: two minutes of pauses.
const MOST_REFUSED: u32 = 6_000;

/// Not a test of its own: the process that is killed, when the variable is set.
#[tokio::test]
async fn receiver() {
    let Ok(file) = std::env::var(FILE) else { return };
    let store = SqliteStore::open(&file).await.unwrap();
    let inbox = WebhookInbox::new(Arc::new(OneEndpoint(OneEndpoint::of(store))))
        .with_rate_limit(tieline_webhook::inbox::RateLimit::new(u32::MAX));
    let origin = "https://hooks.example.test".parse().unwrap();
    let routes = webhooks(Arc::new(inbox), Arc::new(Demo::signed()), origin);
    let app = axum::Router::new().nest("/hooks", routes);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    eprintln!("listening {}", listener.local_addr().unwrap().port());
    axum::serve(listener, app).await.unwrap();
}

fn start(file: &str) -> (Child, u16) {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "killed::receiver", "--nocapture"])
        .env(FILE, file)
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines().map_while(Result::ok);
    let port = lines.find_map(|line| line.strip_prefix("listening ")?.parse().ok()).unwrap();
    (child, port)
}

/// Sends one delivery and returns the status, or `None` when no whole response came.
fn send(port: u16, number: u64) -> Option<u16> {
    let request = delivery(&format!("msg_{number}"), &format!(r#"{{"hint":"{number}"}}"#));
    let mut stream = TcpStream::connect(("127.0.0.1", port)).ok()?;
    stream.set_read_timeout(Some(Duration::from_secs(20))).ok()?;
    let mut text = format!(
        "POST /hooks/t0k HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ncontent-length: {}\r\n",
        request.body().len()
    );
    for (name, value) in request.headers() {
        text += &format!("{name}: {}\r\n", value.to_str().unwrap());
    }
    text += "\r\n";
    stream.write_all(text.as_bytes()).ok()?;
    stream.write_all(request.body()).ok()?;
    let mut response = String::new();
    stream.read_to_string(&mut response).ok()?;
    response.split(' ').nth(1)?.parse().ok()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn no_delivery_is_lost_or_doubled_by_kills() {
    let total =
        std::env::var("TIELINE_TEST_DELIVERIES").ok().and_then(|n| n.parse().ok()).unwrap_or(DELIVERIES);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("inbox.db").to_str().unwrap().to_owned();
    let (child, port) = start(&file);
    let child = Arc::new(Mutex::new(child));
    let port = Arc::new(AtomicU16::new(port));
    let (answered, over) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicBool::new(false)));
    let senders: Vec<_> = (0..SENDERS)
        .map(|sender| {
            let (port, answered) = (Arc::clone(&port), Arc::clone(&answered));
            std::thread::spawn(move || {
                for number in (0..total).filter(|number| number % SENDERS == sender) {
                    // Sent until it is answered; every fifth twice, as a sender does that missed the response.
                    let mut times = if number.is_multiple_of(5) { 2 } else { 1 };
                    let mut refused = 0;
                    while times > 0 {
                        match send(port.load(Ordering::SeqCst), number) {
                            Some(202) => times -= 1,
                            // Killed, and not yet started again: a sender's pause before it sends again.
                            None => {
                                refused += 1;
                                assert!(refused < MOST_REFUSED, "delivery {number} meets no receiver");
                                std::thread::sleep(Duration::from_millis(20));
                            }
                            Some(other) => panic!("{other}"),
                        }
                    }
                    answered.fetch_add(1, Ordering::SeqCst);
                }
            })
        })
        .collect();
    let killer = {
        let (child, port, answered, over) =
            (Arc::clone(&child), Arc::clone(&port), Arc::clone(&answered), Arc::clone(&over));
        let file = file.clone();
        std::thread::spawn(move || {
            let mut kills = 0;
            while kills < KILLS && !over.load(Ordering::SeqCst) {
                // Spread over the run, in the middle of whatever is under way.
                if answered.load(Ordering::SeqCst) < total * u64::from(kills) / u64::from(KILLS + 1) {
                    std::thread::sleep(Duration::from_millis(3));
                    continue;
                }
                let mut child = child.lock().unwrap();
                child.kill().unwrap();
                child.wait().unwrap();
                let (new, at) = start(&file);
                *child = new;
                port.store(at, Ordering::SeqCst);
                kills += 1;
            }
            kills
        })
    };
    for sender in senders {
        sender.join().unwrap();
    }
    over.store(true, Ordering::SeqCst);
    let kills = killer.join().unwrap();
    {
        let mut child = child.lock().unwrap();
        child.kill().unwrap();
        child.wait().unwrap();
    }

    let store = SqliteStore::open(&file).await.unwrap();
    let mut seen: BTreeMap<u64, u32> = BTreeMap::new();
    let mut after = None;
    loop {
        let page = store.deliveries(&"acme".into(), None, after, 500).await.unwrap();
        let Some(last) = page.last() else { break };
        after = Some(last.revision.number);
        for delivery in &page {
            let WebhookEvent::Hints(hints) = &delivery.event else { panic!() };
            let number = hints.hints[0].key.as_ref().unwrap().as_str().parse().unwrap();
            *seen.entry(number).or_default() += 1;
        }
    }
    println!("{total} deliveries, {kills} kills");
    assert!(kills >= KILLS / 2, "{kills}");
    assert!(seen.keys().copied().eq(0..total), "some are lost");
    assert!(seen.values().all(|times| *times == 1), "some are doubled");
}
