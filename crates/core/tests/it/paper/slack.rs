//! Slack sends messages: an action, no record write. A message has no idempotency key, so a lost answer is Unknown.

use super::*;

#[derive(Debug)]
pub(super) struct Slack;

paper_connector! { Slack {
    async fn discover(&self, _: DiscoverRequest) -> Result<Catalog> {
        let mut channels = Entity::new("channels", "Channels");
        let input = serde_json::json!({ "type": "object", "required": ["text"] });
        channels.actions.push(Action::new("post_message", "Post a message", input));
        Ok(Catalog::new(vec![channels]))
    }

    fn read(&self, _: ReadRequest) -> Result<BatchStream> {
        Ok(batches(Vec::new()))
    }

    fn write(&self, request: WriteRequest) -> Result<OutcomeStream> {
        let outcomes = request.operations.into_iter().map(|operation| {
            let outcome = match operation.op {
                WriteOp::Invoke { action, key: Some(channel), .. } if action == "post_message" => {
                    Outcome::applied(Some(Key::new(format!("{channel}:1767225600.000100"))))
                }
                _ => Outcome::Rejected(Error::unsupported("this operation")),
            };
            OperationOutcome::new(operation.id, outcome)
        });
        Ok(Box::pin(stream::iter(outcomes.collect::<Vec<_>>())))
    }
} }

#[tokio::test]
async fn a_message_is_an_invocation() {
    let invoke = WriteOp::invoke("post_message", RawJson::parse(r#"{"text":"hej"}"#).unwrap())
        .with_key(Some("C1".into()));
    let request = WriteRequest::new(
        "channels",
        vec![Operation::new("op-1", invoke), Operation::new("op-2", WriteOp::delete("C1"))],
    );
    let outcomes: Vec<_> = Slack.write(request).unwrap().collect().await;
    assert_eq!(outcomes[0].id, "op-1");
    assert!(
        matches!(&outcomes[0].outcome, Outcome::Applied { key: Some(key), .. } if *key == "C1:1767225600.000100")
    );
    assert!(
        matches!(&outcomes[1].outcome, Outcome::Rejected(error) if error.kind() == ErrorKind::Unsupported)
    );
}
