//! Records by key, one or many at a time, and by a field's value.

use futures_util::{StreamExt as _, stream};
use tieline_core::{
    Change, Error, ErrorKind, FieldPath, Key, Lookup, LookupBy, LookupRequest, Lookups, RawJson, Record,
    Result,
};
use tieline_kit::{JsonPath, KeyChunks, TokenGuard};

use super::client::Client;
use super::discover::field_names;
use super::paging::{Paging, Step};
use super::plan::entity;
use super::reading::{PageRead, Reading, split_key};
use super::state::Position;
use super::survey::records_path;
use super::words::RequestWords;
use crate::description::{Decode, Entity, FindBy, KeyPart, Request, Walk};

/// The keys in one request when the description does not say.
const KEYS: u32 = 100;
/// Single look-ups at once.
const AT_ONCE: usize = 4;
/// The most pages that are read of a search, or of a list that is looked through.
const MAX_PAGES: u64 = 100;

pub(crate) async fn lookup(client: &Client, request: LookupRequest) -> Result<Lookups> {
    let name = request.entity.as_str();
    let entity = entity(&client.description, name)?;
    match request.by {
        LookupBy::Keys(keys) => by_keys(client, name, entity, keys).await,
        LookupBy::Field { field, value, .. } => by_field(client, name, entity, &field, &value).await,
        _ => Err(Error::unsupported("this way to look up")),
    }
}

/// The words of a key: its parts by name, and the parents among them.
pub(crate) fn key_words<'a>(entity: &Entity, key: &'a Key, words: &mut RequestWords<'a>) -> Result<()> {
    let parts = entity.walk.key.as_slice();
    let Some(values) = split_key(key, parts.len()) else {
        return Err(Error::new(ErrorKind::NotFound, format!("a key here has {} parts", parts.len()))
            .with_advice("write them with a slash between: parent/id"));
    };
    let own = values.iter().zip(parts.iter().map(Some).chain([None]));
    if let Some(form) = entity.key_form
        && own.into_iter().any(|(value, part)| part != Some(&KeyPart::Parent) && !form.fits(value))
    {
        let shown = tieline_kit::excerpt(key.as_str(), 64);
        return Err(Error::new(ErrorKind::Rejected, format!("{shown:?} is no key of this entity")));
    }
    for (part, value) in parts.iter().zip(values) {
        if *part == KeyPart::Parent {
            words.parents = vec![value.clone()];
        }
        words.key_parts.push((part.name(), value));
    }
    // What cannot be a segment of a path is the key of nothing.
    let is_none = |value: &str| matches!(value.trim(), "" | "." | "..");
    if is_none(key.as_str()) || words.key_parts.iter().any(|(_, value)| is_none(value)) {
        return Err(Error::new(ErrorKind::NotFound, "no record has such a key"));
    }
    words.key = Some(key.as_str());
    Ok(())
}

async fn by_keys(client: &Client, name: &str, entity: &Entity, keys: Vec<Key>) -> Result<Lookups> {
    let mut chunks = KeyChunks::new(keys);
    for key in chunks.open() {
        if key_words(entity, &key, &mut RequestWords::default()).is_err() {
            chunks.answer(Lookup::Missing(key));
        }
    }
    if chunks.open().is_empty() {
        return Ok(Lookups::new(chunks.finish()));
    }
    if let Some(request) = &entity.lookups {
        let walk = request.walk.over(&entity.walk);
        let size = request.walk.page_size.unwrap_or(KEYS);
        let fields = field_names(client, name, entity, request).await?;
        for chunk in chunks.chunks(usize::try_from(size).unwrap_or(1)) {
            // One by itself costs less.
            if chunk.len() == 1 && entity.lookup.is_some() {
                continue;
            }
            let words = RequestWords {
                keys: chunk.iter().map(|key| key.as_str().to_owned()).collect(),
                fields: fields.clone(),
                page_size: Some(size),
                ..client.words()
            };
            for answer in search(client, name, request, &walk, words).await? {
                chunks.answer(answer);
            }
        }
        if entity.lookup.is_none() {
            return Ok(Lookups::new(chunks.finish()));
        }
    }
    // All of them, or those that the list of several leaves out.
    let Some(request) = &entity.lookup else {
        return Err(Error::unsupported(format!("looking up {name} by key")));
    };
    let fields = field_names(client, name, entity, request).await?;
    let fields = &fields;
    let asked = stream::iter(chunks.open()).map(|key| async move {
        let answer = one(client, entity, request, &key, fields).await;
        (key, answer)
    });
    let mut asked = std::pin::pin!(asked.buffered(AT_ONCE));
    // A refusal is about one record when others are shown, and else about the look-up.
    let (mut refused, mut shows) = (None, false);
    while let Some((key, answer)) = asked.next().await {
        match answer {
            Ok(answer) => {
                shows |= matches!(answer, Lookup::Record(_));
                chunks.answer(answer);
            }
            Err(error) if error.kind() == ErrorKind::Rejected && !is_about_connection(&error) => {
                refused.get_or_insert(error);
                chunks.answer(Lookup::Forbidden(key));
            }
            Err(error) => return Err(error),
        }
    }
    match refused.filter(|_| !shows) {
        Some(error) => Err(error),
        None => Ok(Lookups::new(chunks.finish())),
    }
}

async fn one(
    client: &Client,
    entity: &Entity,
    request: &Request,
    key: &Key,
    fields: &[String],
) -> Result<Lookup> {
    let mut words = RequestWords { fields: fields.to_vec(), ..client.words() };
    if key_words(entity, key, &mut words).is_err() {
        return Ok(Lookup::Missing(key.clone()));
    }
    let response = match client.send(request, &words, true).await {
        Ok(response) => response,
        Err(error) => {
            return match error.kind() {
                ErrorKind::NotFound => Ok(Lookup::Missing(key.clone())),
                // About the record when others may still be seen; a connection without a right fails each of them.
                ErrorKind::Forbidden if !is_about_connection(&error) => Ok(Lookup::Forbidden(key.clone())),
                _ => Err(error),
            };
        }
    };
    if response.body.is_empty() {
        return Ok(Lookup::Missing(key.clone()));
    }
    let walk = request.walk.over(&entity.walk);
    match record(&one_record(client, request, &walk)?, response.text()?, &words.parents)? {
        Some(Lookup::Record(record)) if record.key != *key => Err(Error::new(
            ErrorKind::Decode,
            "the provider answered with another record than the one that was asked for",
        )
        .with_context("path", request.shown.as_str())),
        Some(answer) => Ok(answer),
        None => Ok(Lookup::Missing(key.clone())),
    }
}

/// The record of a key as it is now; `None` when the provider has it no more.
///
/// # Errors
/// `Unsupported` for an entity that has no look-up of one record.
pub(crate) async fn current(client: &Client, entity: &Entity, key: &Key) -> Result<Option<Record>> {
    let found = match &entity.lookup {
        Some(request) => one(client, entity, request, key, &entity.field_names).await?,
        None if entity.lookups.is_some() => {
            let found = by_keys(client, "", entity, vec![key.clone()]).await?;
            found.answers.into_iter().next().unwrap_or_else(|| Lookup::Missing(key.clone()))
        }
        None => {
            let what = "reading the record first, which this needs: there is no lookup";
            return Err(Error::unsupported(what));
        }
    };
    match found {
        Lookup::Record(record) => Ok(Some(record)),
        Lookup::Forbidden(_) => Err(Error::new(
            ErrorKind::Forbidden,
            "the credential may not see the record that is to be changed",
        )
        .with_advice("connect with the credential of a user who may")),
        _ => Ok(None),
    }
}

/// Whether a refusal is about the connection, by a rule with `about: connection` or a hook's context, and not about the
/// record that was asked for.
pub(crate) fn is_about_connection(error: &Error) -> bool {
    error.context().any(|(name, value)| name == "about" && value == "connection")
}

/// The parent's record, for the words that are its fields.
///
/// # Errors
/// `NotFound` when the parent is gone.
pub(crate) async fn parent_record(client: &Client, entity: &Entity, parents: &[String]) -> Result<RawJson> {
    let gone = || Error::new(ErrorKind::NotFound, "the parent is gone");
    let (Some(parent), [key]) = (&entity.parent, parents) else { return Err(gone()) };
    let above = super::plan::entity(&client.description, &parent.entity)?;
    let found = current(client, above, &Key::new(key.as_str())).await?;
    Ok(found.ok_or_else(gone)?.payload)
}

/// The error in place of a record that the credential may not see.
pub(crate) fn forbidden(entity: &str, key: &Key) -> Error {
    Error::new(ErrorKind::Forbidden, "the credential may not see the record")
        .with_advice("connect with the credential of a user who may")
        .with_context("entity", tieline_kit::excerpt(entity, 80))
        .with_context("key", key)
}

/// The reading of answers that hold one record, prepared once for all of them.
pub(crate) fn one_record(client: &Client, request: &Request, walk: &Walk) -> Result<Reading> {
    let place = request.record.clone().unwrap_or_default();
    // What a list says beside its records is not beside this one.
    let decode = walk.decode.filter(|decode| *decode == Decode::Xml);
    let walk =
        Walk { decode, next: None, more: None, total: None, total_pages: None, token: None, ..walk.clone() };
    Ok(Reading::new(request, &walk, &place, &[], client.zone)?.for_one())
}

/// The one record of an answer.
pub(crate) fn record(reading: &Reading, text: &str, parents: &[String]) -> Result<Option<Lookup>> {
    let read = reading.read("", text, parents, Decode::Json)?;
    Ok(answers(read).into_iter().next())
}

fn answers(read: PageRead) -> Vec<Lookup> {
    let answer = |change| match change {
        tieline_core::Change::Upsert(record) => Some(Lookup::Record(record)),
        tieline_core::Change::Delete(deletion) => Some(Lookup::Deleted(deletion)),
        _ => None,
    };
    read.changes.into_iter().filter_map(answer).collect()
}

async fn by_field(
    client: &Client,
    name: &str,
    entity: &Entity,
    field: &FieldPath,
    value: &RawJson,
) -> Result<Lookups> {
    let wanted = field.as_str().trim_start_matches('/');
    let unsupported = || {
        let error = Error::unsupported(format!("looking up {name} by {wanted:?}"));
        match entity.found_by().as_slice() {
            [] => error.with_advice("look the records up by key, or read the entity and compare"),
            names => error.with_advice(format!("it works for {}", names.join(", "))),
        }
    };
    let find = entity.find_by(wanted).ok_or_else(unsupported)?;
    if matches!(value.get(), "null" | "\"\"") {
        return Err(Error::new(
            ErrorKind::Config,
            "a look-up needs a value: without one every record would be meant",
        ));
    }
    let (request, words) = match &find {
        FindBy::Request(request) => (&**request, Some(())),
        FindBy::Scan => (entity.list.first().ok_or_else(unsupported)?, None),
    };
    let walk = request.walk.over(&entity.walk);
    let mut filled = RequestWords {
        fields: field_names(client, name, entity, request).await?,
        page_size: walk.page_size,
        ..client.words()
    };
    if words.is_some() {
        filled.field = Some(wanted);
        filled.value = Some(value.get());
    }
    let found = search(client, name, request, &walk, filled).await?;
    if let Some(detail) = &entity.detail {
        return with_details(client, name, entity, detail, found, (field, value)).await;
    }
    // Searches of providers find more than they should: parts of words, other fields.
    let matching = found.into_iter().filter(|answer| match answer {
        Lookup::Record(record) => has(record, field, value),
        _ => false,
    });
    Ok(Lookups::new(matching.collect()))
}

/// The details of what a search found and its rows do not rule out.
async fn with_details(
    client: &Client,
    name: &str,
    entity: &Entity,
    detail: &Request,
    found: Vec<Lookup>,
    (field, value): (&FieldPath, &RawJson),
) -> Result<Lookups> {
    let mut listed = Vec::new();
    // A record may lack what its list shows.
    let mut shown_with_it = std::collections::HashSet::new();
    for answer in found {
        let Lookup::Record(record) = answer else { continue };
        let shown = record.payload.at(field.as_str()).ok().flatten();
        let matches = shown.map(|shown| same(shown.get(), value.get()));
        if matches == Some(true) {
            shown_with_it.insert(record.key.clone());
        }
        if matches != Some(false) {
            listed.push(Change::Upsert(record));
        }
    }
    let fields = field_names(client, name, entity, detail).await?;
    let detailed = super::details::detailed(client, name, entity, detail, &fields, listed).await?;
    // What is not shown may be the very record that is looked for.
    if let Some(key) = detailed.refused.first() {
        let message = "a record that may have the value is listed, and the provider refuses to show it";
        return Err(Error::new(ErrorKind::Rejected, message)
            .with_context("entity", tieline_kit::excerpt(name, 80))
            .with_context("key", tieline_kit::excerpt(key, 80)));
    }
    let matching = detailed.changes.into_iter().filter_map(|change| match change {
        Change::Upsert(record) => {
            let shown = record.payload.at(field.as_str()).ok().flatten();
            let is_it = shown.map(|shown| same(shown.get(), value.get()));
            is_it.unwrap_or_else(|| shown_with_it.contains(&record.key)).then_some(Lookup::Record(record))
        }
        _ => None,
    });
    Ok(Lookups::new(matching.collect()))
}

fn has(record: &Record, field: &FieldPath, value: &RawJson) -> bool {
    let Some(found) = record.payload.at(field.as_str()).ok().flatten() else { return false };
    same(found.get(), value.get())
}

/// Whether two JSON values are the same, whichever way a number is written.
pub(super) fn same(one: &str, other: &str) -> bool {
    let text = |json: &str| serde_json::from_str::<String>(json).unwrap_or_else(|_| json.to_owned());
    one == other || text(one) == text(other)
}

/// All pages of a search, bounded.
async fn search(
    client: &Client,
    name: &str,
    request: &Request,
    walk: &Walk,
    mut words: RequestWords<'_>,
) -> Result<Vec<Lookup>> {
    let paging = Paging::of(request, walk);
    let mut at = Position::default();
    let mut guard = TokenGuard::new();
    let mut reading: Option<Reading> = None;
    let mut found = Vec::new();
    let mut seen = std::collections::HashSet::new();
    loop {
        let here = at.clone();
        words.page = (paging == Paging::Page).then(|| here.pages + u64::from(walk.first_page.unwrap_or(1)));
        words.offset = (paging == Paging::Offset).then(|| here.offset.start());
        let page = RequestWords { next: here.next.as_deref(), last: Some(&here.last), ..words.clone() };
        let response = match (paging, &here.next) {
            (Paging::Follow, Some(next)) => {
                client.follow(request, &page, next, walk.resend == Some(true)).await?
            }
            _ => client.send(request, &page, true).await?,
        };
        if response.body.is_empty() {
            return Ok(found);
        }
        let text = response.text()?;
        let current = match reading.take() {
            Some(reading) => reading,
            None => {
                let records = match &walk.records {
                    Some(records) => records.clone(),
                    None => records_path(text, name).unwrap_or_else(|_| JsonPath::root()),
                };
                Reading::new(request, walk, &records, &[], client.zone)?
            }
        };
        let read = current.read(name, text, &page.parents, walk.decode.unwrap_or_default())?;
        reading = Some(current);
        at.pages += 1;
        at.seen += read.count as u64;
        if !read.last.is_empty() {
            at.last.clone_from(&read.last);
        }
        let step = paging.next(walk, &mut at, &read, &response, walk.page_size, &mut guard)?;
        // Pages may overlap by a record.
        found.extend(answers(read).into_iter().filter(|answer| match answer {
            Lookup::Record(record) => seen.insert(record.key.clone()),
            _ => true,
        }));
        if step == Step::End {
            return Ok(found);
        }
        if at.pages >= MAX_PAGES {
            return Err(Error::new(
                ErrorKind::Unsupported,
                format!("the search has more than {MAX_PAGES} pages"),
            )
            .with_advice("look for a value that fewer records have"));
        }
    }
}

/// The key of a record whose parts are known.
pub(crate) fn key_of_parts(parents: &[String], id: &str, entity: &Entity) -> Key {
    let parts: Vec<String> = entity
        .walk
        .key
        .iter()
        .map(|part| match part {
            KeyPart::Parent => parents.first().cloned().unwrap_or_default(),
            KeyPart::Member(_) => id.to_owned(),
        })
        .collect();
    if parts.len() <= 1 { Key::new(id) } else { Key::from_parts(&parts) }
}
