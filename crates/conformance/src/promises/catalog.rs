//! What an account offers, and that it is true.

use std::collections::BTreeMap;

use futures_util::StreamExt;
use serde_json::Value;
use tieline_core::{
    DiscoverRequest, Entity, Error, ErrorKind, FieldPath, Filter, Key, LookupRequest, Operation, Partition,
    Patch, RawJson, ReadMode, ReadRequest, Record, WriteOp, WriteRequest,
};

use crate::Failure;
use crate::bench::{Bench, Lab, kept, short};
use crate::mirror::Mirror;
use crate::verdict::{Applies, Verdict, ensure, not};

/// Records of an entity that are held against its schema.
const SAMPLE: usize = 300;

pub(crate) async fn names_and_schemas_agree(lab: &Lab<'_>) -> Result<Verdict, Failure> {
    let bench = lab.bench()?;
    let names = bench.catalog().await?;
    let listed: Vec<&str> = names.entities.iter().map(|entity| entity.name.as_str()).collect();
    let mut unique = listed.clone();
    unique.sort_unstable();
    unique.dedup();
    ensure!(unique.len() == listed.len(), "the catalog names an entity twice: {listed:?}");
    let mut verdict = Verdict::default();
    for entity in lab.entities().await? {
        let described = described(&bench, &entity).await?;
        let name = entity.name.as_str();
        for (what, same) in [
            ("title", described.title == entity.title),
            ("keys", described.keys == entity.keys),
            ("deletes", described.deletes == entity.deletes),
            ("capabilities", described.capabilities == entity.capabilities),
            ("cursor field", described.cursor_field == entity.cursor_field),
            ("group", described.group == entity.group),
            ("marker", described.marker == entity.marker),
        ] {
            ensure!(same, "{name}: its {what} is another one when its schema is asked for");
        }
        ensure!(!described.title.is_empty(), "{name} has no title");
        ensure!(!described.fields.is_empty(), "{name} has no fields");
        let properties = described.schema.as_ref().and_then(|schema| schema.get("properties"));
        for field in &described.fields {
            let first = top_of(&field.path);
            ensure!(!field.title.is_empty(), "{name}: the field {} has no title", field.path);
            ensure!(
                properties.is_none_or(|properties| properties.get(&first).is_some()),
                "{name}: the field {} is not in the schema",
                field.path
            );
        }
        if let Some(cursor) = &described.cursor_field {
            ensure!(
                described.fields.iter().any(|field| field.path == *cursor),
                "{name}: the cursor field {cursor} is not among the fields"
            );
        }
        verdict.add(name, Applies::Kept);
    }
    Ok(verdict)
}

/// The name of the member at the top of a record that a path leads into.
fn top_of(path: &FieldPath) -> String {
    path.as_str().split('/').nth(1).unwrap_or_default().replace("~1", "/").replace("~0", "~")
}

async fn described(bench: &Bench<'_>, entity: &Entity) -> Result<Entity, Failure> {
    let catalog = bench.crm.discover(DiscoverRequest::schemas().only(entity.name.clone())).await?;
    let found = catalog.entity(entity.name.as_str()).cloned();
    found.ok_or_else(|| Failure::new(format!("{} has no description", entity.name)))
}

async fn schema(bench: &Bench<'_>, entity: &Entity) -> Result<Value, Failure> {
    let schema = described(bench, entity).await?.schema;
    schema.ok_or_else(|| Failure::new("it is described without a schema"))
}

pub(crate) async fn every_schema_is_valid(lab: &Lab<'_>) -> Result<Verdict, Failure> {
    lab.each(async |bench, entity| {
        let schema = schema(bench, entity).await?;
        if let Err(error) = jsonschema::draft202012::meta::validate(&schema) {
            return Err(Failure::new(format!("at {}: {error}", error.instance_path())));
        }
        ensure!(
            schema.get("type").and_then(Value::as_str) == Some("object"),
            "the schema of a record says type {:?}",
            schema.get("type")
        );
        ensure!(
            schema.get("properties").and_then(Value::as_object).is_some_and(|members| !members.is_empty()),
            "the schema has no properties"
        );
        kept()
    })
    .await
}

pub(crate) async fn every_record_fits_its_schema(lab: &Lab<'_>) -> Result<Verdict, Failure> {
    lab.each(async |bench, entity| {
        let schema = schema(bench, entity).await?;
        let validator = jsonschema::draft202012::new(&schema)
            .map_err(|error| Failure::new(format!("the schema cannot be used: {error}")))?;
        let rows = bench.full(entity).await?.rows;
        ensure!(!rows.is_empty(), "there is no record to hold against the schema");
        for (key, record) in rows.iter().take(SAMPLE) {
            let value: Value = record.payload.view()?;
            if let Err(error) = validator.validate(&value) {
                let text = short(&error.to_string());
                return Err(Failure::new(format!("the record {key} at {}: {text}", error.instance_path())));
            }
        }
        kept()
    })
    .await
}

pub(crate) async fn an_entity_can_be_discovered_alone(lab: &Lab<'_>) -> Result<Verdict, Failure> {
    lab.each(async |bench, entity| {
        let catalog = bench.crm.discover(DiscoverRequest::names().only(entity.name.clone())).await?;
        let names: Vec<&str> = catalog.entities.iter().map(|entity| entity.name.as_str()).collect();
        ensure!(names == [entity.name.as_str()], "asked for alone, it comes with {names:?}");
        kept()
    })
    .await
}

pub(crate) async fn an_unknown_entity_is_named_in_the_error(lab: &Lab<'_>) -> Result<Verdict, Failure> {
    lab.whole(async |bench| {
        const NAME: &str = "no_such_entity";
        let read = bench.pull(&mut Mirror::default(), ReadRequest::full(NAME)).await.err();
        let lookup = bench.crm.lookup(LookupRequest::keys(NAME, [Key::from(1_u64)])).await.err();
        let found = bench.crm.discover(DiscoverRequest::schemas().only(NAME)).await.err();
        for (what, error) in [("a read", read), ("a look-up", lookup), ("discovering", found)] {
            let Some(error) = error else {
                return Err(Failure::new(format!("{what} of an entity that does not exist works")));
            };
            ensure!(error.kind() == ErrorKind::NotFound, "{what} fails with another kind: {error}");
            ensure!(error.to_string().contains(NAME), "{what} does not name the entity: {error}");
            ensure!(error.advice().is_some(), "{what} says not what to do: {error}");
        }
        kept()
    })
    .await
}

pub(crate) async fn an_unknown_partition_is_refused(lab: &Lab<'_>) -> Result<Verdict, Failure> {
    lab.each(async |bench, entity| {
        let request =
            ReadRequest::full(entity.name.clone()).with_partition(Partition::new("no-such-partition"));
        match bench.pull(&mut Mirror::default(), request).await {
            Ok(()) => Err(Failure::new("a partition that does not exist is read as if it did")),
            Err(error) => {
                expect(&error, &[ErrorKind::Unsupported, ErrorKind::NotFound, ErrorKind::Config])?;
                kept()
            }
        }
    })
    .await
}

pub(crate) async fn a_filter_is_never_passed_over(lab: &Lab<'_>) -> Result<Verdict, Failure> {
    lab.each(async |bench, entity| {
        let request = |field: &FieldPath, value: RawJson| {
            ReadRequest::full(entity.name.clone()).with_filter(Filter::equals(field.clone(), value))
        };
        let unknown = request(&FieldPath::field("no_such_field"), RawJson::parse("\"x\"")?);
        match bench.pull(&mut Mirror::default(), unknown).await {
            Ok(()) => return Err(Failure::new("a filter on a field that does not exist is passed over")),
            Err(error) => {
                let kinds =
                    [ErrorKind::Unsupported, ErrorKind::Config, ErrorKind::NotFound, ErrorKind::Rejected];
                expect(&error, &kinds)?;
            }
        }
        let rows = bench.full(entity).await?.rows;
        let Some((field, value, wanted)) = telling(&described(bench, entity).await?, &rows)? else {
            return not("no field tells its records apart");
        };
        let mut some = Mirror::default();
        match bench.pull(&mut some, request(&field, value.clone())).await {
            Ok(()) => {
                let keys: Vec<&Key> = some.rows.keys().collect();
                ensure!(
                    keys == wanted,
                    "{} of {} records have {value} at {field}, and {} come",
                    wanted.len(),
                    rows.len(),
                    keys.len()
                );
            }
            Err(error) => expect(&error, &[ErrorKind::Unsupported])?,
        }
        kept()
    })
    .await
}

/// A field, a text in it, and the keys of the records that have it.
type Telling<'r> = (FieldPath, RawJson, Vec<&'r Key>);

/// A field with a text that some records have and others do not, and the keys of those that have it.
fn telling<'r>(entity: &Entity, rows: &'r BTreeMap<Key, Record>) -> Result<Option<Telling<'r>>, Failure> {
    for field in &entity.fields {
        let at = |record: &Record| -> Result<Option<String>, Failure> {
            Ok(record.payload.at(field.path.as_str())?.map(|raw| raw.get().to_owned()))
        };
        let Some(value) = rows.values().next().map(at).transpose()?.flatten() else { continue };
        // A time may be kept more exactly than it is shown, and is then equal to nothing.
        let is_word = value.strip_prefix('"').is_some_and(|text| text.starts_with(char::is_alphabetic));
        if !is_word {
            continue;
        }
        let mut wanted = Vec::new();
        for (key, record) in rows {
            if at(record)?.as_ref() == Some(&value) {
                wanted.push(key);
            }
        }
        if wanted.len() < rows.len() {
            return Ok(Some((field.path.clone(), RawJson::parse(value)?, wanted)));
        }
    }
    Ok(None)
}

fn expect(error: &Error, kinds: &[ErrorKind]) -> Result<(), Failure> {
    ensure!(kinds.contains(&error.kind()), "it fails with another kind than {kinds:?}: {error}");
    Ok(())
}

pub(crate) async fn what_is_not_declared_is_refused(lab: &Lab<'_>) -> Result<Verdict, Failure> {
    lab.each(async |bench, entity| {
        let can = entity.capabilities;
        let keys = bench.keys(entity)?;
        let Some(key) = keys.first() else { return not("it has no records") };
        let mut tried = 0;
        if !can.changes {
            tried += 1;
            let mut batches = bench.crm.read(ReadRequest::changes(entity.name.clone()))?;
            match batches.next().await {
                Some(Ok(batch)) => ensure!(
                    batch.pass == ReadMode::Full,
                    "reads of changes are not declared, and a {:?} pass comes",
                    batch.pass
                ),
                Some(Err(error)) => expect(&error, &[ErrorKind::Unsupported])?,
                None => return Err(Failure::new("a read without a batch")),
            }
        }
        if !can.lookup {
            tried += 1;
            match bench.lookup(entity, vec![key.clone()]).await {
                Ok(answers) => {
                    return Err(Failure::new(format!("look-ups are not declared, yet: {answers:?}")));
                }
                Err(error) => expect(&error, &[ErrorKind::Unsupported])?,
            }
        }
        let update = WriteOp::update(key.clone(), Patch::default());
        let create = WriteOp::create(RawJson::parse("{}")?);
        let delete = WriteOp::delete(key.clone());
        for (name, declared, op) in
            [("create", can.create, create), ("update", can.update, update), ("delete", can.delete, delete)]
        {
            if !declared {
                tried += 1;
                refuses_to(name, bench, entity, op).await?;
            }
        }
        if tried == 0 { not("everything is declared") } else { kept() }
    })
    .await
}

/// Fails unless the connector refuses the operation and sends nothing that writes.
pub(super) async fn refuses_to(
    name: &str,
    bench: &Bench<'_>,
    entity: &Entity,
    op: WriteOp,
) -> Result<(), Failure> {
    let before = bench.wire.writes();
    match bench.crm.write(WriteRequest::new(entity.name.clone(), vec![Operation::new("op-1", op)])) {
        Err(error) => expect(&error, &[ErrorKind::Unsupported])?,
        Ok(outcomes) => {
            let outcomes: Vec<_> = outcomes.collect().await;
            let refused =
                outcomes.iter().all(|outcome| matches!(&outcome.outcome, tieline_core::Outcome::Rejected(_)));
            ensure!(refused && outcomes.len() == 1, "{name} is not declared, yet: {outcomes:?}");
        }
    }
    ensure!(bench.wire.writes() == before, "{name} is not offered, yet something was sent");
    Ok(())
}
