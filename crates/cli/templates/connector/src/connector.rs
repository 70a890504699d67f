//! The connector: what there is, and looking it up.

use std::sync::Arc;

use async_trait::async_trait;
use serde::Deserialize;
use serde_json::json;
use tieline_core::Result;
use tieline_core::http::{HttpClient, HttpResponse};
use tieline_core::{
    Account, BatchStream, Capabilities, Catalog, CheckRequest, Clock, Connector, Deletes, DiscoverRequest,
    Entity, EntityField, Error, ErrorKind, FieldPath, Key, Lookup, LookupBy, LookupRequest, Lookups,
    MarkerField, OutcomeStream, RawJson, ReadRequest, Record, WriteRequest,
};
use tieline_kit::{Call, HeadFlag, HeadKey, HeadText, KeyChunks, parse_page, refuse_partition};
use url::Url;

use crate::{read, write};

#[derive(Clone, Debug)]
pub struct TickConnector {
    pub http: HttpClient,
    pub base: Url,
    pub clock: Arc<dyn Clock>,
}

/// The few members of an item that decide what it is.
#[derive(Deserialize)]
pub struct Head<'a> {
    pub id: HeadKey,
    #[serde(default, borrow)]
    pub updated_at: HeadText<'a>,
    #[serde(default)]
    pub version: HeadKey,
    #[serde(default)]
    pub deleted: HeadFlag,
}

impl Head<'_> {
    /// The record, or the key of one that was deleted.
    pub fn record(self, raw: &str) -> Result<Result<Record, Key>> {
        let key = self.id.0.ok_or_else(|| Error::new(ErrorKind::Decode, "an item has no id"))?;
        if self.deleted.0 == Some(true) {
            return Ok(Err(key));
        }
        let mut record = Record::new(key, RawJson::from_checked(raw));
        record.changed_at = self.updated_at.get().map(Into::into);
        record.version = self.version.0.map(|version| version.as_str().into());
        Ok(Ok(record))
    }
}

impl TickConnector {
    pub async fn send(&self, call: Call) -> Result<HttpResponse> {
        self.http.send(call.build(&self.base)?).await
    }

    pub async fn task(&self, key: &Key) -> Result<Lookup> {
        let answer = match self.send(Call::get("/v1/tasks/{id}").value(key)).await {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Lookup::Missing(key.clone())),
            answer => answer.map_err(|error| error.with_context("entity", "tasks"))?,
        };
        let text = answer.text()?;
        let unreadable =
            |_| Error::new(ErrorKind::Decode, "a task cannot be read").with_context("entity", "tasks");
        let head: Head<'_> = serde_json::from_str(text).map_err(unreadable)?;
        Ok(head.record(text)?.map_or_else(Lookup::Missing, Lookup::Record))
    }
}

/// The entity of that name. Fails with `NotFound`.
pub fn entity(name: &str) -> Result<Entity> {
    entities().into_iter().find(|entity| entity.name == name).ok_or_else(|| {
        let shown = tieline_kit::excerpt(name, 64);
        Error::new(ErrorKind::NotFound, format!("Tick has no entity {shown:?}"))
            .with_advice("there are tasks and lists")
    })
}

fn entities() -> Vec<Entity> {
    let mut tasks = Entity::new("tasks", "Tasks");
    tasks.capabilities = Capabilities::READ.with_changes().with_lookup().with_writes();
    tasks.capabilities.keys_only = true;
    tasks.capabilities.projection = true;
    tasks.deletes = Deletes::Feed;
    tasks.cursor_field = Some(FieldPath::field("updated_at"));
    tasks.marker = Some(MarkerField::new(FieldPath::field("external_id")));
    let mut lists = Entity::new("lists", "Lists");
    lists.deletes = Deletes::Sweep;
    vec![tasks, lists]
}

fn described(mut entity: Entity) -> Entity {
    let fields: &[(&str, &str)] = match entity.name.as_str() {
        "tasks" => &[
            ("title", "string"),
            ("amount", "number"),
            ("id", "string"),
            ("external_id", "string"),
            ("version", "integer"),
            ("updated_at", "string"),
            ("deleted", "boolean"),
        ],
        _ => &[("id", "string"), ("name", "string")],
    };
    let mut properties = serde_json::Map::new();
    for (name, kind) in fields {
        entity.fields.push(EntityField::new(FieldPath::field(name), *name, *kind));
        properties.insert((*name).to_owned(), json!({ "type": [kind, "null"] }));
    }
    entity.schema = Some(json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "object",
        "properties": properties,
        "required": ["id"],
    }));
    entity
}

#[async_trait]
impl Connector for TickConnector {
    async fn check(&self, _: CheckRequest) -> Result<Account> {
        #[derive(Deserialize)]
        struct Me {
            team: String,
            user: String,
        }
        let answer = self.send(Call::get("/v1/me")).await?;
        let me: Me = serde_json::from_str(answer.text()?)
            .map_err(|_| Error::new(ErrorKind::Decode, "Tick does not say whose key it is"))?;
        let mut account = Account::new(me.team);
        account.user = Some(me.user);
        Ok(account)
    }

    async fn discover(&self, request: DiscoverRequest) -> Result<Catalog> {
        let chosen = match request.entities.as_slice() {
            [] => entities(),
            names => names.iter().map(|name| entity(name.as_str())).collect::<Result<_>>()?,
        };
        let all = chosen.into_iter().map(|entity| if request.schemas { described(entity) } else { entity });
        Ok(Catalog::new(all.collect()))
    }

    fn read(&self, request: ReadRequest) -> Result<BatchStream> {
        read::read(self.clone(), request)
    }

    async fn lookup(&self, request: LookupRequest) -> Result<Lookups> {
        let entity = entity(request.entity.as_str())?;
        if !entity.capabilities.lookup {
            return Err(Error::unsupported("looking lists up").with_context("entity", entity.name));
        }
        refuse_partition(&request.entity, request.partition.as_ref())?;
        match request.by {
            LookupBy::Keys(keys) => {
                let mut keys = KeyChunks::new(keys);
                for key in keys.open() {
                    keys.answer(self.task(&key).await?);
                }
                Ok(Lookups::new(keys.finish()))
            }
            LookupBy::Field { field, value, .. } if field.as_str() == "/external_id" => {
                let marker: String = value.view()?;
                let answer = self.send(Call::get("/v1/tasks").query("external_id", marker)).await?;
                let mut found = Vec::new();
                parse_page(answer.text()?, &["items"], |head: Head<'_>, raw| {
                    found.extend(head.record(raw)?.ok().map(Lookup::Record));
                    Ok(())
                })?;
                Ok(Lookups::new(found))
            }
            _ => {
                Err(Error::unsupported("looking tasks up by this")
                    .with_advice("use their key or /external_id"))
            }
        }
    }

    fn write(&self, request: WriteRequest) -> Result<OutcomeStream> {
        write::write(self.clone(), request)
    }
}
