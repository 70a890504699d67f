//! Tick, a to-do list with an API: `tasks` with all that a good API has, and `lists` with as little as many have.

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use http::{HeaderValue, Method, Request, Response, StatusCode};
use serde::Deserialize;
use serde_json::value::RawValue;
use tieline_conformance::PageFault;
use tieline_core::Clock;
use tieline_core::http::{BodyStream, RequestBody, Transport};
use tieline_http::TokioClock;
use tieline_http::memory::body_of;

/// Requests in any second.
pub const BURST: usize = 10;
const PAGE: usize = 20;

#[derive(Clone, Debug)]
pub struct Task {
    pub title: String,
    /// As it was written: nothing that a float would round.
    pub amount: String,
    pub external_id: Option<String>,
    pub version: u64,
    pub updated_at: DateTime<Utc>,
    pub deleted: bool,
}

pub struct Provider {
    clock: TokioClock,
    state: Mutex<State>,
}

pub struct State {
    pub key: String,
    pub ahead: TimeDelta,
    pub tasks: BTreeMap<u64, Task>,
    pub lists: BTreeMap<u64, String>,
    /// What is wrong with which page, after how many others.
    pub twist: Option<(String, PageFault, u32)>,
    recent: VecDeque<DateTime<Utc>>,
}

#[derive(Deserialize)]
struct Input {
    title: Option<String>,
    amount: Option<Box<RawValue>>,
    external_id: Option<String>,
}

type Answer = (u16, String);

impl fmt::Debug for Provider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tick")
    }
}

impl Provider {
    pub fn new(key: &str) -> Arc<Self> {
        let start: DateTime<Utc> = "2026-11-02T08:00:00Z".parse().unwrap();
        let task = |id: u64| {
            let amount = if id == 7 { "12345678901234567.89".to_owned() } else { format!("{id}.50") };
            let updated_at = start - TimeDelta::hours(100 - id.cast_signed());
            let (title, external_id) = (format!("Task {id}"), None);
            (id, Task { title, amount, external_id, version: 1, updated_at, deleted: id == 20 })
        };
        let state = State {
            key: key.to_owned(),
            ahead: TimeDelta::zero(),
            tasks: (1..=45).map(task).collect(),
            lists: (1..=3).map(|id| (id, format!("List {id}"))).collect(),
            twist: None,
            recent: VecDeque::new(),
        };
        Arc::new(Self { clock: TokioClock::starting_at(start), state: Mutex::new(state) })
    }

    pub fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn now(&self) -> DateTime<Utc> {
        self.clock.now() + self.state().ahead
    }

    pub fn advance(&self, by: Duration) {
        self.state().ahead += TimeDelta::from_std(by).unwrap();
    }

    fn answer(&self, request: &Request<Bytes>) -> Answer {
        let now = self.now();
        let mut state = self.state();
        let key = request.headers().get("x-tick-key").and_then(|key| key.to_str().ok());
        if key != Some(state.key.as_str()) {
            return refusal(401, "the key is not valid");
        }
        if !state.admits(now) {
            return refusal(429, "slow down");
        }
        let path: Vec<&str> = request.uri().path().split('/').skip(2).collect();
        let query = Query::of(request);
        let input =
            || serde_json::from_slice::<Input>(request.body()).map_err(|_| refusal(422, "no JSON object"));
        let answer = match (request.method(), path.as_slice()) {
            (&Method::GET, ["me"]) => Ok((200, r#"{"team":"Acme AB","user":"Ada"}"#.to_owned())),
            (&Method::GET, ["tasks"]) => Ok(state.list_tasks(&query)),
            (&Method::GET, ["lists"]) => Ok(state.list_lists(&query)),
            (&Method::POST, ["tasks"]) => input().and_then(|input| state.create(input, now)),
            (&Method::GET, ["tasks", id]) => state.task(id).map(|(id, task)| (200, task.json(id, None))),
            (&Method::PATCH, ["tasks", id]) => {
                let version = request.headers().get("if-match").and_then(|version| version.to_str().ok());
                input().and_then(|input| state.update(id, input, version, now))
            }
            (&Method::DELETE, ["tasks", id]) => state.remove(id, now),
            _ => Err(refusal(404, "there is no such path")),
        };
        answer.unwrap_or_else(|refusal| refusal)
    }
}

fn refusal(status: u16, why: &str) -> Answer {
    (status, serde_json::json!({ "error": why }).to_string())
}

pub fn time(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Secs, true)
}

struct Query(BTreeMap<String, String>);

impl Query {
    fn of(request: &Request<Bytes>) -> Self {
        let query = request.uri().query().unwrap_or_default();
        Self(url::form_urlencoded::parse(query.as_bytes()).into_owned().collect())
    }

    fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    fn after(&self) -> u64 {
        self.get("cursor")
            .and_then(|cursor| cursor.trim_end_matches('_').strip_prefix("after-")?.parse().ok())
            .unwrap_or(0)
    }
}

impl Task {
    /// All fields, or the id and those that are wanted.
    pub fn json(&self, id: u64, wanted: Option<&str>) -> String {
        let text = |text: &str| serde_json::to_string(text).unwrap();
        let external = self.external_id.as_deref().map_or("null".to_owned(), text);
        let all = [
            ("id", text(&format!("t{id}"))),
            ("title", text(&self.title)),
            ("amount", self.amount.clone()),
            ("external_id", external),
            ("version", self.version.to_string()),
            ("updated_at", text(&time(self.updated_at))),
            ("deleted", self.deleted.to_string()),
        ];
        let is_wanted = |name: &str| {
            let always = ["id", "updated_at", "version", "deleted"].contains(&name);
            always || wanted.is_none_or(|wanted| wanted.split(',').any(|wanted| wanted == name))
        };
        let members: Vec<String> = all
            .iter()
            .filter(|(name, _)| is_wanted(name))
            .map(|(name, value)| format!("\"{name}\":{value}"))
            .collect();
        format!("{{{}}}", members.join(","))
    }
}

impl State {
    fn admits(&mut self, now: DateTime<Utc>) -> bool {
        while self.recent.front().is_some_and(|at| *at + TimeDelta::seconds(1) <= now) {
            self.recent.pop_front();
        }
        self.recent.push_back(now);
        self.recent.len() <= BURST
    }

    fn list_tasks(&mut self, query: &Query) -> Answer {
        let since: Option<DateTime<Utc>> = query.get("updated_since").and_then(|since| since.parse().ok());
        let with_deleted = query.get("with_deleted") == Some("true");
        let external_id = query.get("external_id").map(str::to_owned);
        let found: Vec<(u64, String)> = self
            .tasks
            .range(query.after() + 1..)
            .filter(|(_, task)| with_deleted || !task.deleted)
            .filter(|(_, task)| since.is_none_or(|since| task.updated_at >= since))
            .filter(|(_, task)| external_id.is_none() || task.external_id == external_id)
            .map(|(id, task)| (*id, task.json(*id, query.get("fields"))))
            .collect();
        self.page("tasks", query, found)
    }

    fn list_lists(&mut self, query: &Query) -> Answer {
        let row = |(id, name): (&u64, &String)| (*id, format!(r#"{{"id":"l{id}","name":"{name}"}}"#));
        let found = self.lists.range(query.after() + 1..).map(row).collect();
        self.page("lists", query, found)
    }

    fn page(&mut self, entity: &str, query: &Query, mut found: Vec<(u64, String)>) -> Answer {
        let limit = query.get("limit").and_then(|limit| limit.parse().ok()).unwrap_or(PAGE).clamp(1, PAGE);
        let more = found.len() > limit;
        found.truncate(limit);
        let mut next = found.last().filter(|_| more).map(|(id, _)| format!("after-{id}"));
        match self.twist_of(entity) {
            Some(PageFault::RepeatToken) if more => next = Some(format!("after-{}", query.after())),
            Some(PageFault::EmptyPage) => {
                found.clear();
                // The same place, written another way.
                next = Some(format!("after-{}_", query.after()));
                self.twist = None;
            }
            Some(PageFault::DuplicateRecords) => {
                found.extend(found.last().cloned());
                self.twist = None;
            }
            _ => {}
        }
        let rows: Vec<String> = found.into_iter().map(|(_, row)| row).collect();
        let next = next.map_or("null".to_owned(), |next| format!("\"{next}\""));
        (200, format!(r#"{{"items":[{}],"next":{next}}}"#, rows.join(",")))
    }

    fn twist_of(&mut self, entity: &str) -> Option<PageFault> {
        let (_, twist, skip) = self.twist.as_mut().filter(|(of, ..)| of == entity)?;
        if *skip > 0 {
            *skip -= 1;
            return None;
        }
        Some(*twist)
    }

    fn task(&mut self, key: &str) -> Result<(u64, &mut Task), Answer> {
        let missing = || refusal(404, "there is no such task");
        let id: u64 = key.strip_prefix('t').and_then(|id| id.parse().ok()).ok_or_else(missing)?;
        let task = self.tasks.get_mut(&id).ok_or_else(missing)?;
        if task.deleted { Err(refusal(410, "the task was deleted")) } else { Ok((id, task)) }
    }

    fn create(&mut self, input: Input, now: DateTime<Utc>) -> Result<Answer, Answer> {
        let title = input.title.filter(|title| !title.is_empty());
        let title = title.ok_or_else(|| refusal(422, "a task needs a title"))?;
        let amount = input.amount.map_or("0".to_owned(), |amount| amount.get().to_owned());
        let id = self.tasks.last_key_value().map_or(0, |(id, _)| *id) + 1;
        let (external_id, updated_at) = (input.external_id, now);
        let task = Task { title, amount, external_id, version: 1, updated_at, deleted: false };
        let body = task.json(id, None);
        self.tasks.insert(id, task);
        Ok((201, body))
    }

    fn update(
        &mut self,
        key: &str,
        input: Input,
        version: Option<&str>,
        now: DateTime<Utc>,
    ) -> Result<Answer, Answer> {
        let (id, task) = self.task(key)?;
        if version.is_some_and(|version| version != task.version.to_string()) {
            return Err(refusal(409, "the task has another version"));
        }
        task.title = input.title.unwrap_or_else(|| task.title.clone());
        task.amount = input.amount.map_or_else(|| task.amount.clone(), |amount| amount.get().to_owned());
        task.version += 1;
        task.updated_at = now;
        Ok((200, task.json(id, None)))
    }

    fn remove(&mut self, key: &str, now: DateTime<Utc>) -> Result<Answer, Answer> {
        let (_, task) = self.task(key)?;
        (task.deleted, task.updated_at) = (true, now);
        Ok((204, String::new()))
    }
}

/// The provider without a socket.
#[derive(Debug)]
pub struct InProcess(pub Arc<Provider>);

#[async_trait]
impl Transport for InProcess {
    async fn send(&self, request: Request<RequestBody>) -> tieline_core::Result<Response<BodyStream>> {
        let request = RequestBody::collect_request(request, 1 << 20).await?;
        let (status, body) = self.0.answer(&request);
        let mut response = Response::new(body_of([Ok(Bytes::from(body))]));
        *response.status_mut() = StatusCode::from_u16(status).unwrap();
        let date = self.0.now().format("%a, %d %b %Y %H:%M:%S GMT").to_string();
        response.headers_mut().insert(http::header::DATE, HeaderValue::from_str(&date).unwrap());
        Ok(response)
    }
}
