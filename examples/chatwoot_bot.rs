//! A bot in Chatwoot from end to end: an inbox of its own, the bot in it, a customer who writes, and the bot's answer.
//!
//! Without an account it starts a sandbox on this machine. With `CHATWOOT_ACCOUNT_ID` and `CHATWOOT_API_KEY` (and
//! `CHATWOOT_BASE_URL` for a server of your own) it works in the real one, and makes an inbox, a bot and a contact there.

use std::error::Error;
use std::process::ExitCode;
use std::sync::Arc;

use futures_util::{StreamExt as _, TryStreamExt as _};
use secrecy::SecretString;
use serde_json::{Value, json};
use tieline::chatwoot::{ChatwootConfig, Message, RestConnector};
use tieline::store::MemoryStore;
use tieline::{
    ApiKey, Change, CheckRequest, Connector, Key, Operation, Outcome, Partition, RawJson, ReadRequest, State,
    Tieline, WriteOp, WriteRequest,
};
use tieline_sandbox::engine::Provider;
use tieline_sandbox::{Clock, Sandbox, Server};

type Done<T> = Result<T, Box<dyn Error>>;

#[tokio::main]
async fn main() -> ExitCode {
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run() -> Done<()> {
    let (desk, _sandbox) = connect().await?;
    println!("Connected to {}", desk.check(CheckRequest::default()).await?.name);

    let inbox = invoke(&desk, "inboxes", "create_api_inbox", None, &json!({ "name": "Bot" })).await?;
    let inbox = number(&inbox, "/id")?;
    let bot = json!({ "name": "Helper", "outgoing_url": "https://bot.example.com/hook" });
    let bot = number(&invoke(&desk, "agent_bots", "create_agent_bot", None, &bot).await?, "/id")?;
    let key = Key::new(inbox.to_string());
    invoke(&desk, "inboxes", "set_agent_bot", Some(key), &json!({ "bot": bot })).await?;
    println!("Inbox {inbox} has the bot {bot}");

    let who = json!({ "name": "Kari", "email": format!("kari.{inbox}@fjord.example"), "inbox_id": inbox });
    let contact = create(&desk, "contacts", &who).await?;
    let contact: u64 = contact.as_str().parse()?;
    let begun = json!({ "contact_id": contact, "inbox_id": inbox });
    let conversation = create(&desk, "conversations", &begun).await?;
    let mut state = None;
    answer(&desk, &conversation, &mut state).await?;

    println!("\nKari writes to conversation {conversation}");
    let question = json!({ "conversation_id": number_of(&conversation)?, "content": "When do you open?", "message_type": "incoming" });
    create(&desk, "messages", &question).await?;
    let answered = answer(&desk, &conversation, &mut state).await?;
    println!(
        "{answered} answered; the next look finds {} more",
        answer(&desk, &conversation, &mut state).await?
    );

    let resolved = json!({ "status": "resolved" });
    invoke(&desk, "conversations", "set_status", Some(conversation.clone()), &resolved).await?;
    println!("Conversation {conversation} is resolved");
    Ok(())
}

async fn connect() -> Done<(Arc<RestConnector>, Option<Server<Provider>>)> {
    if let Some((config, token)) = ChatwootConfig::from_environment()? {
        return Ok((tieline::connect(config, ApiKey::new(token))?, None));
    }
    let sandbox = Sandbox::chatwoot(Clock::system(), 12)?.serve().await?;
    println!("No account given, so a sandbox serves one at {}\n", sandbox.base_url());
    let token = SecretString::from(sandbox.token("administrator"));
    // This machine's own addresses are refused unless the application allows them by name.
    let app = Tieline::builder().allow_network("127.0.0.1/32").store(Arc::new(MemoryStore::new()));
    let config = ChatwootConfig::new(sandbox.base_url(), 1);
    let chatwoot = app.build().await?.connection("main", "chatwoot-sandbox");
    Ok((chatwoot.open_with(config, ApiKey::new(token))?.connector().clone(), Some(sandbox)))
}

/// Answers the messages of a conversation that came since the last time. Returns how many came.
async fn answer(desk: &RestConnector, conversation: &Key, state: &mut Option<State>) -> Done<usize> {
    let partition = Partition::new(conversation.as_str());
    let request = ReadRequest::changes("messages").with_partition(partition).with_state(state.take());
    let mut batches = desk.read(request)?;
    let mut asked = Vec::new();
    while let Some(batch) = batches.try_next().await? {
        for change in batch.groups.into_iter().flat_map(|group| group.changes) {
            let Change::Upsert(record) = change else { continue };
            let message: Message = record.payload.view()?;
            // 0 is incoming. What the bot sends comes back as a message too, and is not answered.
            if message.message_type.as_ref().is_some_and(|kind| kind.get() == "0") {
                asked.push(message.content.unwrap_or_default());
            }
        }
        *state = Some(batch.state);
    }
    for question in &asked {
        println!("  {question:?} is answered");
        let content = json!({ "content": "We open at eight." });
        invoke(desk, "conversations", "send", Some(conversation.clone()), &content).await?;
    }
    Ok(asked.len())
}

fn number_of(key: &Key) -> Done<u64> {
    Ok(key.as_str().parse()?)
}

fn number(record: &RawJson, pointer: &str) -> Done<u64> {
    Ok(record.at(pointer)?.ok_or("an answer lacks its id")?.get().parse()?)
}

async fn create(desk: &RestConnector, entity: &str, fields: &Value) -> Done<Key> {
    match write(desk, entity, WriteOp::create(RawJson::of(fields)?)).await? {
        Outcome::Applied { key: Some(key), .. } => Ok(key),
        other => Err(format!("a record of {entity} was not made: {other:?}").into()),
    }
}

async fn invoke(
    desk: &RestConnector,
    entity: &str,
    action: &'static str,
    key: Option<Key>,
    input: &Value,
) -> Done<RawJson> {
    match write(desk, entity, WriteOp::invoke(action, RawJson::of(input)?).with_key(key)).await? {
        Outcome::Applied { output, .. } => Ok(output.map_or_else(|| RawJson::parse("null"), Ok)?),
        other => Err(format!("{action} was not done: {other:?}").into()),
    }
}

async fn write(desk: &RestConnector, entity: &str, op: WriteOp) -> Done<Outcome> {
    let operations = vec![Operation::new("1", op)];
    let mut outcomes = desk.write(WriteRequest::new(entity, operations))?;
    Ok(outcomes.next().await.ok_or("no outcome")?.outcome)
}
