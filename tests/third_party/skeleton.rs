//! The connector that `docs/writing-a-connector.md` walks through, and a few requests to it.

// BEGIN
use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use chrono::TimeDelta;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;
use tieline_core::http::{Classification, HttpClient, HttpResponse, ResponseView};
use tieline_core::webhook::*;
use tieline_core::*;
use tieline_kit::{
    Call, HeadKey, HeadText, KeyChunks, MaxWatermark, TokenGuard, Watermark, batches, failure, outcome_of,
    outcomes, parse_page,
};
use url::Url;

// 1. The description: form, authentication, origins, limits.
#[derive(Debug)]
pub struct NotesFactory(ConnectorSpec);

impl Default for NotesFactory {
    fn default() -> Self {
        let mut spec = ConnectorSpec::new("notes", "Notes", Category::Other);
        spec.auth = vec![AuthScheme::bearer(Field::secret("token", "Token"))];
        spec.origins = Origins::Patterns(vec!["api.notes.example".into()]);
        spec.limits =
            vec![Limit::new("minute", LimitScope::Account, 100, std::time::Duration::from_secs(60))];
        Self(spec)
    }
}

impl ConnectorFactory for NotesFactory {
    fn spec(&self) -> &ConnectorSpec {
        &self.0
    }

    fn classify(&self, response: &ResponseView<'_>) -> Classification {
        failure("Notes", response.status).map_or_else(Classification::accept, Classification::fail)
    }

    fn base_url(&self, _: &Value) -> Result<Url> {
        let url = "https://api.notes.example/".parse();
        url.map_err(|_| Error::new(ErrorKind::Internal, "the address is no URL"))
    }

    fn build(&self, context: BuildContext) -> Result<Arc<dyn Connector>> {
        Ok(Arc::new(Notes { http: context.http, base: context.base_url, clock: context.clock }))
    }

    fn webhooks(&self) -> Option<&dyn WebhookReceiver> {
        Some(self)
    }
}

#[derive(Clone, Debug)]
pub struct Notes {
    http: HttpClient,
    base: Url,
    clock: Arc<dyn Clock>,
}

// 2. The members of a record that decide what it is. The record itself stays the provider's text.
#[derive(Deserialize)]
struct Head<'a> {
    id: HeadKey,
    #[serde(default, borrow)]
    changed: HeadText<'a>,
}

impl Head<'_> {
    fn record(self, raw: &str) -> Result<Record> {
        let key = self.id.0.ok_or_else(|| Error::new(ErrorKind::Decode, "a note has no id"))?;
        let mut record = Record::new(key, RawJson::from_checked(raw));
        record.changed_at = self.changed.get().map(Into::into);
        Ok(record)
    }
}

// 3. The state between reads, with every version that was ever released.
#[derive(Default, Deserialize, Serialize)]
struct Position {
    watermark: Option<String>,
    cursor: Option<String>,
    highest: Option<String>,
}

fn position(state: Option<&State>) -> Result<Position> {
    match state {
        None => Ok(Position::default()),
        // Version 1 was the watermark alone.
        Some(state) if state.version() == 1 => {
            Ok(Position { watermark: state.body()?, ..Position::default() })
        }
        Some(state) if state.version() == 2 => state.body(),
        Some(_) => Err(Error::new(ErrorKind::StateInvalid, "the stored state is of a later version")),
    }
}

impl Notes {
    async fn send(&self, call: Call) -> Result<HttpResponse> {
        self.http.send(call.build(&self.base)?).await
    }

    // 4. One page: records, the state after them, whether the pass is over.
    async fn page(
        &self,
        board: &Partition,
        mut at: Position,
        guard: &mut TokenGuard,
    ) -> Result<(Batch, Position)> {
        if let Some(cursor) = &at.cursor {
            guard.next(cursor)?;
        }
        let stored = at.watermark.as_deref().map(Watermark::parse).transpose()?;
        let since = stored.as_ref().map(|stored| stored.since(TimeDelta::minutes(1)));
        let call = Call::get("/boards/{board}/notes").value(board).query_some("since", since);
        let response = self.send(call.query_some("cursor", at.cursor.as_deref())).await?;
        let seen = at.highest.as_deref().map(Watermark::parse).transpose()?;
        let (mut highest, mut changes) = (MaxWatermark::new(seen), Vec::new());
        let page = parse_page(response.text()?, &["notes"], |head: Head<'_>, raw| {
            highest.see(head.changed.get().unwrap_or_default());
            changes.push(Change::Upsert(head.record(raw)?));
            Ok(())
        })?;
        let mode = if stored.is_some() { ReadMode::Changes } else { ReadMode::Full };
        at.cursor = page.member::<Option<String>>("next")?.flatten();
        at.highest = highest.finish()?.map(|highest| highest.text().to_string());
        let is_last = at.cursor.is_none();
        if is_last {
            // It moves with the last page only, and never past the provider's own clock.
            let now = response.date.unwrap_or_else(|| self.clock.now());
            let reached = Watermark::advanced(stored, highest.get(), now);
            at = Position {
                watermark: reached.map(|reached| reached.text().to_string()),
                ..Position::default()
            };
        }
        let batch = Batch::new("notes", changes, State::new(2, &at)?).with_pass(mode);
        let mut batch = batch.with_partition(Some(board.clone()));
        batch.end = is_last.then_some(PassEnd::Complete);
        Ok((batch, at))
    }

    // 5. A create carries its operation's marker, by which it is found again when the response is lost.
    async fn create(&self, fields: &RawJson, marker: Option<Text>) -> Result<Key> {
        // Numbers keep their digits: each value goes out as it came.
        let mut note: BTreeMap<String, &RawValue> = fields.view()?;
        let marker = marker.map(|marker| RawJson::of(marker.as_str())).transpose()?;
        if let Some(marker) = &marker {
            note.insert("reference".to_owned(), marker.view()?);
        }
        let call = Call::new(::http::Method::POST, "/notes").json(RawJson::of(&note)?.get());
        let response = self.send(call).await?;
        let head: Option<Head<'_>> = response.text().ok().and_then(|text| serde_json::from_str(text).ok());
        let key = head.and_then(|head| head.id.0);
        key.ok_or_else(|| Error::new(ErrorKind::Decode, "the new note cannot be read"))
    }
}

#[async_trait]
impl Connector for Notes {
    async fn check(&self, _: CheckRequest) -> Result<Account> {
        #[derive(Deserialize)]
        struct Me {
            name: String,
        }
        let response = self.send(Call::get("/me")).await?;
        let me: Me = serde_json::from_str(response.text()?)
            .map_err(|_| Error::new(ErrorKind::Decode, "Notes does not say whose token it is"))?;
        Ok(Account::new(me.name))
    }

    async fn discover(&self, _: DiscoverRequest) -> Result<Catalog> {
        let mut notes = Entity::new("notes", "Notes");
        notes.capabilities = Capabilities::READ.with_changes().with_lookup().with_writes();
        notes.marker = Some(MarkerField::new(FieldPath::field("reference")));
        Ok(Catalog::new(vec![notes]))
    }

    // 6. Notes are listed board by board, so each board is read with a state of its own.
    async fn partitions(&self, _: PartitionsRequest) -> Result<Partitions> {
        let response = self.send(Call::get("/boards")).await?;
        let mut boards = Vec::new();
        parse_page(response.text()?, &["boards"], |head: Head<'_>, _| {
            boards.extend(head.id.0.map(|id| PartitionEntry::new(id.as_str())));
            Ok(())
        })?;
        Ok(Partitions::new(boards))
    }

    fn read(&self, request: ReadRequest) -> Result<BatchStream> {
        let board = request.partition.ok_or_else(|| Error::unsupported("reading notes without a board"))?;
        let state = request.state.filter(|_| request.mode == ReadMode::Changes);
        let start = Some((self.clone(), board, position(state.as_ref())?, TokenGuard::new()));
        Ok(batches(start, |walk| async move {
            let Some((notes, board, at, mut guard)) = walk else { return Ok(None) };
            let (batch, at) = notes.page(&board, at, &mut guard).await?;
            let next = batch.end.is_none().then_some((notes, board, at, guard));
            Ok(Some((batch, next)))
        }))
    }

    async fn lookup(&self, request: LookupRequest) -> Result<Lookups> {
        let LookupBy::Keys(keys) = request.by else {
            return Err(Error::unsupported("looking notes up by a field"));
        };
        let mut keys = KeyChunks::new(keys);
        for key in keys.open() {
            keys.answer(match self.send(Call::get("/notes/{id}").value(&key)).await {
                Ok(response) => {
                    let head: Head<'_> = serde_json::from_str(response.text()?)
                        .map_err(|_| Error::new(ErrorKind::Decode, "a note cannot be read"))?;
                    Lookup::Record(head.record(response.text()?)?)
                }
                Err(error) if error.kind() == ErrorKind::NotFound => Lookup::Missing(key),
                Err(error) => return Err(error),
            });
        }
        Ok(Lookups::new(keys.finish()))
    }

    fn write(&self, request: WriteRequest) -> Result<OutcomeStream> {
        let notes = self.clone();
        Ok(outcomes(request.operations, move |operation| {
            let notes = notes.clone();
            async move {
                match operation.op {
                    WriteOp::Create { fields, marker, .. } => match notes.create(&fields, marker).await {
                        Ok(key) => Outcome::applied(Some(key)),
                        // Not idempotent: a create whose response was lost may have happened.
                        Err(error) => outcome_of(error, false),
                    },
                    _ => Outcome::Rejected(Error::unsupported("this operation")),
                }
            }
        }))
    }
}

// 7. Webhooks: the scheme is data, and what is read is a hint or a record.
impl WebhookReceiver for NotesFactory {
    fn route(&self, request: &::http::Request<Bytes>) -> Result<Vec<WebhookRoute>> {
        let token = request.uri().path().rsplit('/').next().unwrap_or_default();
        Ok(vec![WebhookRoute::PathToken(token.into())])
    }

    fn verification(&self, _: &Value) -> Verification {
        Verification::Signature(
            SignatureScheme::new("notes-signature").with_algorithm(SignatureAlgorithm::HmacSha256),
        )
    }

    fn receive(&self, delivery: &ReceiveRequest<'_>) -> Result<WebhookEvent> {
        let head: Head<'_> = serde_json::from_slice(delivery.request.body())
            .map_err(|_| Error::new(ErrorKind::Decode, "the delivery is none of Notes'"))?;
        Ok(WebhookEvent::Hints(Hints::new(vec![Hint::new("notes", head.id.0)])))
    }
}
// END

#[tokio::test(start_paused = true)]
async fn the_skeleton_reads_a_board_from_an_old_state_and_creates_with_a_marker() {
    use futures_util::StreamExt as _;
    use tieline_http::memory::{MemoryTransport, answer};

    let transport = MemoryTransport::new(|request| {
        let body = match request.uri().path() {
            "/boards" => r#"{"boards":[{"id":"b1"}]}"#,
            "/boards/b1/notes" if request.uri().query().unwrap_or_default().contains("cursor=") => {
                r#"{"notes":[{"id":2,"changed":"2026-01-02T00:00:00Z"}],"next":null}"#
            }
            "/boards/b1/notes" => r#"{"notes":[{"id":1,"changed":"2026-01-03T00:00:00Z"}],"next":"two"}"#,
            _ => r#"{"id":3}"#,
        };
        Ok(answer(::http::StatusCode::OK, &[("date", "Mon, 05 Jan 2026 00:00:00 GMT")], body))
    });
    let app = tieline::Tieline::builder().store(Arc::new(tieline::store::MemoryStore::new()));
    let sent = transport.clone();
    let app = app.provider(NotesFactory::default()).http(|http| http.transport(Arc::new(transport)));
    let connection = app.build().await.unwrap().connection("main", "notes");
    let token = tieline::Bearer::new("0123456789");
    let notes = connection.open_settings("notes", &serde_json::json!({}), token).unwrap();

    let boards = notes.partitions(PartitionsRequest::new("notes")).await.unwrap();
    let [board] = boards.partitions.as_slice() else { panic!("{boards:?}") };
    let old = State::new(1, "2026-01-01T00:00:00Z").unwrap();
    let request = ReadRequest::changes("notes").with_partition(board.partition.clone()).with_state(Some(old));
    let batches: Vec<Batch> = notes.read(request).unwrap().map(Result::unwrap).collect().await;
    assert_eq!(batches.iter().map(Batch::len).collect::<Vec<_>>(), [1, 1]);
    let state = batches[1].state.to_text().unwrap();
    assert!(state.contains("2026-01-03T00:00:00Z") && state.starts_with(r#"{"v":2"#), "{state}");

    let create = WriteOp::create(RawJson::parse(r#"{"text":"x"}"#).unwrap());
    let outbox = notes.outbox();
    outbox.enqueue("notes", &[Operation::new("op-1", create)]).await.unwrap();
    assert_eq!(outbox.run(|outbox| outbox).await.unwrap().applied, 1);
    let requests = sent.requests();
    let first = requests.iter().find(|request| request.uri().path().ends_with("/notes")).unwrap();
    assert!(first.uri().query().unwrap().contains("since=2025-12-31T23"), "{:?}", first.uri());
    let body = String::from_utf8(requests.last().unwrap().body().to_vec()).unwrap();
    assert_eq!(body, r#"{"reference":"op-1","text":"x"}"#);
}

#[test]
fn the_guide_shows_this_file() {
    let guide = include_str!("../../docs/writing-a-connector.md");
    let file = include_str!("skeleton.rs");
    let code = |text: &'static str, begin, end| text.split_once(begin).unwrap().1.split_once(end).unwrap().0;
    assert_eq!(code(guide, "```rust,ignore\n", "```"), code(file, "// BEGIN\n", "// END"));
}
