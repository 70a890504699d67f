//! Commands: edits of people, and settings of administrators.

use chrono::{DateTime, Utc};

use super::cell::Cell;
use super::grid::{Permission, Sheet, Spreadsheet};
use super::{GoogleSheets, Quotas};
use crate::control::done;
use crate::sandbox::{Command, Refused, Sandbox};
use crate::{Json, Object};

impl Sandbox<GoogleSheets> {
    /// Replaces the accepted token; an empty text accepts none.
    pub fn set_token(&self, token: impl Into<String>) {
        self.model().state().token = token.into();
    }

    /// The accepted token.
    #[must_use]
    pub fn token(&self) -> String {
        self.model().state().token.clone()
    }

    /// Sets the API key, with which public files can be read.
    pub fn set_api_key(&self, key: impl Into<String>) {
        self.model().state().api_key = key.into();
    }

    /// Whether the accepted token may ask Drive, too.
    pub fn allow_drive(&self, allowed: bool) {
        self.model().state().drive_allowed = allowed;
    }

    /// Sets the quotas.
    pub fn set_quotas(&self, quotas: Quotas) {
        self.model().state().meter.quotas = quotas;
    }

    /// Puts a file into Drive, in the place of one with the same id.
    pub fn add_file(&self, mut file: Spreadsheet) {
        file.modified = self.now();
        let mut state = self.model().state();
        state.files.retain(|known| known.id != file.id);
        state.files.push(file);
    }

    /// Deletes a file for good.
    pub fn delete_file(&self, id: &str) {
        self.model().state().files.retain(|file| file.id != id);
    }

    /// Changes a file as a person does: its version grows, and its time of change moves.
    ///
    /// # Errors
    ///
    /// [`Refused`] when there is no such file.
    pub fn edit<T>(&self, id: &str, change: impl FnOnce(&mut Spreadsheet) -> T) -> Result<T, Refused> {
        let now = self.now();
        self.recalculate(id, |file| {
            file.version += 1;
            file.modified = now;
            change(file)
        })
    }

    /// Changes a file as IMPORTRANGE or NOW() do: its version and its time of change stay.
    ///
    /// # Errors
    ///
    /// [`Refused`] when there is no such file.
    pub fn recalculate<T>(&self, id: &str, change: impl FnOnce(&mut Spreadsheet) -> T) -> Result<T, Refused> {
        let mut state = self.model().state();
        let file = state.files.iter_mut().find(|file| file.id == id);
        file.map(change).ok_or_else(|| Refused(format!("there is no file {id:?}")))
    }

    /// A file as it is.
    #[must_use]
    pub fn file(&self, id: &str) -> Option<Spreadsheet> {
        self.model().state().files.iter().find(|file| file.id == id).cloned()
    }
}

pub(crate) fn obey(
    model: &GoogleSheets,
    command: &Command<'_>,
    now: DateTime<Utc>,
) -> Option<Result<Json, Refused>> {
    let body = command.body;
    Some(match (command.method, command.path) {
        ("GET", []) => Ok(Object::default()
            .with("provider", "google-sheets")
            .with("token", model.state().token.clone())
            .with("spreadsheet", super::ORDERS)
            .into()),
        ("PUT", ["token"]) => text(body, "token").and_then(|token| {
            model.state().token = token;
            done()
        }),
        ("PUT", ["quotas"]) => serde_json::from_str(&body.to_string())
            .map_err(|error| Refused(error.to_string()))
            .and_then(|quotas| {
                model.state().meter.quotas = quotas;
                done()
            }),
        ("PUT", ["files", id, "permission"]) => edit(model, id, now, |file| {
            file.permission = match text(body, "permission")?.as_str() {
                "none" => Permission::None,
                "reader" => Permission::Reader,
                "writer" => Permission::Writer,
                _ => return Err(Refused("`permission` is none, reader or writer".into())),
            };
            Ok(())
        }),
        ("PUT", ["files", id, "tabs", title, "cells"]) => edit(model, id, now, |file| {
            let locale = file.locale.clone();
            let tab = tab(file, title)?;
            let (row, column) = (number(body, "row")?, number(body, "column")?);
            tab.set(row, column, Cell::typed(&text(body, "text")?, &locale));
            Ok(())
        }),
        ("DELETE", ["files", id, "tabs", title, "rows", row]) => edit(model, id, now, |file| {
            let row = row.parse().map_err(|_| Refused("the row must be a number, from zero".into()))?;
            tab(file, title)?.delete_row(row);
            Ok(())
        }),
        ("PUT", ["files", id, "tabs", title, "title"]) => edit(model, id, now, |file| {
            tab(file, title)?.title = text(body, "title")?;
            Ok(())
        }),
        ("DELETE", ["files", id]) => {
            model.state().files.retain(|file| file.id != *id);
            done()
        }
        _ => return None,
    })
}

fn edit(
    model: &GoogleSheets,
    id: &str,
    now: DateTime<Utc>,
    change: impl FnOnce(&mut Spreadsheet) -> Result<(), Refused>,
) -> Result<Json, Refused> {
    let mut state = model.state();
    let file = state.files.iter_mut().find(|file| file.id == id);
    let file = file.ok_or_else(|| Refused(format!("there is no file {id:?}")))?;
    change(file)?;
    file.version += 1;
    file.modified = now;
    done()
}

fn tab<'f>(file: &'f mut Spreadsheet, title: &str) -> Result<&'f mut Sheet, Refused> {
    file.sheet_mut(title).ok_or_else(|| Refused(format!("there is no tab {title:?}")))
}

fn text(body: &Json, name: &str) -> Result<String, Refused> {
    body.get(name)
        .and_then(Json::as_str)
        .map(str::to_owned)
        .ok_or_else(|| Refused(format!("`{name}` is missing")))
}

fn number(body: &Json, name: &str) -> Result<usize, Refused> {
    let number = body.get(name).and_then(Json::as_i64).and_then(|number| usize::try_from(number).ok());
    number.ok_or_else(|| Refused(format!("`{name}` must be a number, from zero")))
}
