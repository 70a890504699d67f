//! Tables: a tab, or a range of one, with its header, as it is at the beginning of a call.

use tieline_core::{EntityName, Error, ErrorKind, Issue, Result};
use tieline_kit::{excerpt, nearest, on_entity};

use crate::TableConfig;
use crate::a1::{self, Bounds};
use crate::client::{Client, answer};
use crate::factory::NO_RANGE;
use crate::grid::{Answer, FileProperties, GridRange, OPENING, RowData, Tab, TabProperties};
use crate::header::{self, Cells, Column};
use crate::times::{DAYS_TO_1904, Zone};

/// Rows that are looked at for the header and the types of columns.
pub(crate) const SAMPLE: u64 = 30;
/// Names that a tab keeps when it is renamed: `gid:0`.
const GID: &str = "gid:";
/// Tabs that a message lists.
const LISTED: usize = 10;

/// A table.
#[derive(Clone, Debug)]
pub(crate) struct Table {
    pub(crate) entity: EntityName,
    pub(crate) sheet: i64,
    pub(crate) title: String,
    /// The file's title.
    pub(crate) file: String,
    pub(crate) zone: Zone,
    pub(crate) days: i64,
    pub(crate) header: Option<u64>,
    /// The first row of data.
    pub(crate) first: u64,
    /// The row behind the last of the grid, or of the range.
    pub(crate) bottom: u64,
    /// The end of the range, where it has one.
    end: Option<u64>,
    /// The columns of the range, where it has some: the first and the last.
    pub(crate) across: Option<(usize, usize)>,
    pub(crate) width: usize,
    pub(crate) columns: Vec<Column>,
    pub(crate) key: Option<usize>,
    pub(crate) marker: Option<usize>,
    pub(crate) fingerprint: u64,
    pub(crate) issues: Vec<Issue>,
}

/// The place of a table, before its cells are known.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    pub(crate) entity: EntityName,
    pub(crate) title: String,
    config: TableConfig,
    /// Whether the settings ask for this table's key, and not for that of any tab.
    explicit: bool,
    bounds: Bounds,
}

impl Place {
    /// Finds it. A name by `gid:` and a named range cost a request.
    pub(crate) async fn find(client: &Client, entity: &EntityName) -> Result<Self> {
        let (config, explicit) = client.config.table(entity.as_str());
        let own = config.tab.clone().unwrap_or_else(|| entity.as_str().to_owned());
        let bounds = config.range.as_deref().map(a1::parse);
        let gid = own.strip_prefix(GID).and_then(|id| id.parse::<i64>().ok());
        let place = |title: String, bounds| Self {
            entity: entity.clone(),
            title,
            config: config.clone(),
            explicit,
            bounds,
        };
        if gid.is_none() && !matches!(bounds, Some(None)) {
            return Ok(place(own, bounds.flatten().unwrap_or_default()));
        }
        let response = client.properties().await.map_err(|error| on_entity(error, entity.as_str()))?;
        let file = answer(&response)?;
        Self::within(&file, entity, place, &config, own, gid)
    }

    fn within(
        file: &Answer<'_>,
        entity: &EntityName,
        place: impl Fn(String, Bounds) -> Self,
        config: &TableConfig,
        own: String,
        gid: Option<i64>,
    ) -> Result<Self> {
        let title = |id: i64| {
            let tab = file.sheets.iter().find(|tab| tab.properties.sheet_id == id);
            tab.map(|tab| tab.properties.title.clone())
        };
        let title_of_tab = match gid {
            Some(id) => title(id).ok_or_else(|| no_tab(file, entity.as_str(), None))?,
            None => own,
        };
        let Some(range) = config.range.as_deref() else { return Ok(place(title_of_tab, Bounds::default())) };
        if let Some(bounds) = a1::parse(range) {
            return Ok(place(title_of_tab, bounds));
        }
        let named = file.named_ranges.iter().find(|named| named.name == range).ok_or_else(|| {
            let names: Vec<&str> = file.named_ranges.iter().map(|named| named.name.as_str()).collect();
            let advice = match nearest(range, names.iter().copied()) {
                Some(near) => format!("did you mean {near:?}?"),
                None if names.is_empty() => "it has no named ranges; use one such as B3:F".to_owned(),
                None => format!("its named ranges are {}", names.join(", ")),
            };
            let message = format!(
                "{:?} is no range of the spreadsheet {:?}",
                excerpt(range, 60),
                shown(&file.properties)
            );
            on_entity(Error::new(ErrorKind::NotFound, message).with_advice(advice), entity.as_str())
        })?;
        let GridRange { sheet_id, start_row_index, end_row_index, start_column_index, end_column_index } =
            named.range;
        let title = title(sheet_id).ok_or_else(|| no_tab(file, entity.as_str(), None))?;
        Ok(place(title, (Some(start_row_index), Some(start_column_index), end_row_index, end_column_index)))
    }

    /// The range of the sample.
    pub(crate) fn sample(&self) -> String {
        let (top, left, bottom, right) = self.bounds;
        let top = top.unwrap_or(0);
        let end = bottom.unwrap_or(u64::MAX).min(top + self.sampled());
        a1::rows(&self.title, top, end, across(left, right))
    }

    fn sampled(&self) -> u64 {
        self.config.header_row.map_or(SAMPLE, |row| SAMPLE + u64::from(row))
    }

    /// The table, from an answer to [`sample`](Self::sample), where its grid is the one at this position.
    pub(crate) fn table(&self, file: &FileProperties, tab: &Tab<'_>, at: usize) -> Result<Table> {
        let wrong = |error: Error| {
            on_entity(error.with_context("tab", excerpt(&self.title, 80)), self.entity.as_str())
        };
        let (top, left, end, right) = self.bounds;
        let top = top.unwrap_or(0);
        let grid = tab.data.get(at);
        let rows: &[RowData<'_>] = grid.map_or(&[], |grid| &grid.row_data);
        let left = grid.map_or(left.unwrap_or(0), |grid| grid.start_column);
        let mut issues = Vec::new();
        let zone = Zone::parse(&file.time_zone).unwrap_or_else(|| {
            issues.push(Issue::new("the spreadsheet's time zone is not known: its times are read as UTC"));
            Zone::Named(chrono_tz::UTC)
        });
        let header = match self.config.header_row {
            Some(0) => return Err(wrong(no_header_row(0, tab.properties.grid_properties.row_count))),
            Some(row) => {
                let row = u64::from(row) - 1;
                let at = usize::try_from(row.saturating_sub(top)).unwrap_or(usize::MAX);
                if row < top || row >= tab.properties.grid_properties.row_count {
                    return Err(wrong(no_header_row(row + 1, tab.properties.grid_properties.row_count)));
                }
                Some(at)
            }
            None => header::find(rows, left),
        };
        let cells = |at: usize| rows.get(at).map(|row| Cells { cells: &row.values, left });
        let row_of = |at: usize| top + u64::try_from(at).unwrap_or(u64::MAX);
        let of_header = header.map(|at| (row_of(at), cells(at).unwrap_or(Cells { cells: &[], left })));
        let data = rows.get(header.map_or(0, |at| at + 1)..).unwrap_or_default();
        let (columns, named) = header::columns(of_header, data, left, &tab.merges);
        issues.extend(named);
        if rows.iter().all(|row| Cells { cells: &row.values, left }.is_blank()) {
            issues.push(Issue::new(format!("the tab {:?} holds nothing", self.title)));
        } else if header.is_none() {
            issues.push(Issue::new(format!(
                "no row of the tab {:?} looks like a header: columns are called by their letters; name the header's row \
                 in the settings",
                self.title
            )));
        }
        let grid = tab.properties.grid_properties;
        let mut table = Table {
            entity: self.entity.clone(),
            sheet: tab.properties.sheet_id,
            title: tab.properties.title.clone(),
            file: shown(file),
            zone,
            days: if self.config.dates_since_1904 { DAYS_TO_1904 } else { 0 },
            header: header.map(row_of),
            first: header.map_or(top, |at| row_of(at) + 1),
            bottom: 0,
            end,
            across: across(self.bounds.1, right),
            width: grid.column_count,
            key: None,
            marker: None,
            fingerprint: of_header.map_or(0, |(_, cells)| cells.fingerprint()),
            columns,
            issues,
        };
        table.resize(grid.row_count);
        table.key = self.column(&table, self.config.key.as_deref(), self.explicit, "key").map_err(wrong)?;
        table.marker = self.column(&table, self.config.marker.as_deref(), false, "marker").map_err(wrong)?;
        Ok(table)
    }

    fn column(&self, table: &Table, name: Option<&str>, must: bool, what: &str) -> Result<Option<usize>> {
        let Some(name) = name.map(str::trim).filter(|name| !name.is_empty()) else { return Ok(None) };
        let found = table.column(name);
        if found.is_some() || !must || table.columns.is_empty() {
            return Ok(found);
        }
        let names: Vec<&str> = table.columns.iter().map(|column| column.name.as_str()).collect();
        let advice = match nearest(name, names.iter().copied()) {
            Some(near) => format!("did you mean {near:?}?"),
            None => format!("its columns are {}", excerpt(&names.join(", "), 300)),
        };
        let message = format!("the tab {:?} has no {what} column {:?}", self.title, excerpt(name, 60));
        Err(Error::new(ErrorKind::Config, message).with_advice(advice).with_context("file", &table.file))
    }
}

impl Table {
    /// Opens it: one request for its header and a sample of its rows. `known` is the tab that a state was made for.
    pub(crate) async fn open(client: &Client, entity: &EntityName, known: Option<i64>) -> Result<Self> {
        let place = Place::find(client, entity).await?;
        let response = match client.cells(OPENING, &[place.sample()], entity).await {
            Ok(response) => response,
            Err(error) if error.code() == Some(NO_RANGE) => {
                let response =
                    client.properties().await.map_err(|error| on_entity(error, entity.as_str()))?;
                return Err(no_tab(&answer(&response)?, &place.title, known));
            }
            Err(error) => return Err(error),
        };
        let file = answer(&response)?;
        let tab = file.sheets.iter().find(|tab| tab.properties.title == place.title);
        let tab = tab.or_else(|| file.sheets.first()).ok_or_else(|| {
            on_entity(
                Error::new(ErrorKind::Decode, "Google's answer lacks the tab that was asked for"),
                entity.as_str(),
            )
        })?;
        if known.is_some_and(|known| known != tab.properties.sheet_id) {
            let message =
                format!("the tab {:?} is another one than before, under the same name", place.title);
            return Err(on_entity(Error::new(ErrorKind::StateInvalid, message), entity.as_str())
                .with_advice("start over without state: a full read skips nothing"));
        }
        place.table(&file.properties, tab, 0)
    }

    /// The position of a column among the columns. Upper and lower case are the same where no other column differs by it.
    pub(crate) fn column(&self, name: &str) -> Option<usize> {
        let exact = self.columns.iter().position(|column| column.name == name);
        exact.or_else(|| {
            self.columns.iter().position(|column| column.name.to_lowercase() == name.to_lowercase())
        })
    }

    /// Takes the grid's height.
    pub(crate) fn resize(&mut self, rows: u64) {
        self.bottom = self.end.map_or(rows, |end| end.min(rows));
    }

    /// Whether the table is a whole tab.
    pub(crate) fn is_whole(&self) -> bool {
        self.across.is_none() && self.end.is_none()
    }

    /// The range of the header.
    pub(crate) fn header_range(&self) -> Option<String> {
        let row = self.header?;
        Some(a1::rows(&self.title, row, row + 1, self.across))
    }

    /// The range of the keys, from the first row of data to the end of the tab.
    pub(crate) fn key_range(&self) -> Option<String> {
        let column = self.columns.get(self.key?)?;
        Some(match self.end {
            Some(_) => a1::rows(&self.title, self.first, self.bottom, Some((column.index, column.index))),
            None => a1::column(&self.title, self.first, column.index),
        })
    }

    /// A cell of the table as people name it.
    pub(crate) fn cell(&self, row: u64, column: usize) -> String {
        format!("{}!{}", self.title, a1::CellName { row, column })
    }
}

fn across(left: Option<usize>, right: Option<usize>) -> Option<(usize, usize)> {
    match (left, right) {
        (None, None) => None,
        // ZZZ is the last column that a grid can have.
        (left, right) => Some((left.unwrap_or(0), right.map_or(18_277, |right| right.saturating_sub(1)))),
    }
}

fn shown(file: &FileProperties) -> String {
    excerpt(&file.title, 60)
}

fn no_header_row(row: u64, rows: u64) -> Error {
    Error::new(
        ErrorKind::Config,
        format!("the header's row {row} lies outside the tab, which has {rows} rows"),
    )
    .with_advice("count the header's row from 1, as the sheet does, or leave it empty so that it is found")
}

/// The error for a tab that is not there, or is called otherwise by now.
pub(crate) fn no_tab(file: &Answer<'_>, title: &str, known: Option<i64>) -> Error {
    let of_id = |id: i64| file.sheets.iter().find(|tab| tab.properties.sheet_id == id);
    let short = excerpt(title, 60);
    let error = match known.and_then(of_id) {
        Some(Tab { properties: TabProperties { title: now, sheet_id, .. }, .. }) => {
            let message = format!(
                "the tab {short:?} of the spreadsheet {:?} is now called {now:?}",
                shown(&file.properties)
            );
            Error::new(ErrorKind::NotFound, message).with_advice(format!(
                "use the new name, or \"{GID}{sheet_id}\", which stays when a tab is renamed"
            ))
        }
        None => {
            let titles: Vec<&str> = file.sheets.iter().map(|tab| tab.properties.title.as_str()).collect();
            let listed: Vec<String> = titles.iter().take(LISTED).map(|title| format!("{title:?}")).collect();
            let advice = match nearest(title, titles.iter().copied()) {
                Some(near) => format!("did you mean {near:?}?"),
                None => format!(
                    "its tabs are {}{}",
                    listed.join(", "),
                    if titles.len() > LISTED { ", …" } else { "" }
                ),
            };
            let message = format!("the spreadsheet {:?} has no tab {short:?}", shown(&file.properties));
            Error::new(ErrorKind::NotFound, message).with_advice(advice)
        }
    };
    on_entity(error, title)
}
