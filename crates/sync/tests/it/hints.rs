//! Runs that notifications ask for.

use tieline_core::webhook::{Hint, HintKind};
use tieline_core::{EntityChanges, ErrorKind, PassEnd, ReadMode};

use crate::provider::*;

const LOST: &str = r#"{"title":"A","stage":"Ny","status":"lost"}"#;

async fn read() -> (std::sync::Arc<Provider>, std::sync::Arc<dyn tieline_store::SyncStore>) {
    let (provider, store) = (Provider::new(), memory());
    let all = (0..50).map(|key| put(&format!("{key:02}"), r#"{"title":"A","org":7,"stage":"Ny"}"#)).collect();
    provider.log_pass("deals", all, ReadMode::Full, Some(PassEnd::Complete));
    provider.log("organizations", vec![put("7", r#"{"name":"Acme"}"#)]);
    run(&provider, &store).run().await.into_result().unwrap();
    provider.looked_up();
    (provider, store)
}

fn hint(key: &str) -> Hint {
    Hint::new("deals", Some(key.into()))
}

#[tokio::test]
async fn a_record_is_looked_up_once_and_its_row_follows() {
    let (provider, store) = read().await;
    provider.find("01", Found::Record(r#"{"title":"B","org":7,"stage":"Ny"}"#));
    provider.find("99", Found::Record(r#"{"title":"New","org":7,"stage":"Ny"}"#));
    provider.find("02", Found::Record(LOST));
    provider.find("03", Found::Missing);
    let merged = hint("03").with_kind(HintKind::Merged("01".into()));
    let hints = [hint("01"), hint("99"), hint("01"), hint("02"), merged, Hint::new("persons", None)];
    let reads = provider.batches_read();
    let report = run(&provider, &store).run_hints(&hints).await;
    assert_eq!(report.streams.len(), 1, "no hint names organizations");
    report.into_result().unwrap();
    assert_eq!(provider.looked_up(), ["01 02 03 99"]);
    assert_eq!(provider.batches_read(), reads, "nothing is read");
    let rows = rows(&store).await;
    assert_eq!(rows.len(), 49, "one came, one is lost, one is gone");
    assert!(rows.iter().any(|row| row.starts_with("01 ") && row.contains("\"B\"") && row.contains("Acme")));
    // What was looked up does not move the stream: the next read goes on from where it was.
    provider.log("deals", vec![put("50", r#"{"title":"C","stage":"Ny"}"#)]);
    run(&provider, &store).run().await.into_result().unwrap();
    assert_eq!(provider.batches_read(), reads + 1);
}

#[tokio::test]
async fn an_organization_that_is_renamed_renames_its_rows() {
    let (provider, store) = read().await;
    provider.find("7", Found::Record(r#"{"name":"Acme AB"}"#));
    let renamed = [Hint::new("organizations", Some("7".into())), hint("00")];
    provider.find("00", Found::Record(r#"{"title":"A","org":7,"stage":"Ny"}"#));
    run(&provider, &store).run_hints(&renamed).await.into_result().unwrap();
    assert!(rows(&store).await.iter().all(|row| row.contains("Acme AB")));
}

#[tokio::test]
async fn deletions_are_held_by_the_brake() {
    let (provider, store) = read().await;
    let hints: Vec<Hint> =
        (0..40).map(|key| hint(&format!("{key:02}")).with_kind(HintKind::Deleted)).collect();
    for key in 0..40 {
        provider.find(&format!("{key:02}"), Found::Missing);
    }
    let report = run(&provider, &store).run_hints(&hints).await;
    let deals = report.stream("deals").unwrap();
    assert_eq!(deals.pending.gone, 40, "a gateway's 404 deletes nothing");
    assert_eq!(rows(&store).await.len(), 50);
}

#[tokio::test]
async fn what_cannot_be_looked_up_is_read() {
    let (provider, store) = read().await;
    provider.log("deals", vec![put("50", r#"{"title":"C","stage":"Ny"}"#)]);
    provider.find("01", Found::Fails(ErrorKind::Unsupported));
    run(&provider, &store).run_hints(&[hint("01")]).await.into_result().unwrap();
    assert_eq!(rows(&store).await.len(), 51, "an entity without lookups");
    provider.log("deals", vec![put("51", r#"{"title":"C","stage":"Ny"}"#)]);
    run(&provider, &store).run_hints(&[Hint::new("deals", None)]).await.into_result().unwrap();
    assert_eq!(rows(&store).await.len(), 52, "a hint about the whole entity");
}

#[tokio::test]
async fn a_provider_that_is_away_leaves_the_hint_to_be_tried_again() {
    let (provider, store) = read().await;
    provider.find("01", Found::Fails(ErrorKind::Unavailable));
    let error = run(&provider, &store).run_hints(&[hint("01")]).await.into_result().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    assert_eq!(rows(&store).await.len(), 50);
}

#[tokio::test]
async fn a_stream_that_was_never_read_is_left_to_its_first_read() {
    let (provider, store) = (Provider::new(), memory());
    provider.find("01", Found::Record(LOST));
    run(&provider, &store).run_hints(&[hint("01")]).await.into_result().unwrap();
    assert!(provider.looked_up().is_empty() && mirror(&store, "deals").await.is_empty());
}

#[tokio::test]
async fn signed_records_are_committed_as_they_came() {
    let (provider, store) = (Provider::new(), memory());
    let record = put("01", r#"{"title":"A","org":null,"stage":"Ny","value":1250.10}"#);
    let changes = [EntityChanges::new("deals", vec![record])];
    run(&provider, &store).run_records(&changes).await.into_result().unwrap();
    assert!(provider.looked_up().is_empty() && provider.batches_read() == 0);
    assert!(mirror(&store, "deals").await[0].contains("1250.10"), "no digit is lost");
    assert_eq!(rows(&store).await.len(), 1);
    let changes = [EntityChanges::new("deals", vec![gone("01")])];
    run(&provider, &store).run_records(&changes).await.into_result().unwrap();
    assert_eq!(rows(&store).await.len(), 0);
}
