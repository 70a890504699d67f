use std::time::Duration;

use serde_json::json;
use tieline_core::{Connector, ErrorKind, PartitionsRequest, PassEnd, ReadRequest};

use crate::common::{account, answering, asked, connected, connected_with, read, state};

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3600);

#[tokio::test(start_paused = true)]
async fn a_hundred_contacts_come_in_seven_requests_and_an_increment_in_two() {
    let (sandbox, desk) = account(100);
    sandbox.advance(HOUR);
    let (keys, batches) = read(&desk, ReadRequest::full("contacts")).await.unwrap();
    assert_eq!(keys.len(), 100);
    assert!(batches.last().unwrap().end == Some(PassEnd::Complete));
    assert_eq!(asked(&sandbox).len(), 7);
    sandbox.advance(HOUR);
    let made = sandbox.create("contacts", json!({ "name": "Ny", "email": "ny@fjord.example" })).unwrap();
    let message = json!({ "conversation_id": 1, "content": "Hei", "message_type": 0 });
    sandbox.create("messages", message).unwrap();
    let writer = sandbox.row("conversations", "1").unwrap().reference("contact_id").unwrap();
    sandbox.advance(MINUTE);
    let changes = ReadRequest::changes("contacts").with_state(state(&batches));
    let (keys, _) = read(&desk, changes).await.unwrap();
    assert!(keys.contains(&made) && keys.contains(&writer), "{keys:?}");
    let asked = asked(&sandbox);
    assert_eq!(asked.len(), 2, "{asked:?}");
}

/// Chatwoot writes no time of change on contacts: this is what an increment cannot see.
#[tokio::test(start_paused = true)]
async fn an_edit_without_activity_shows_in_the_next_full_pass_only() {
    let (sandbox, desk) = account(40);
    sandbox.advance(HOUR);
    let (_, batches) = read(&desk, ReadRequest::full("contacts")).await.unwrap();
    sandbox.advance(HOUR);
    // One that is neither among the newest nor among the most active.
    sandbox.update("contacts", "21", json!({ "name": "Endret" })).unwrap();
    let changes = ReadRequest::changes("contacts").with_state(state(&batches));
    let (keys, _) = read(&desk, changes).await.unwrap();
    assert!(!keys.contains(&"21".to_owned()), "{keys:?}");
    let (keys, _) = read(&desk, ReadRequest::full("contacts")).await.unwrap();
    assert!(keys.contains(&"21".to_owned()));
}

#[tokio::test(start_paused = true)]
async fn changed_conversations_come_in_one_request_and_a_long_gap_is_read_in_full() {
    let (sandbox, desk) = account(60);
    sandbox.advance(HOUR);
    let (keys, batches) = read(&desk, ReadRequest::full("conversations")).await.unwrap();
    assert_eq!(keys.len(), 60);
    sandbox.advance(HOUR);
    for key in 1..=30 {
        sandbox
            .update("conversations", &key.to_string(), json!({ "custom_attributes": { "n": 1 } }))
            .unwrap();
    }
    asked(&sandbox);
    let changes = ReadRequest::changes("conversations").with_state(state(&batches));
    let (keys, batches) = read(&desk, changes).await.unwrap();
    // More than a page, in one answer; with the one that the mark was taken from.
    assert!((30..=31).contains(&keys.len()), "{}", keys.len());
    assert_eq!(asked(&sandbox).len(), 1);
    sandbox.advance(8 * 24 * HOUR);
    let changes = ReadRequest::changes("conversations").with_state(state(&batches));
    let (keys, _) = read(&desk, changes).await.unwrap();
    assert_eq!(keys.len(), 60);
}

/// With `after=0` meaning the oldest messages, and with it meaning nothing.
#[tokio::test(start_paused = true)]
async fn all_messages_of_a_conversation_come_then_those_behind_the_last_one() {
    for oldest in [true, false] {
        let (sandbox, desk) = account(12);
        assert!(sandbox.assume("after_zero_is_oldest", oldest));
        for n in 0..130 {
            let message = json!({ "conversation_id": 1, "content": n.to_string(), "message_type": 0 });
            sandbox.create("messages", message).unwrap();
        }
        let of =
            |row: &tieline_sandbox::engine::Row| row.reference("conversation_id").as_deref() == Some("1");
        let there = sandbox.rows("messages").iter().filter(|row| of(row)).count();
        let partitions = desk.partitions(PartitionsRequest::new("messages")).await.unwrap().partitions;
        assert_eq!(partitions.len(), 12);
        let one =
            partitions.into_iter().map(|entry| entry.partition).find(|part| part.as_str() == "1").unwrap();
        let full = ReadRequest::full("messages").with_partition(one.clone());
        let (keys, batches) = read(&desk, full).await.unwrap();
        assert_eq!(keys.len(), there);
        assert!(keys.iter().all(|key| key.starts_with("1/")), "{keys:?}");
        sandbox.advance(HOUR);
        let message = json!({ "conversation_id": 1, "content": "sist", "message_type": 1 });
        let made = sandbox.create("messages", message).unwrap();
        asked(&sandbox);
        let changes =
            ReadRequest::changes("messages").with_partition(one.clone()).with_state(state(&batches));
        let (keys, _) = read(&desk, changes).await.unwrap();
        assert_eq!(keys, [format!("1/{made}")]);
        // A deleted message stays, marked.
        sandbox.delete("messages", &made).unwrap();
        let full = ReadRequest::full("messages").with_partition(one);
        let (keys, _) = read(&desk, full).await.unwrap();
        assert!(keys.contains(&format!("-1/{made}")), "{keys:?}");
    }
}

/// Lists of some versions ignore the page, name it as a text, and change their count while they are read.
#[tokio::test(start_paused = true)]
async fn a_list_that_ignores_the_page_is_an_error_and_one_that_moves_is_partial() {
    let page = |from: u32, count: u32| {
        let rows: Vec<String> =
            (from..from + 15).map(|id| format!(r#"{{"id":{id},"created_at":1795188000}}"#)).collect();
        format!(r#"{{"meta":{{"count":{count},"current_page":"2"}},"payload":[{}]}}"#, rows.join(","))
    };
    let same = answering(move |_| page(1, 100));
    let error = read(&same, ReadRequest::full("contacts")).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Decode, "{error}");
    let moving = answering(move |path| match path.split("page=").nth(1) {
        Some("1") => page(1, 32),
        Some("2") => page(16, 31),
        _ => r#"{"meta":{"count":31,"current_page":3},"payload":[{"id":31,"created_at":1795188000}]}"#
            .to_owned(),
    });
    let (mut keys, batches) = read(&moving, ReadRequest::full("contacts")).await.unwrap();
    keys.sort();
    keys.dedup();
    assert_eq!(keys.len(), 31);
    assert!(batches.last().unwrap().end == Some(PassEnd::Partial));
}

#[tokio::test(start_paused = true)]
async fn a_missing_right_is_no_wrong_token_and_a_wrong_address_is_said() {
    let (sandbox, _) = account(40);
    let kind = async |token: String| {
        let desk = connected_with(&sandbox, token);
        read(&desk, ReadRequest::full("inboxes")).await.unwrap_err().kind()
    };
    assert_eq!(kind(sandbox.token("suspended")).await, ErrorKind::Forbidden);
    assert_eq!(kind("nobody-knows-this-token".to_owned()).await, ErrorKind::Unauthenticated);
    // An agent sees the conversations of its own inboxes.
    let agent = connected(&sandbox, "agent");
    let (keys, _) = read(&agent, ReadRequest::full("conversations")).await.unwrap();
    assert!(!keys.is_empty() && keys.len() < sandbox.count("conversations"));
}
