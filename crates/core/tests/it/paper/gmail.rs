//! Gmail's history is one feed over messages, threads and labels: a group of entities that shares a state.

use super::*;

#[derive(Debug)]
pub(super) struct Gmail;

paper_connector! { Gmail {
    async fn discover(&self, _: DiscoverRequest) -> Result<Catalog> {
        let entities = ["messages", "labels"].map(|name| {
            let mut entity = Entity::new(name, name);
            entity.group = Some("history".into());
            entity.deletes = Deletes::Feed;
            entity
        });
        Ok(Catalog::new(entities.into()))
    }

    fn read(&self, request: ReadRequest) -> Result<BatchStream> {
        // A history id that Google forgot answers 404: the state is invalid, a full read follows.
        if let Some(state) = &request.state {
            let id: u64 = state.body()?;
            if id < 100 {
                return Err(Error::new(ErrorKind::StateInvalid, "the history id is too old"));
            }
        }
        let gone = Change::Delete(Deletion::new("m0"));
        let batch = Batch::new("messages", vec![upsert("m1", "{}"), gone], State::new(1, &200u64)?)
            .with_group("labels", vec![upsert("L1", "{}")])
            .with_end(PassEnd::Complete);
        Ok(batches(vec![batch]))
    }
} }

#[tokio::test]
async fn one_state_covers_several_entities() {
    let read = collect(Gmail.read(ReadRequest::changes("history")).unwrap()).await;
    let names: Vec<_> = read[0].groups.iter().map(|group| group.entity.as_str()).collect();
    assert_eq!(names, ["messages", "labels"]);
    let old = ReadRequest::changes("history").with_state(Some(State::new(1, &7u64).unwrap()));
    assert_eq!(Gmail.read(old).err().unwrap().kind(), ErrorKind::StateInvalid);
}
