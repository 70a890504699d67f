//! What Pipedrive does to a record that is no write of it: merging, converting, duplicating.

use http::Method;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use tieline_core::http::HttpResponse;
use tieline_core::{
    Action as Described, Change, Error, ErrorKind, Key, Outcome, OutcomeStream, PollRequest, RawJson, Resend,
    Result, Text,
};
use tieline_kit::{Call, HeadKey, excerpt, nearest, outcomes};

use crate::connector::Api;
use crate::endpoints::Endpoint;
use crate::lookup;
use crate::raw::Members;
use crate::slot::refused;
use crate::writable::Form::{self, Flag, Int, Number, Text as Words};

/// An action of an entity.
#[derive(Debug)]
pub(crate) struct Action {
    entity: &'static str,
    pub(crate) name: &'static str,
    title: &'static str,
    method: Method,
    path: &'static str,
    cost: u32,
    input: &'static [Input],
    answer: Answer,
}

#[derive(Clone, Copy, Debug)]
struct Input {
    name: &'static str,
    form: Form,
    required: bool,
}

/// What the answer holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Answer {
    /// The id of the record that stays, in the form of version 1, which is no record of the entity.
    Merged,
    /// A new record of the entity.
    Copied,
    /// Something that belongs to the record.
    Part,
    /// A job.
    Job,
}

const fn needed(name: &'static str, form: Form) -> Input {
    Input { name, form, required: true }
}

const fn given(name: &'static str, form: Form) -> Input {
    Input { name, form, required: false }
}

const MERGE: &[Input] = &[needed("merge_with_id", Int)];

/// Sources: <https://pipedrive.readme.io/docs/merging-two-persons>,
/// <https://developers.pipedrive.com/docs/api/v1/Deals#convertDealToLead>,
/// <https://developers.pipedrive.com/docs/api/v1/Leads#convertLeadToDeal>,
/// <https://developers.pipedrive.com/docs/api/v1/Deals#addDealProduct>,
/// <https://developers.pipedrive.com/docs/api/v1/Products#duplicateProduct>.
static ACTIONS: &[Action] = &[
    merge("deals", "Merge into another deal", "/api/v1/deals/{id}/merge"),
    merge("persons", "Merge into another person", "/api/v1/persons/{id}/merge"),
    merge("organizations", "Merge into another organization", "/api/v1/organizations/{id}/merge"),
    Action {
        entity: "deals",
        name: "convert_to_lead",
        title: "Convert to a lead",
        method: Method::POST,
        path: "/api/v2/deals/{id}/convert/lead",
        cost: 40,
        input: &[],
        answer: Answer::Job,
    },
    Action {
        entity: "leads",
        name: "convert_to_deal",
        title: "Convert to a deal",
        method: Method::POST,
        path: "/api/v2/leads/{id}/convert/deal",
        cost: 40,
        input: &[given("stage_id", Int), given("pipeline_id", Int)],
        answer: Answer::Job,
    },
    Action {
        entity: "deals",
        name: "add_product",
        title: "Add a product",
        method: Method::POST,
        path: "/api/v2/deals/{id}/products",
        cost: 5,
        input: &[
            needed("product_id", Int),
            needed("item_price", Number),
            needed("quantity", Number),
            given("tax", Number),
            given("tax_method", Words),
            given("discount", Number),
            given("discount_type", Words),
            given("comments", Words),
            given("is_enabled", Flag),
            given("product_variation_id", Int),
            given("billing_frequency", Words),
            given("billing_frequency_cycles", Int),
            given("billing_start_date", Words),
        ],
        answer: Answer::Part,
    },
    Action {
        entity: "products",
        name: "duplicate",
        title: "Duplicate",
        method: Method::POST,
        path: "/api/v2/products/{id}/duplicate",
        cost: 5,
        input: &[],
        answer: Answer::Copied,
    },
];

const fn merge(entity: &'static str, title: &'static str, path: &'static str) -> Action {
    Action {
        entity,
        name: "merge",
        title,
        method: Method::PUT,
        path,
        cost: 40,
        input: MERGE,
        answer: Answer::Merged,
    }
}

fn of(endpoint: &Endpoint) -> impl Iterator<Item = &'static Action> {
    ACTIONS.iter().filter(|action| action.entity == endpoint.name)
}

/// For the catalog.
pub(crate) fn described(endpoint: &Endpoint) -> Vec<Described> {
    of(endpoint).map(|action| Described::new(action.name, action.title, action.schema())).collect()
}

/// The action of that name. Fails with `Rejected`, naming those that there are.
pub(crate) fn named(endpoint: &Endpoint, name: &str) -> Result<&'static Action> {
    of(endpoint).find(|action| action.name == name).ok_or_else(|| {
        let shown = excerpt(name, 64);
        let error = refused(endpoint, format!("Pipedrive's {} have no action {shown:?}", endpoint.name));
        let names: Vec<&str> = of(endpoint).map(|action| action.name).collect();
        match nearest(name, names.iter().copied()) {
            Some(meant) => error.with_advice(format!("did you mean {meant:?}?")),
            None if names.is_empty() => error,
            None => error.with_advice(format!("there are {}", names.join(", "))),
        }
    })
}

impl Action {
    fn schema(&self) -> Value {
        let properties: Map<String, Value> =
            self.input.iter().map(|input| (input.name.to_owned(), input.form.schema())).collect();
        let required: Vec<&str> =
            self.input.iter().filter(|input| input.required).map(|input| input.name).collect();
        json!({ "type": "object", "properties": properties, "required": required, "additionalProperties": false })
    }

    /// The request. Fails with `Rejected` for an input that does not fit.
    pub(crate) fn call(&self, endpoint: &Endpoint, key: &Key, input: &RawJson) -> Result<Call> {
        let about = |message: String| refused(endpoint, message).with_context("action", self.name);
        let given = match input.get().trim() {
            "null" => Members::default(),
            text => Members::of(text)
                .ok_or_else(|| about("the input of an action is no JSON object".to_owned()))?,
        };
        for (name, value) in given.iter() {
            let Some(input) = self.input.iter().find(|input| input.name == name) else {
                return Err(about(format!("{:?} is no input of this action", excerpt(name, 64))));
            };
            if !input.form.takes(value) {
                return Err(about(format!("{name:?} takes {}", input.form.words())));
            }
        }
        if let Some(missing) =
            self.input.iter().find(|input| input.required && given.get(input.name).is_none())
        {
            return Err(about(format!("{:?} is missing in the input of this action", missing.name)));
        }
        if self.answer == Answer::Merged && given.get("merge_with_id") == Some(key.as_str()) {
            return Err(about("a record cannot be merged with itself".to_owned()));
        }
        let call = Call::new(self.method.clone(), self.path).value(key).idempotent(false).cost(self.cost);
        Ok(if self.input.is_empty() { call } else { call.json(given.text()) })
    }

    /// What the answer says, or `None` when it cannot be read.
    pub(crate) fn outcome(&self, endpoint: &Endpoint, key: Key, answer: &HttpResponse) -> Option<Outcome> {
        #[derive(Deserialize)]
        struct Body {
            data: Data,
        }
        #[derive(Deserialize)]
        struct Data {
            #[serde(default)]
            id: HeadKey,
            #[serde(default)]
            conversion_id: HeadKey,
        }
        let Data { id, conversion_id } = serde_json::from_str::<Body>(answer.text().ok()?).ok()?.data;
        Some(match self.answer {
            Answer::Merged => Outcome::applied(Some(id.0?)),
            Answer::Part => {
                id.0?;
                Outcome::applied(Some(key))
            }
            Answer::Copied => match lookup::record(endpoint, answer).ok()?? {
                Change::Upsert(record) => Outcome::applied(Some(record.key.clone())).with_record(record),
                _ => return None,
            },
            Answer::Job => {
                Outcome::accepted(Text::new(format!("{}/{key}/{}", endpoint.name, conversion_id.0?)))
            }
        })
    }
}

/// A conversion under way.
#[derive(Clone)]
struct Job {
    path: &'static str,
    entity: &'static str,
    key: String,
    id: String,
    ticket: Text,
}

#[derive(Deserialize)]
struct Status {
    #[serde(default)]
    status: Option<String>,
    #[serde(default)]
    lead_id: HeadKey,
    #[serde(default)]
    deal_id: HeadKey,
}

/// Asks how a conversion goes.
pub(crate) fn poll(api: Api, request: PollRequest) -> Result<OutcomeStream> {
    let job = Job::of(&request.ticket).ok_or_else(|| {
        Error::new(
            ErrorKind::Config,
            format!("{:?} is no ticket of Pipedrive", excerpt(request.ticket.as_str(), 80)),
        )
        .with_advice("give the ticket of an accepted operation as it came")
    })?;
    Ok(outcomes(request.operations, move |_| {
        let (api, job) = (api.clone(), job.clone());
        async move { job.ask(&api).await }
    }))
}

impl Job {
    fn of(ticket: &Text) -> Option<Self> {
        let mut parts = ticket.as_str().split('/');
        let (entity, key, id) = (parts.next()?, parts.next()?, parts.next()?);
        let endpoint = Endpoint::named(entity).ok().filter(|endpoint| endpoint.fits(key))?;
        let path = match endpoint.name {
            "deals" => "/api/v2/deals/{id}/convert/status/{conversion_id}",
            "leads" => "/api/v2/leads/{id}/convert/status/{conversion_id}",
            _ => return None,
        };
        let plain = id.len() <= 64
            && !id.is_empty()
            && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        (plain && parts.next().is_none()).then(|| Self {
            path,
            entity: endpoint.name,
            key: key.to_owned(),
            id: id.to_owned(),
            ticket: ticket.clone(),
        })
    }

    /// A conversion is never begun anew because asking for it failed: it stays accepted, or becomes a question.
    async fn ask(&self, api: &Api) -> Outcome {
        let accepted = || Outcome::accepted(self.ticket.clone());
        let about = |error: Error| error.with_context("entity", self.entity).with_context("key", &self.key);
        let answer = match api.send(Call::get(self.path).value(&self.key).value(&self.id)).await {
            Ok(answer) => answer,
            Err(error) if error.kind() == ErrorKind::NotFound => {
                return Outcome::Unknown(about(error.with_advice(
                    "Pipedrive forgets a conversion after some days: look whether the record was converted",
                )));
            }
            Err(error) if error.resend() == Resend::Never && error.kind() != ErrorKind::Unauthenticated => {
                return Outcome::Unknown(about(error));
            }
            Err(_) => return accepted(),
        };
        #[derive(Deserialize)]
        struct Body {
            data: Status,
        }
        let status =
            answer.text().ok().and_then(|text| serde_json::from_str::<Body>(text).ok()).map(|body| body.data);
        let word = status.as_ref().and_then(|status| status.status.as_deref()).unwrap_or_default();
        match (word, &status) {
            ("completed", Some(status)) => {
                Outcome::applied(status.lead_id.0.clone().or_else(|| status.deal_id.0.clone()))
            }
            ("not_started" | "running", _) => accepted(),
            ("failed" | "rejected", _) => Outcome::Rejected(about(
                Error::new(ErrorKind::Rejected, "Pipedrive did not convert the record")
                    .with_context("status", word),
            )),
            _ => Outcome::Unknown(about(Error::new(
                ErrorKind::Decode,
                "Pipedrive's answer does not say how the conversion goes",
            ))),
        }
    }
}
