//! Business Central: five requests at once, several companies, and writes that name the version that they saw.

use tieline_core::http::HttpRequest;

use super::*;

#[derive(Debug)]
pub(super) struct BusinessCentral;

paper_connector! { BusinessCentral {
    async fn discover(&self, _: DiscoverRequest) -> Result<Catalog> {
        Ok(Catalog::new(vec![Entity::new("customers", "Customers")]))
    }

    // A company is a partition: each has books, and a place in its changes, of its own.
    async fn partitions(&self, _: PartitionsRequest) -> Result<Partitions> {
        Ok(Partitions::new(["cronus-se", "cronus-no"].map(PartitionEntry::new)))
    }

    fn read(&self, request: ReadRequest) -> Result<BatchStream> {
        let record = Record::new("c1", RawJson::parse(r#"{"@odata.etag":"W/\"7\""}"#)?);
        let record = record.with_version("W/\"7\"");
        let batch = Batch::new("customers", vec![Change::Upsert(record)], State::new(1, "2026-01-01")?);
        Ok(batches(vec![batch.with_partition(request.partition).with_end(PassEnd::Complete)]))
    }

    fn write(&self, request: WriteRequest) -> Result<OutcomeStream> {
        let company = request.partition.ok_or_else(|| Error::new(ErrorKind::Config, "name the company"))?;
        let outcomes = request.operations.into_iter().map(move |operation| {
            let outcome = match &operation.op {
                WriteOp::Update { if_version: Some(version), .. } if version.as_str() == "W/\"7\"" => {
                    Outcome::applied(Some(Key::new(company.as_str())))
                }
                WriteOp::Update { .. } => Outcome::conflict(None),
                _ => Outcome::Rejected(Error::unsupported("this operation")),
            };
            OperationOutcome::new(operation.id, outcome)
        });
        Ok(Box::pin(stream::iter(outcomes.collect::<Vec<_>>())))
    }
} }

#[tokio::test]
async fn a_write_names_its_company_and_the_version_that_it_saw() {
    let read = collect(
        BusinessCentral.read(ReadRequest::full("customers").with_partition("cronus-no".into())).unwrap(),
    )
    .await;
    let Change::Upsert(record) = &read[0].groups[0].changes[0] else { panic!("{read:?}") };
    let name = RawJson::parse("\"Ny\"").unwrap();
    let patch = Patch(vec![(FieldPath::field("displayName"), FieldPatch::Set(name))]);
    let operations = [record.version.clone(), Some("W/\"6\"".into())]
        .map(|version| Operation::new("op", WriteOp::update("c1", patch.clone()).with_if_version(version)));
    let request = WriteRequest::new("customers", operations.to_vec()).with_partition("cronus-no".into());
    let outcomes: Vec<_> = BusinessCentral.write(request).unwrap().collect().await;
    assert!(
        matches!(&outcomes[0].outcome, Outcome::Applied { key: Some(key), .. } if key.as_str() == "cronus-no")
    );
    assert!(matches!(outcomes[1].outcome, Outcome::Conflict { .. }), "{outcomes:?}");
}

#[test]
fn five_requests_at_once_are_a_limit() {
    let limit = Limit::in_flight("parallel", LimitScope::Credential, 5);
    let request = HttpRequest::get(
        "https://api.businesscentral.dynamics.com/v2.0/companies(1)/customers".parse().unwrap(),
    );
    assert!(limit.covers(&request) && limit.unit == LimitUnit::InFlight && limit.per.is_zero());
}
