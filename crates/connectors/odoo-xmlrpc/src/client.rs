//! The way to the database: calls with the session's database and user, and the fields of models.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use chrono::{DateTime, Utc};
use tieline_core::http::HttpResponse;
use tieline_core::{RawJson, Record, Result};
use tieline_kit::{excerpt, on_entity};

use crate::call::{Call, Via};
use crate::model::{ATTRIBUTES, Model};
use crate::session::{Session, Sessions, value};
use crate::xmlrpc::{Answer, read_rows};
use crate::{faults, json2};

/// How many models' fields are remembered.
const MODELS: usize = 64;

/// The way to the database.
#[derive(Clone, Debug)]
pub(crate) struct Client {
    sessions: Arc<Sessions>,
    models: Arc<Mutex<Models>>,
}

#[derive(Debug, Default)]
struct Models {
    known: HashMap<String, Arc<Model>>,
    order: VecDeque<String>,
}

impl Client {
    pub(crate) fn new(sessions: Sessions) -> Self {
        Self { sessions: Arc::new(sessions), models: Arc::default() }
    }

    /// Whether writes send e-mails and write Odoo's log of changes.
    pub(crate) fn notifies(&self) -> bool {
        self.sessions.notify
    }

    pub(crate) fn now(&self) -> DateTime<Utc> {
        self.sessions.clock.now()
    }

    pub(crate) async fn session(&self) -> Result<Arc<Session>> {
        self.sessions.get().await
    }

    /// Opens the session anew: for the connection test.
    pub(crate) async fn fresh_session(&self) -> Result<Arc<Session>> {
        self.sessions.fresh().await
    }

    async fn send(&self, call: &Call) -> Result<(HttpResponse, Via)> {
        let named = |error| on_entity(error, &call.model).with_context("call", excerpt(&call.method, 80));
        let session = self.session().await.map_err(named)?;
        let request =
            call.request(&self.sessions.base, &session.via, &self.sessions.context).map_err(named)?;
        let answer = self.sessions.http.send(request).await.map_err(named)?;
        Ok((answer, session.via.clone()))
    }

    /// What a method returns.
    pub(crate) async fn value(&self, call: &Call) -> Result<RawJson> {
        let (answer, via) = self.send(call).await?;
        let value = match via {
            Via::Xmlrpc { .. } => value(&answer),
            Via::Json2 { .. } => RawJson::parse(answer.text()?),
        };
        value.map_err(|error| on_entity(error, &call.model))
    }

    /// The records that a method returns, each written by the model's rules. With the server's clock.
    pub(crate) async fn records(
        &self,
        call: &Call,
        model: &Model,
    ) -> Result<(Vec<Option<Record>>, Option<DateTime<Utc>>)> {
        let (answer, via) = self.send(call).await?;
        let mut records = Vec::new();
        let read = match via {
            Via::Xmlrpc { .. } => read_rows(&answer.body, &model.rules, |row| {
                records.push(row.record().map(versioned));
                Ok(())
            })
            .and_then(|read| match read {
                Answer::Returned(_) => Ok(()),
                Answer::Fault(fault) => Err(faults::fault(&fault.code, &fault.text)),
            }),
            Via::Json2 { .. } => {
                json2::rows(answer.text()?, model, |record| records.push(record.map(versioned)))
            }
        };
        read.map_err(|error| on_entity(error, &call.model))?;
        Ok((records, answer.date))
    }

    /// The fields of a model, as they were found last.
    pub(crate) async fn model(&self, name: &str) -> Result<Arc<Model>> {
        let known = self.models.lock().unwrap_or_else(PoisonError::into_inner).known.get(name).cloned();
        match known {
            Some(model) => Ok(model),
            None => self.fresh_model(name).await,
        }
    }

    /// The fields of a model as they are now: apps are installed, and databases are upgraded, at any time.
    pub(crate) async fn fresh_model(&self, name: &str) -> Result<Arc<Model>> {
        let call = Call::reading(name, "fields_get").named("attributes", &ATTRIBUTES)?;
        let model = Arc::new(Model::read(name, &self.value(&call).await?)?);
        let mut models = self.models.lock().unwrap_or_else(PoisonError::into_inner);
        if models.known.insert(name.to_owned(), Arc::clone(&model)).is_none() {
            models.order.push_back(name.to_owned());
        }
        if models.order.len() > MODELS
            && let Some(oldest) = models.order.pop_front()
        {
            models.known.remove(&oldest);
        }
        Ok(model)
    }
}

/// The time of change is the only version that Odoo keeps of a record.
fn versioned(mut record: Record) -> Record {
    record.version.clone_from(&record.changed_at);
    record
}
