//! The walk of a read over the windows of a table, and its watch over a table that moves.

use std::collections::{BTreeSet, HashSet};

use tieline_core::{
    Batch, Change, EntityName, Error, ErrorKind, Issue, PassEnd, ReadMode, ReadRequest, Result,
};
use tieline_kit::Budget;

use crate::client::{Client, answer};
use crate::digest::{Chunker, Digest, hash};
use crate::read::Stage;
use crate::record::{self, Row};
use crate::state::{Position, Run};
use crate::table::{Table, no_tab};
use crate::window::{self, Fetched, Window};

/// Issues of a batch. The others are counted.
const MOST_ISSUES: usize = 100;
/// Keys that are remembered to notice one that occurs twice.
const MOST_KEYS: usize = 1_000_000;
/// The number of times that a pass begins again because the table moved under it.
const MOST_MOVES: u32 = 2;
/// The factor by which the next window is larger behind an empty one.
const LARGER: u64 = 8;
/// The most blank rows between the last row with a key and the next window, which are read again with it.
const NEAR: u64 = 64;

/// A walk over the windows of a table.
pub(crate) struct Walk {
    client: Client,
    entity: EntityName,
    position: Position,
    table: Table,
    run: Run,
    /// The hashes that were known before a pass over changes.
    old: HashSet<u64>,
    digest: Digest,
    chunk: Chunker,
    /// Records of the unfinished chunk, with their rows, in a pass over changes.
    pending: Vec<(u64, Change)>,
    /// The last row before the unfinished chunk, and its key as a hash.
    before_pending: Option<(u64, u64)>,
    next: u64,
    /// The last row with a key, and the key as a hash.
    anchor: Option<(u64, u64)>,
    seen: HashSet<u64>,
    budget: Budget,
    page: u64,
    largest: u64,
    room: usize,
    partial: bool,
    schema_changed: bool,
    issues: Issues,
}

/// The issues of a batch, as many as a person reads.
#[derive(Default)]
struct Issues {
    list: Vec<Issue>,
    more: usize,
    /// Messages that come once a read.
    said: BTreeSet<String>,
}

impl Issues {
    fn push(&mut self, issue: Issue) {
        if self.list.len() < MOST_ISSUES { self.list.push(issue) } else { self.more += 1 }
    }

    fn once(&mut self, issue: Issue) {
        if self.said.insert(issue.message.clone()) {
            self.push(issue);
        }
    }

    fn take(&mut self, entity: &EntityName) -> Vec<Issue> {
        let mut list = std::mem::take(&mut self.list);
        let more = std::mem::take(&mut self.more);
        if more > 0 {
            list.push(Issue::new(format!("{more} more cells of these rows could not be read")));
        }
        for issue in &mut list {
            issue.entity.get_or_insert_with(|| entity.clone());
        }
        list
    }
}

/// The end of a look at a window.
enum Looked {
    /// Rows were read: how many, of which so many hold something.
    Read { rows: u64, filled: u64 },
    /// The pass begins again.
    Moved,
}

impl Walk {
    pub(crate) fn new(
        client: Client,
        request: ReadRequest,
        position: Position,
        mut table: Table,
        run: Run,
        schema_changed: bool,
    ) -> Self {
        let known = position.known.as_ref().map(|known| &known.digest);
        let rows = table.bottom.saturating_sub(table.first);
        let digest = run.digest.clone().unwrap_or_else(|| match known {
            Some(known) => known.like(rows),
            None => Digest::new(rows),
        });
        let old = match run.kind {
            ReadMode::Changes => known.map(Digest::set).unwrap_or_default(),
            _ => HashSet::new(),
        };
        let usual = window::usual_rows(&table);
        let mut issues = Issues::default();
        for issue in std::mem::take(&mut table.issues) {
            issues.once(issue);
        }
        let page = request.page_size.map_or(usual, u64::from).clamp(1, usual.max(1));
        Self {
            client,
            entity: request.entity,
            old,
            chunk: run.chunk.unwrap_or_else(|| digest.chunker()),
            digest,
            pending: Vec::new(),
            before_pending: run.anchor,
            next: run.next,
            anchor: run.anchor,
            seen: HashSet::new(),
            budget: Budget::new(run.done, request.max_records),
            page,
            largest: usual * LARGER,
            room: 256,
            partial: run.moves > MOST_MOVES,
            position,
            table,
            run,
            schema_changed,
            issues,
        }
    }

    /// One window, as a batch. Without a stage afterwards, it was the last.
    pub(crate) async fn step(mut self: Box<Self>) -> Result<(Batch, Option<Stage>)> {
        let mut changes = Vec::new();
        let mut over = self.next >= self.table.bottom;
        if !over {
            let wanted = u32::try_from(self.page).unwrap_or(u32::MAX);
            match self.look(u64::from(self.budget.page(wanted)), &mut changes).await? {
                Looked::Moved => {}
                Looked::Read { rows, filled } => {
                    self.next += rows;
                    // Behind the data, the grid goes on.
                    self.page = match filled {
                        0 => (self.page * LARGER).min(self.largest.max(self.page)),
                        _ => self.page,
                    };
                    over = self.next >= self.table.bottom;
                }
            }
        }
        if over {
            self.close_chunk(&mut changes);
        }
        let fits = self.budget.fits(changes.len());
        // A chunk that is larger than the caller's bound is cut. Its rows are not remembered, and come again once.
        let cut = changes.get(fits).map(|(row, _)| *row);
        changes.truncate(fits);
        self.budget.spend(changes.len());
        let mut run = self.run.clone();
        run.done = self.budget.done();
        run.digest = (run.kind != ReadMode::Keys).then(|| self.digest.clone());
        run.chunk = (run.kind == ReadMode::Full && !self.chunk.is_empty()).then_some(self.chunk);
        (run.next, run.anchor) = match (cut, self.pending.first()) {
            (Some(row), _) => (row, None),
            (None, Some((row, _))) => (*row, self.before_pending),
            (None, None) => (self.next, self.anchor),
        };
        let (kind, mut end) = (run.kind, None);
        let state = if over && cut.is_none() {
            end = Some(if self.partial { PassEnd::Partial } else { PassEnd::Complete });
            self.position.finished(run, !self.partial)?
        } else {
            if self.budget.is_spent() {
                end = Some(PassEnd::Partial);
            }
            self.position.going_on(run)?
        };
        let changes = changes.into_iter().map(|(_, change)| change).collect();
        let mut batch = Batch::new(self.entity.clone(), changes, state)
            .with_pass(kind)
            .with_progress(self.budget.progress())
            .with_issues(self.issues.take(&self.entity));
        batch.schema_changed = std::mem::take(&mut self.schema_changed);
        batch.end = end;
        Ok((batch, end.is_none().then_some(Stage::Walking(self))))
    }

    /// Reads a window. The last row before it is read with it, so that a table that moved is noticed.
    async fn look(&mut self, rows: u64, changes: &mut Vec<(u64, Change)>) -> Result<Looked> {
        let near = |(row, _): &(u64, u64)| *row < self.next && self.next - row <= NEAR;
        let anchor = self.anchor.filter(|anchor| near(anchor) && !self.partial);
        let first = anchor.map_or(self.next, |(row, _)| row);
        let before = self.next - first;
        let keys_only = self.run.kind == ReadMode::Keys;
        let column = self.table.key.filter(|_| keys_only).and_then(|key| self.table.columns.get(key));
        let column = column.map(|column| column.index);
        let fetched = window::fetch(&self.client, &self.table, first, rows + before, column).await?;
        let (response, asked) = match fetched {
            Fetched::Rows(response, asked) => (response, asked),
            Fetched::NoTab => return self.find_again().await,
            Fetched::Outside => return self.again("it became smaller").await,
        };
        let answer = answer(&response)?;
        let window = Window::of(&answer, &self.table)?;
        if window.sheet != self.table.sheet {
            return self.find_again().await;
        }
        if window.fingerprint != self.table.fingerprint {
            self.schema_changed = true;
            return self.again("its header changed").await;
        }
        self.table.resize(window.row_count);
        if let Some((row, hash)) = anchor {
            let cells = window.rows(first).next().map(|(_, cells)| cells);
            let read = cells.and_then(|cells| record::read(&self.table, row, cells, self.room));
            let key = read.and_then(|read| read.key);
            if key.is_none_or(|key| self::hash(&[key.as_str()]) != hash) {
                return self.again("rows were inserted or deleted").await;
            }
        }
        let mut filled = 0;
        for (row, cells) in window.rows(first).skip(usize::from(anchor.is_some())) {
            let Some(read) = record::read(&self.table, row, cells, self.room) else { continue };
            filled += 1;
            self.room = read.payload.len() + 32;
            self.take(row, read, changes);
        }
        Ok(Looked::Read { rows: asked.saturating_sub(before), filled })
    }

    /// Takes a row into the pass.
    fn take(&mut self, row: u64, read: Row, changes: &mut Vec<(u64, Change)>) {
        let Row { ref key, .. } = read;
        let Some(key) = key.clone() else {
            let place = self.cell_of_key(row);
            self.issues.push(Issue::new(format!(
                "cell {place}: the row has no key and is left out; fill in its key"
            )));
            return;
        };
        let id = hash(&[key.as_str()]);
        let is_keyed = self.table.key.is_some();
        if is_keyed && self.is_twice(id) {
            let place = self.cell_of_key(row);
            let message = format!(
                "cell {place}: the key occurs twice and this row is left out; give it a key of its own"
            );
            self.issues.push(Issue::new(message).on(self.entity.clone(), key));
            self.anchor = Some((row, id));
            return;
        }
        if let Some(column) = read.stray {
            let place = self.table.cell(row, column);
            let known = self.table.columns.len();
            let message =
                format!("cells beyond the {known} columns with a title are left out, such as {place}");
            if self.issues.said.insert("stray".to_owned()) {
                self.issues.push(Issue::new(message));
            }
        }
        if self.run.kind == ReadMode::Keys {
            changes.push((row, Change::Present(key)));
            self.anchor = Some((row, id));
            return;
        }
        let mut read = read;
        for issue in std::mem::take(&mut read.issues) {
            self.issues.push(issue);
        }
        let Some((record, version)) = read.record() else { return };
        let change = Change::Upsert(record);
        let anchor = std::mem::replace(&mut self.anchor, is_keyed.then_some((row, id)));
        let done = self.chunk.push(version);
        if self.run.kind == ReadMode::Full {
            changes.push((row, change));
        } else {
            if self.pending.is_empty() {
                self.before_pending = anchor;
            }
            self.pending.push((row, change));
        }
        if let Some(hash) = done {
            self.end_chunk(hash, changes);
        }
    }

    fn cell_of_key(&self, row: u64) -> String {
        let column = self.table.key.and_then(|key| self.table.columns.get(key));
        self.table.cell(row, column.map_or(0, |column| column.index))
    }

    fn is_twice(&mut self, id: u64) -> bool {
        if self.seen.len() < MOST_KEYS {
            return !self.seen.insert(id);
        }
        self.seen.contains(&id)
    }

    /// Ends a chunk: in a pass over changes, its records come when it is new.
    fn end_chunk(&mut self, hash: u64, changes: &mut Vec<(u64, Change)>) {
        self.digest.push(hash);
        let pending = std::mem::take(&mut self.pending);
        if !self.old.contains(&hash) {
            changes.extend(pending);
        }
    }

    fn close_chunk(&mut self, changes: &mut Vec<(u64, Change)>) {
        if let Some(hash) = self.chunk.finish() {
            self.end_chunk(hash, changes);
        }
        changes.extend(std::mem::take(&mut self.pending));
    }

    /// Finds a tab again that has no such name any more.
    async fn find_again(&mut self) -> Result<Looked> {
        let response = self.client.properties().await?;
        let file = answer(&response)?;
        let tab = file.sheets.iter().find(|tab| tab.properties.sheet_id == self.table.sheet);
        let Some(tab) = tab else {
            let error = no_tab(&file, &self.table.title, None);
            return Err(
                error.with_advice("the tab was deleted while it was read; undo that, or leave the table out")
            );
        };
        let (before, now) = (self.table.title.clone(), tab.properties.title.clone());
        if before == now {
            return self.again("tabs changed their names").await;
        }
        self.issues.push(Issue::new(format!("the tab {before:?} was renamed to {now:?} while it was read")));
        self.table.title = now;
        Ok(Looked::Moved)
    }

    /// Begins the pass again from its first row. What came already stays true; nothing is taken as known.
    async fn again(&mut self, why: &str) -> Result<Looked> {
        self.run.moves += 1;
        let title = &self.table.title;
        if self.run.moves > MOST_MOVES && !self.schema_changed {
            // Rows go on coming. The pass is not complete, so that nothing is taken for deleted.
            self.partial = true;
            self.issues.once(Issue::new(format!(
                "the tab {title:?} is edited faster than it is read ({why}): the pass is not complete; read it again later"
            )));
            self.anchor = None;
            return Ok(Looked::Moved);
        }
        if self.run.moves > 3 * MOST_MOVES {
            return Err(Error::new(
                ErrorKind::Conflict,
                format!("the header of the tab {title:?} changes all the time"),
            )
            .with_advice("read it again when the editing is done"));
        }
        self.issues.push(Issue::new(format!(
            "the tab {title:?} was edited while it was read ({why}): the pass begins again"
        )));
        let mut table = self.reopened().await?;
        for issue in std::mem::take(&mut table.issues) {
            self.issues.once(issue);
        }
        self.run.header = table.fingerprint;
        self.table = table;
        (self.next, self.anchor, self.before_pending) = (self.table.first, None, None);
        self.seen.clear();
        self.pending.clear();
        self.old.clear();
        self.digest = Digest::new(self.table.bottom.saturating_sub(self.table.first));
        self.chunk = self.digest.chunker();
        self.position.known = None;
        Ok(Looked::Moved)
    }

    async fn reopened(&self) -> Result<Table> {
        Table::open(&self.client, &self.entity, Some(self.table.sheet)).await
    }
}
