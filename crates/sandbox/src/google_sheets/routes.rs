//! Paths and methods.

use bytes::Bytes;
use chrono::{DateTime, Utc};
use http::{Method, Request, StatusCode};
use percent_encoding::percent_decode_str;

use super::access::{Act, Caller};
use super::grid::{Area, Spreadsheet};
use super::mask::Mask;
use super::refusal::{self, Refusal};
use super::show::Rendering;
use super::{State, a1, batch, drive, show, values};
use crate::reply::Reply;
use crate::{Json, Object};

type Query = Vec<(String, String)>;

pub(crate) fn answer(
    state: &mut State,
    request: &Request<Bytes>,
    caller: &Caller,
    now: DateTime<Utc>,
) -> Result<Reply, Refusal> {
    let query: Query = url::form_urlencoded::parse(request.uri().query().unwrap_or_default().as_bytes())
        .map(|(name, value)| (name.into_owned(), value.into_owned()))
        .collect();
    let path = request.uri().path();
    if let Some(rest) = path.strip_prefix("/drive/v3/files") {
        caller.require(Act::Drive)?;
        let json = match (request.method(), rest.trim_start_matches('/')) {
            (&Method::GET, "") => drive::list(&state.files, caller, &query)?,
            (&Method::GET, id) => drive::get(&state.files, caller, id, of(&query, "fields"))?,
            _ => return Err(refusal::unmodelled(path)),
        };
        return Ok(Reply::json(StatusCode::OK, &json));
    }
    let rest = path.strip_prefix("/v4/spreadsheets/").ok_or_else(|| refusal::unmodelled(path))?;
    let body = match request.body().is_empty() {
        true => Json::Null,
        false => {
            Json::parse(request.body()).map_err(|_| refusal::invalid("Invalid JSON payload received."))?
        }
    };
    let (first, behind) = rest.split_once('/').map_or((rest, None), |(id, rest)| (id, Some(rest)));
    let (id, verb) = first.split_once(':').map_or((first, ""), |(id, verb)| (id, verb));
    let (what, target) = match (request.method().as_str(), verb, behind) {
        ("GET", "", None) => (Act::Read, Target::Whole),
        ("POST", "getByDataFilter", None) => (Act::ReadByFilter, Target::ByFilter),
        ("POST", "batchUpdate", None) => (Act::Write, Target::Batch),
        (method, "", Some(behind)) => {
            Target::of_values(method, behind).ok_or_else(|| refusal::unmodelled(path))?
        }
        _ => return Err(refusal::unmodelled(path)),
    };
    let unit = if what == Act::Write { "Write" } else { "Read" };
    let user = of(&query, "quotaUser").unwrap_or(&caller.user).to_owned();
    state.meter.admit(unit, &user, now)?;
    let file = state.files.iter_mut().find(|file| file.id == id).ok_or_else(refusal::not_found)?;
    caller.open(file, what)?;
    let call = Call { query: &query, body: &body };
    let json = call.answer(file, &target)?;
    if what == Act::Write {
        file.version += 1;
        file.modified = now;
    }
    let fields = of(&query, "fields").filter(|_| !matches!(target, Target::Whole | Target::ByFilter));
    let json = match fields {
        Some(fields) => Mask::parse(fields)?.apply(json),
        None => json,
    };
    Ok(Reply::json(StatusCode::OK, &json))
}

fn of<'q>(query: &'q Query, name: &str) -> Option<&'q str> {
    query.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
}

/// The target of a path below a spreadsheet.
enum Target {
    Whole,
    ByFilter,
    Batch,
    Range(String),
    Ranges,
    Put(String),
    Append(String),
    Clear(String),
    PutMany,
    ClearMany,
}

impl Target {
    fn of_values(method: &str, behind: &str) -> Option<(Act, Self)> {
        match (method, behind) {
            ("GET", "values:batchGet") => return Some((Act::Read, Self::Ranges)),
            ("POST", "values:batchUpdate") => return Some((Act::Write, Self::PutMany)),
            ("POST", "values:batchClear") => return Some((Act::Write, Self::ClearMany)),
            _ => {}
        }
        let range = behind.strip_prefix("values/")?;
        let text = |range: &str| Some(percent_decode_str(range).decode_utf8().ok()?.into_owned());
        Some(match method {
            "GET" => (Act::Read, Self::Range(text(range)?)),
            "PUT" => (Act::Write, Self::Put(text(range)?)),
            "POST" if range.ends_with(":append") => {
                (Act::Write, Self::Append(text(range.strip_suffix(":append")?)?))
            }
            "POST" if range.ends_with(":clear") => {
                (Act::Write, Self::Clear(text(range.strip_suffix(":clear")?)?))
            }
            _ => return None,
        })
    }
}

struct Call<'c> {
    query: &'c Query,
    body: &'c Json,
}

impl Call<'_> {
    fn answer(&self, file: &mut Spreadsheet, target: &Target) -> Result<Json, Refusal> {
        match target {
            Target::Whole => self.whole(file),
            Target::ByFilter => self.by_filter(file),
            Target::Batch => self.batch(file),
            Target::Range(range) => self.values(file, range),
            Target::Ranges => {
                let ranges = self.query.iter().filter(|(name, _)| name == "ranges");
                let ranges =
                    ranges.map(|(_, range)| self.values(file, range)).collect::<Result<Vec<_>, _>>()?;
                let id = file.id.clone();
                Ok(Object::default().with("spreadsheetId", id).with("valueRanges", ranges).into())
            }
            Target::Put(range) => {
                self.same_range(range)?;
                let entered = self.entered(of(self.query, "valueInputOption"))?;
                Ok(put(file, range, self.body, entered)?.into())
            }
            Target::Append(range) => self.append(file, range),
            Target::Clear(range) => {
                let area = a1::find_named(file, range)?;
                let cleared = values::clear(file, area)?;
                let shown = name_of(file, &cleared);
                Ok(Object::default()
                    .with("spreadsheetId", file.id.clone())
                    .with("clearedRange", shown)
                    .into())
            }
            Target::PutMany => self.put_many(file),
            Target::ClearMany => {
                let ranges = self.body.get("ranges").and_then(Json::as_array).unwrap_or_default();
                let mut cleared = Vec::new();
                for range in ranges {
                    let area = a1::find_named(file, range.as_str().unwrap_or_default())?;
                    let area = values::clear(file, area)?;
                    cleared.push(Json::from(name_of(file, &area)));
                }
                Ok(Object::default()
                    .with("spreadsheetId", file.id.clone())
                    .with("clearedRanges", cleared)
                    .into())
            }
        }
    }

    fn mask(&self) -> Result<Mask, Refusal> {
        of(self.query, "fields").map_or_else(|| Ok(Mask::default()), Mask::parse)
    }

    fn whole(&self, file: &Spreadsheet) -> Result<Json, Refusal> {
        let mask = self.mask()?;
        let ranges = self.query.iter().filter(|(name, _)| name == "ranges");
        let areas: Vec<Area> =
            ranges.map(|(_, range)| a1::find_named(file, range)).collect::<Result<_, _>>()?;
        // A mask decides about the grid, with or without the parameter.
        let grid = match of(self.query, "fields") {
            Some(_) => mask.wants(&["sheets", "data"]),
            None => of(self.query, "includeGridData") == Some("true"),
        };
        Ok(show::spreadsheet(file, &areas, grid, &mask))
    }

    fn by_filter(&self, file: &Spreadsheet) -> Result<Json, Refusal> {
        let mask = self.mask()?;
        let mut areas = Vec::new();
        for filter in self.body.get("dataFilters").and_then(Json::as_array).unwrap_or_default() {
            areas.push(match (filter.get("gridRange"), filter.get("a1Range").and_then(Json::as_str)) {
                (Some(range), _) => batch::area(file, range)?,
                (None, Some(range)) => a1::find_named(file, range)?,
                _ => return Err(refusal::unmodelled("this kind of data filter")),
            });
        }
        Ok(show::spreadsheet(file, &areas, mask.wants(&["sheets", "data"]), &mask))
    }

    fn batch(&self, file: &mut Spreadsheet) -> Result<Json, Refusal> {
        let requests = self.body.get("requests").and_then(Json::as_array).unwrap_or_default();
        let replies = batch::update(file, requests)?;
        let mut answer = Object::default().with("spreadsheetId", file.id.clone()).with("replies", replies);
        if self.body.get("includeSpreadsheetInResponse").and_then(Json::as_bool) == Some(true) {
            let grid = self.body.get("responseIncludeGridData").and_then(Json::as_bool) == Some(true);
            let ranges = self.body.get("responseRanges").and_then(Json::as_array).unwrap_or_default();
            let areas = ranges.iter().filter_map(Json::as_str).map(|range| a1::find_named(file, range));
            let areas = areas.collect::<Result<Vec<_>, _>>()?;
            answer.set("updatedSpreadsheet", show::spreadsheet(file, &areas, grid, &Mask::default()));
        }
        Ok(answer.into())
    }

    fn values(&self, file: &Spreadsheet, range: &str) -> Result<Json, Refusal> {
        let render = of(self.query, "valueRenderOption").unwrap_or("FORMATTED_VALUE");
        let dates = of(self.query, "dateTimeRenderOption").unwrap_or("SERIAL_NUMBER");
        if !["FORMATTED_VALUE", "UNFORMATTED_VALUE", "FORMULA"].contains(&render) {
            return Err(refusal::invalid(format!("Invalid value at 'value_render_option': {render}")));
        }
        let rendering = Rendering {
            unformatted: render == "UNFORMATTED_VALUE",
            formulas: render == "FORMULA",
            dates_as_text: dates == "FORMATTED_STRING",
        };
        let by_columns = of(self.query, "majorDimension") == Some("COLUMNS");
        values::value_range(file, a1::find_named(file, range)?, rendering, by_columns)
    }

    fn entered(&self, option: Option<&str>) -> Result<bool, Refusal> {
        match option {
            Some("RAW") => Ok(false),
            Some("USER_ENTERED") => Ok(true),
            _ => Err(refusal::invalid("'valueInputOption' is required but not specified")),
        }
    }

    fn same_range(&self, range: &str) -> Result<(), Refusal> {
        match self.body.get("range").and_then(Json::as_str) {
            Some(own) if own != range => Err(refusal::invalid(format!(
                "Requested writing within range [{range}], but the body says [{own}]"
            ))),
            _ => Ok(()),
        }
    }

    fn append(&self, file: &mut Spreadsheet, range: &str) -> Result<Json, Refusal> {
        let entered = self.entered(of(self.query, "valueInputOption"))?;
        let area = a1::find_named(file, range)?;
        let sheet = file.by_id_mut(area.sheet).ok_or_else(refusal::not_found)?;
        let table = values::table_of(sheet, area);
        let rows = self.body.get("values").and_then(Json::as_array).unwrap_or_default().len();
        if of(self.query, "insertDataOption") == Some("INSERT_ROWS") {
            for _ in 0..rows {
                sheet.insert_row(table.bottom, Vec::<super::Cell>::new());
            }
        }
        sheet.row_count = sheet.row_count.max(table.bottom + rows);
        let place = Area { top: table.bottom, ..area };
        let (written, reach) = values::put(file, place, self.body, entered)?;
        let updates = written.answer(file, name_of(file, &reach));
        let mut answer = Object::default().with("spreadsheetId", file.id.clone());
        if table.bottom > table.top {
            answer.set("tableRange", name_of(file, &table));
        }
        Ok(answer.with("updates", updates).into())
    }

    fn put_many(&self, file: &mut Spreadsheet) -> Result<Json, Refusal> {
        let entered = self.entered(self.body.get("valueInputOption").and_then(Json::as_str))?;
        let mut copy = file.clone();
        let mut responses = Vec::new();
        for data in self.body.get("data").and_then(Json::as_array).unwrap_or_default() {
            let range = data.get("range").and_then(Json::as_str).unwrap_or_default();
            responses.push(put(&mut copy, range, data, entered)?);
        }
        *file = copy;
        let sum = |name: &str| {
            responses.iter().filter_map(|response| response.get(name).and_then(Json::as_i64)).sum::<i64>()
        };
        let (rows, columns, cells) = (sum("updatedRows"), sum("updatedColumns"), sum("updatedCells"));
        Ok(Object::default()
            .with("spreadsheetId", file.id.clone())
            .with("totalUpdatedRows", rows)
            .with("totalUpdatedColumns", columns)
            .with("totalUpdatedCells", cells)
            .with("responses", responses.into_iter().map(Json::from).collect::<Vec<Json>>())
            .into())
    }
}

fn name_of(file: &Spreadsheet, area: &Area) -> String {
    file.by_id(area.sheet).map(|sheet| a1::named(sheet, &area.within(sheet))).unwrap_or_default()
}

fn put(file: &mut Spreadsheet, range: &str, body: &Json, entered: bool) -> Result<Object, Refusal> {
    let area = a1::find_named(file, range)?;
    let (written, reach) = values::put(file, area, body, entered)?;
    let shown = name_of(file, &reach);
    Ok(written.answer(file, shown))
}
