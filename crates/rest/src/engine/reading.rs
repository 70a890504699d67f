//! One list as it is read: the layout of its pages, and what each record says of itself.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use chrono_tz::Tz;
use tieline_core::{Change, Deletion, Error, ErrorKind, Issue, Key, RawJson, Record, Result};
use tieline_kit::{HeadJson, JsonPath, Page, PageLayout, PageRecord};

use super::members::{flag, keep_last, merged_keys, token};
use super::paging::Paging;
use super::rows::RowLayout;
use crate::description::{ConditionTest, Decode, KeyPart, Place, Request, Walk};
use crate::hooks::HookPage;
use crate::stamp::Stamp;

/// The layout of a list's pages and what its heads mean.
#[derive(Clone, Debug)]
pub(crate) struct Reading {
    pub(crate) layout: PageLayout,
    key: Vec<(String, Option<usize>)>,
    changed: Option<usize>,
    /// Whether the time of change is a part of the key: a number that grows.
    growing: bool,
    version: Option<usize>,
    deleted_if: Vec<(usize, Vec<String>)>,
    conditions: Vec<(usize, ConditionTest)>,
    merged: Option<(usize, String)>,
    last: Vec<(String, usize)>,
    /// Other times of change whose highest is wanted.
    marks: Vec<usize>,
    next: Option<usize>,
    more: Option<usize>,
    total: Option<usize>,
    total_pages: Option<usize>,
    token: Option<usize>,
    /// Whether the bounds of a page's times of change are wanted.
    bounds: bool,
    /// How records are read that are no JSON.
    rows: Option<RowLayout>,
    zone: Option<Tz>,
}

/// The yield of one page.
#[derive(Debug, Default)]
pub(crate) struct PageRead {
    pub(crate) changes: Vec<Change>,
    pub(crate) issues: Vec<Issue>,
    /// Items on the page, also those that could not be read.
    pub(crate) count: usize,
    pub(crate) keys: Vec<Key>,
    /// Members of the last record.
    pub(crate) last: BTreeMap<String, String>,
    pub(crate) highest: Vec<Option<Stamp>>,
    pub(crate) lowest: Option<Stamp>,
    /// The highest time of change, and whether the records stand in the order of it.
    pub(crate) latest: Option<Stamp>,
    pub(crate) is_ordered: bool,
    pub(crate) next: Option<String>,
    pub(crate) more: Option<bool>,
    pub(crate) total: Option<u64>,
    pub(crate) total_pages: Option<u64>,
    pub(crate) token: Option<String>,
    /// Whether a record was left out.
    pub(crate) broken: bool,
}

impl PageRead {
    /// A page that a hook read, for so many marks.
    pub(crate) fn of_hook(page: HookPage, marks: usize) -> Self {
        let keys: Vec<Key> = page.changes.iter().map(|change| change.key().clone()).collect();
        Self {
            count: keys.len(),
            keys,
            changes: page.changes,
            highest: vec![None; marks],
            next: page.next,
            token: page.token,
            broken: page.partial,
            ..Self::default()
        }
    }
}

impl Reading {
    /// Prepares the reading of a list whose records are at a path. `marks` are the times of change whose highest is
    /// wanted, in order.
    pub(crate) fn new(
        request: &Request,
        walk: &Walk,
        records: &JsonPath,
        marks: &[Option<JsonPath>],
        zone: Option<Tz>,
    ) -> Result<Self> {
        let mut reading = Self::of(request.last_members(), walk, records, marks, zone)?;
        let moves = Paging::of(request, walk).may_move(walk);
        reading.bounds =
            reading.changed.is_some() && (moves || walk.newest_first == Some(true) || walk.cap.is_some());
        Ok(reading)
    }

    /// Prepares the reading of single records.
    pub(crate) fn of_records(walk: &Walk, zone: Option<Tz>) -> Result<Self> {
        Self::of(Vec::new(), walk, &JsonPath::root(), &[], zone)
    }

    fn of(
        last_members: Vec<String>,
        walk: &Walk,
        records: &JsonPath,
        marks: &[Option<JsonPath>],
        zone: Option<Tz>,
    ) -> Result<Self> {
        let mut layout = PageLayout::new(records);
        if walk.single == Some(true) {
            layout = layout.or_one();
        }
        if let Some(payload) = &walk.payload {
            layout = layout.with_payload(payload)?;
        }
        let head = |path: &JsonPath, layout: &mut PageLayout| -> Result<usize> {
            *layout = layout.clone().with_head(path)?;
            layout.head_at(path).ok_or_else(internal)
        };
        let id: [KeyPart; 1] = [KeyPart::Member("id".parse()?)];
        let parts = if walk.key.is_empty() { &id[..] } else { &walk.key };
        let mut key = Vec::new();
        let mut growing = false;
        for part in parts {
            let slot = match part {
                KeyPart::Parent => None,
                KeyPart::Member(path) => {
                    growing |= walk.changed.as_ref() == Some(path);
                    Some(head(path, &mut layout)?)
                }
            };
            key.push((part.name(), slot));
        }
        let changed = walk.changed.as_ref().map(|path| head(path, &mut layout)).transpose()?;
        let version = walk.version.as_ref().map(|path| head(path, &mut layout)).transpose()?;
        let mut deleted_if = Vec::new();
        for (path, values) in &walk.deleted_if {
            deleted_if.push((head(path, &mut layout)?, values.clone()));
        }
        let mut conditions = Vec::new();
        for condition in &walk.conditions {
            conditions.push((head(&condition.path, &mut layout)?, condition.test.clone()));
        }
        let merged = match &walk.merged {
            Some((path, split)) => Some((head(path, &mut layout)?, split.clone())),
            None => None,
        };
        let mut last = Vec::new();
        for member in last_members {
            let path: JsonPath = format!("/{}", member.replace('.', "/")).parse()?;
            last.push((member, head(&path, &mut layout)?));
        }
        let mut marked = Vec::new();
        for path in marks {
            marked.push(match path {
                Some(path) => head(path, &mut layout)?,
                None => usize::MAX,
            });
        }
        let member = |path: Option<&JsonPath>, layout: &mut PageLayout| -> Result<Option<usize>> {
            let Some(path) = path else { return Ok(None) };
            *layout = layout.clone().with_member(path)?;
            Ok(layout.member_at(path))
        };
        let body = |place: &Option<Place>| match place {
            Some(Place::Body(path)) => Some(path.clone()),
            _ => None,
        };
        let next = member(body(&walk.next).as_ref(), &mut layout)?;
        let token = member(body(&walk.token).as_ref(), &mut layout)?;
        let more = member(walk.more.as_ref(), &mut layout)?;
        let total = member(walk.total.as_ref(), &mut layout)?;
        let total_pages = member(walk.total_pages.as_ref(), &mut layout)?;
        Ok(Self {
            layout,
            key,
            changed,
            growing,
            version,
            deleted_if,
            conditions,
            merged,
            last,
            marks: marked,
            next,
            more,
            total,
            total_pages,
            token,
            bounds: false,
            rows: RowLayout::new(walk, &records.to_string()),
            zone,
        })
    }

    /// The same, for an answer that holds one record.
    pub(crate) fn for_one(mut self) -> Self {
        self.layout = self.layout.or_one();
        self
    }

    /// Reads a page.
    pub(crate) fn read(
        &self,
        entity: &str,
        text: &str,
        parents: &[String],
        decode: Decode,
    ) -> Result<PageRead> {
        let mut read = self.page();
        let mut count = 0;
        let mut each = |record: &PageRecord<'_, '_>| {
            count += 1;
            self.record(entity, record, parents, &mut read);
            Ok(())
        };
        if decode == Decode::Ndjson {
            self.layout.walk_lines(text, each)?;
            read.count = count;
            return Ok(read);
        }
        if let Some(rows) = &self.rows {
            return self.read_rows(rows, entity, text, parents);
        }
        let page = self.layout.walk(text, &mut each)?;
        read.count = count;
        // A missing list is not an empty one, unless the page says that there is nothing.
        let member = |number: Option<usize>| number.and_then(|number| page.member(number));
        read.total = member(self.total).and_then(HeadJson::scalar).and_then(|text| text.parse().ok());
        read.total_pages =
            member(self.total_pages).and_then(HeadJson::scalar).and_then(|text| text.parse().ok());
        self.present(&page, &read)?;
        read.more = member(self.more).and_then(flag);
        read.next = member(self.next).map_or(Ok(None), token)?;
        read.token = member(self.token).map_or(Ok(None), token)?;
        Ok(read)
    }

    /// A page of which nothing was read yet.
    pub(super) fn page(&self) -> PageRead {
        PageRead { highest: vec![None; self.marks.len()], is_ordered: self.bounds, ..PageRead::default() }
    }

    fn present(&self, page: &Page<'_>, read: &PageRead) -> Result<()> {
        if read.total == Some(0) {
            return Ok(());
        }
        page.count().map(drop).map_err(|error| {
            error.with_advice(format!(
                "the records were at \"{}\": say where they are with `records`",
                self.layout.records()
            ))
        })
    }

    pub(super) fn record(
        &self,
        entity: &str,
        record: &PageRecord<'_, '_>,
        parents: &[String],
        read: &mut PageRead,
    ) {
        if let Some(fault) = record.fault() {
            read.broken = true;
            let message = format!("a record at byte {} of its page {}", fault.byte, fault.problem);
            read.issues.push(Issue::new(message).refused());
            return;
        }
        let Some(key) = self.key_of(record, parents) else {
            read.broken = true;
            read.issues.push(Issue::new("a record has no key that can be read").refused());
            return;
        };
        for (name, slot) in &self.last {
            if let Some(json) = record.head(*slot) {
                keep_last(&mut read.last, name, json);
            }
        }
        let changed = self.changed.and_then(|slot| record.head(slot));
        // It is read once, however many marks go by it.
        let time =
            changed.filter(|_| self.bounds || !self.marks.is_empty()).and_then(|json| self.stamp(json));
        if let Some(json) = changed {
            keep_last(&mut read.last, "changed", json);
            let is_set = !matches!(json.json(), "null" | "\"\"");
            if is_set && !self.marks.is_empty() && time.is_none() {
                let message =
                    "its time of change is in no form that is known: reads of changes may leave it out";
                read.issues.push(Issue::new(message).on(entity, key.clone()));
            }
        }
        for (slot, highest) in self.marks.iter().zip(&mut read.highest) {
            let is_higher = |stamp: &Stamp| {
                highest.as_ref().is_none_or(|known| stamp.compare(known).is_some_and(Ordering::is_gt))
            };
            if Some(*slot) == self.changed {
                if let Some(stamp) = time.as_ref().filter(|stamp| is_higher(stamp)) {
                    *highest = Some(stamp.clone());
                }
            } else if let Some(stamp) =
                record.head(*slot).and_then(|json| self.stamp(json)).filter(|stamp| is_higher(stamp))
            {
                *highest = Some(stamp);
            }
        }
        if self.bounds {
            bound(time, read);
        }
        if let Some((slot, split)) = &self.merged
            && let Some(json) = record.head(*slot)
        {
            for from in merged_keys(json, split) {
                if from != key.as_str() {
                    read.changes.push(Change::merged(Key::new(&from), key.clone()));
                }
            }
        }
        read.keys.push(key.clone());
        let gone = self.deleted_if.iter().any(|(slot, values)| {
            record.head(*slot).is_some_and(|json| values.iter().any(|value| value == json.json()))
        }) || !self
            .conditions
            .iter()
            .all(|(slot, test)| test.passes(record.head(*slot).map(HeadJson::json)));
        let Some(payload) = record.payload().filter(|_| !gone) else {
            let mut deletion = Deletion::new(key);
            if let Some(at) = changed.and_then(HeadJson::scalar) {
                deletion = deletion.with_at(&*at);
            }
            read.changes.push(Change::Delete(deletion));
            return;
        };
        if !payload.starts_with('{') {
            read.broken = true;
            read.issues.push(Issue::new("a record is no object").on(entity, key).refused());
            return;
        }
        let mut full = Record::new(key, RawJson::from_checked(payload));
        if let Some(text) = changed.and_then(HeadJson::scalar) {
            full = full.with_changed_at(&*text);
        }
        if let Some(version) = self.version.and_then(|slot| record.head(slot)).and_then(HeadJson::scalar) {
            full = full.with_version(&*version);
        }
        read.changes.push(Change::Upsert(full));
    }

    fn stamp(&self, json: HeadJson<'_>) -> Option<Stamp> {
        let text = json.scalar()?;
        let number = !json.json().starts_with('"');
        if self.growing { Stamp::growing(&text, number) } else { Stamp::parse(&text, number, self.zone) }
    }

    fn key_of(&self, record: &PageRecord<'_, '_>, parents: &[String]) -> Option<Key> {
        if let [(_, Some(slot))] = self.key.as_slice() {
            return record.head(*slot)?.key();
        }
        let mut parts = Vec::new();
        for (_, slot) in &self.key {
            parts.push(match slot {
                Some(slot) => record.head(*slot)?.key()?.as_str().to_owned(),
                None => match parents {
                    [one] => one.clone(),
                    _ => return None,
                },
            });
        }
        Some(Key::from_parts(&parts))
    }

    /// Whether the record's time of change is before a mark.
    pub(crate) fn is_before(lowest: Option<&Stamp>, mark: &Stamp) -> bool {
        lowest.is_some_and(|lowest| lowest.compare(mark).is_some_and(Ordering::is_lt))
    }
}

/// Widens the bounds of a page's times of change by one more.
fn bound(changed: Option<Stamp>, read: &mut PageRead) {
    let Some(stamp) = changed else {
        read.is_ordered = false;
        return;
    };
    let against = |known: &Option<Stamp>| known.as_ref().map(|known| stamp.compare(known));
    let is_lowest = against(&read.lowest).is_none_or(|order| order.is_some_and(Ordering::is_lt));
    let is_latest = against(&read.latest).is_none_or(|order| order.is_some_and(Ordering::is_ge));
    read.is_ordered &= is_latest;
    if is_lowest {
        read.lowest = Some(stamp.clone());
    }
    if is_latest {
        read.latest = Some(stamp);
    }
}

fn internal() -> Error {
    Error::new(ErrorKind::Internal, "a member of a record was not laid out")
}

/// The parts of a key of so many parts; `None` when it has another number of them.
pub(crate) fn split_key(key: &Key, parts: usize) -> Option<Vec<String>> {
    if parts <= 1 {
        return Some(vec![key.as_str().to_owned()]);
    }
    let found: Vec<String> = key.parts().map(|part| part.into_owned()).collect();
    (found.len() == parts).then_some(found)
}
