//! HubSpot: associations are read for a hundred parents at a time, and records are written in batches whose answer names
//! each record that was refused.

use super::*;

#[derive(Debug)]
pub(super) struct HubSpot;

paper_connector! { HubSpot {
    async fn discover(&self, _: DiscoverRequest) -> Result<Catalog> {
        let mut associations = Entity::new("deal_contacts", "Contacts of deals");
        associations.parent = Some("deals".into());
        associations.keys = KeyKind::Stable;
        let mut email = EntityField::new(FieldPath::field("email"), "E-mail", "string").with_writable(true);
        (email.unique, email.max_length) = (true, Some(255));
        let mut owner = EntityField::new(FieldPath::field("owner"), "Owner", "id");
        owner.references = vec!["users".into(), "teams".into()];
        let mut contacts = Entity::new("contacts", "Contacts");
        contacts.fields = vec![email, owner];
        contacts.capabilities = Capabilities::READ.with_writes();
        contacts.capabilities.upsert = true;
        Ok(Catalog::new(vec![contacts, associations]))
    }

    // One request serves many parents: a partition is a chunk of a hundred of them.
    async fn partitions(&self, request: PartitionsRequest) -> Result<Partitions> {
        let first: u32 = request.after.map_or(Ok(0), |after| after.as_str().parse()).map_err(|_| {
            Error::new(ErrorKind::Config, "the place to go on from is none of this connector's")
        })?;
        let page = Partitions::new([PartitionEntry::new(format!("{first}-{}", first + 99))]);
        Ok(if first < 200 { page.with_next(Some((first + 100).to_string().into())) } else { page })
    }

    fn read(&self, request: ReadRequest) -> Result<BatchStream> {
        for filter in &request.filters {
            filter.require(&[FilterOp::Eq, FilterOp::In, FilterOp::Gt])?;
        }
        let change = Change::Upsert(Record::new(Key::from_parts(["7", "42"]), RawJson::parse("{}")?));
        let batch = Batch::new("deal_contacts", vec![change], State::new(1, &0)?);
        Ok(batches(vec![batch.with_partition(request.partition).with_end(PassEnd::Complete)]))
    }

    fn write(&self, request: WriteRequest) -> Result<OutcomeStream> {
        let outcomes = request.operations.into_iter().map(|operation| {
            let outcome = match &operation.op {
                WriteOp::Upsert { by, value, .. } if by.as_str() == "/email" => {
                    Outcome::applied(Some(Key::new(value.get().trim_matches('"'))))
                }
                WriteOp::Create { fields, .. } if fields.at("/email").ok().flatten().is_none() => {
                    let issue = Issue::new("it is required").at(FieldPath::field("email"));
                    let refused = Error::new(ErrorKind::Rejected, "HubSpot refuses the record");
                    Outcome::Rejected(refused.with_issues([issue]).with_provider_text("Anna has no e-mail"))
                }
                _ => Outcome::Rejected(Error::unsupported("this operation")),
            };
            OperationOutcome::new(operation.id, outcome)
        });
        Ok(Box::pin(stream::iter(outcomes.collect::<Vec<_>>())))
    }
} }

#[tokio::test]
async fn a_batch_names_the_record_that_was_refused_and_the_field() {
    let json = |text: &str| RawJson::parse(text).unwrap();
    let upsert = WriteOp::upsert(FieldPath::field("email"), json("\"a@example.com\""), json("{}"));
    let operations = vec![Operation::new("a", upsert), Operation::new("b", WriteOp::create(json("{}")))];
    let outcomes: Vec<_> = HubSpot.write(WriteRequest::new("contacts", operations)).unwrap().collect().await;
    assert!(
        matches!(&outcomes[0].outcome, Outcome::Applied { key: Some(key), .. } if *key == "a@example.com")
    );
    let Outcome::Rejected(error) = &outcomes[1].outcome else { panic!("{outcomes:?}") };
    assert_eq!(error.issues()[0].path, Some(FieldPath::field("email")));
    assert_eq!(error.to_string(), "HubSpot refuses the record (rejected, fields=/email)");
}

#[tokio::test]
async fn many_parents_are_one_partition() {
    let (mut request, mut read) = (PartitionsRequest::new("deal_contacts"), 0);
    loop {
        let page = HubSpot.partitions(request.clone()).await.unwrap();
        for PartitionEntry { partition, .. } in page.partitions {
            let request = ReadRequest::full("deal_contacts").with_partition(partition);
            read += collect(HubSpot.read(request).unwrap()).await.len();
        }
        let Some(next) = page.next else { break };
        request = request.with_after(Some(next));
    }
    assert_eq!(read, 3);
    let like = Filter::new(FieldPath::field("email"), FilterOp::Like, RawJson::parse("\"%a\"").unwrap());
    let error = HubSpot.read(ReadRequest::full("contacts").with_filter(like)).map(drop).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported);
    assert!(error.advice().unwrap().contains("eq, in, gt"));
    // What was discovered can be sent to a browser.
    let catalog = HubSpot.discover(DiscoverRequest::schemas()).await.unwrap();
    let json = serde_json::to_value(&catalog).unwrap();
    assert_eq!(json["entities"][0]["fields"][0]["max_length"], 255);
    assert_eq!(json["entities"][1]["parent"], "deals");
}
