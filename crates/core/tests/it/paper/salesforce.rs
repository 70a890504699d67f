//! Salesforce takes thousands of writes as a bulk job: accepted with a ticket, polled later, one outcome each. A record is
//! upserted by an external id in one request.

use std::time::Duration;

use super::*;

#[derive(Debug)]
pub(super) struct Salesforce;

paper_connector! { Salesforce {
    async fn discover(&self, _: DiscoverRequest) -> Result<Catalog> {
        Ok(Catalog::new(vec![Entity::new("Account", "Accounts")]))
    }

    fn read(&self, _: ReadRequest) -> Result<BatchStream> {
        Ok(batches(Vec::new()))
    }

    fn write(&self, request: WriteRequest) -> Result<OutcomeStream> {
        let accepted = |operation: Operation| {
            let accepted = Outcome::accepted("job-750x").with_after(Duration::from_secs(20));
            OperationOutcome::new(operation.id, accepted)
        };
        Ok(Box::pin(stream::iter(request.operations.into_iter().map(accepted).collect::<Vec<_>>())))
    }

    fn poll(&self, request: PollRequest) -> Result<OutcomeStream> {
        assert_eq!(request.entity, "Account");
        let done = |operation: Operation| {
            let output = RawJson::parse(r#"{"created":true}"#).unwrap();
            OperationOutcome::new(operation.id, Outcome::applied(Some("001x".into())).with_output(output))
        };
        Ok(Box::pin(stream::iter(request.operations.into_iter().map(done).collect::<Vec<_>>())))
    }
} }

#[tokio::test]
async fn a_job_is_polled_with_its_operations() {
    let fields = RawJson::parse(r#"{"Name":"Åkeri"}"#).unwrap();
    let external = FieldPath::field("External_Id__c");
    let create = Operation::new("op-1", WriteOp::upsert(external, RawJson::parse("\"7\"").unwrap(), fields));
    let request = WriteRequest::new("Account", vec![create.clone()]);
    let outcomes: Vec<_> = Salesforce.write(request).unwrap().collect().await;
    let Outcome::Accepted { ticket, after: Some(_), .. } = &outcomes[0].outcome else {
        panic!("{outcomes:?}")
    };
    let polled: Vec<_> =
        Salesforce.poll(PollRequest::new("Account", ticket.clone(), vec![create])).unwrap().collect().await;
    assert!(
        matches!(&polled[0].outcome, Outcome::Applied { output: Some(output), .. } if output.get().contains("created"))
    );
}
