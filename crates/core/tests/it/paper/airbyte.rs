//! An Airbyte source with global state: its own messages become batches, its state stays opaque.

use super::*;

#[derive(Debug)]
pub(super) struct Airbyte;

paper_connector! { Airbyte {
    async fn discover(&self, _: DiscoverRequest) -> Result<Catalog> {
        let mut users = Entity::new("users", "users");
        users.group = Some("global".into());
        users.keys = KeyKind::None;
        Ok(Catalog::new(vec![users]))
    }

    fn read(&self, request: ReadRequest) -> Result<BatchStream> {
        let before: Option<serde_json::Value> = request.state.as_ref().map(State::body).transpose()?;
        let mut lines = vec![
            r#"{"type":"RECORD","record":{"stream":"users","data":{"id":1}}}"#,
            r#"{"type":"STATE","state":{"type":"GLOBAL","global":{"shared_state":{"lsn":2}}}}"#,
        ];
        if before.is_some() {
            lines.remove(0);
        }
        let (mut changes, mut out) = (Vec::new(), Vec::new());
        for line in lines {
            let line = RawJson::parse(line)?;
            if let Some(data) = line.at("/record/data")? {
                let position = Key::from(changes.len() as u64);
                changes.push(Change::Upsert(Record::new(position, RawJson::from_raw(data))));
            } else if let Some(state) = line.at("/state")? {
                out.push(Batch::new("users", std::mem::take(&mut changes), State::new(1, state)?));
            }
        }
        Ok(batches(out))
    }
} }

#[tokio::test]
async fn records_then_state_become_a_batch() {
    let first = collect(Airbyte.read(ReadRequest::changes("global")).unwrap()).await;
    assert_eq!((first.len(), first[0].len()), (1, 1));
    let next = ReadRequest::changes("global").with_state(Some(first[0].state.clone()));
    assert!(collect(Airbyte.read(next).unwrap()).await[0].is_empty());
}
