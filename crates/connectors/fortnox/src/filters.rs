//! Reading by a field's value. Fortnox takes one filter of an entity's own in a request, and finds texts that contain the
//! value; what is left over is compared here.
//!
//! Source: <https://www.fortnox.se/developer/guides-and-good-to-know/parameters>.

use chrono::NaiveDate;
use tieline_core::{Error, ErrorKind, FieldPath, FilterOp, RawJson, ReadMode, ReadRequest, Result, exact};
use tieline_kit::{HeadText, excerpt, nearest};
use tieline_rest::Selection;

use crate::draft::name;
use crate::entities::Entity;

/// Fortnox's own words for states, by field: `filter` is about none.
type Words = &'static [(&'static str, &'static [(&'static str, &'static str)])];

const ACTIVE: Words = &[("Active", &[("true", "active"), ("false", "inactive")])];
const INVOICES: Words = &[
    ("Cancelled", &[("true", "cancelled")]),
    ("Booked", &[("false", "unbooked")]),
    (
        "filter",
        &[
            ("\"cancelled\"", "cancelled"),
            ("\"fullypaid\"", "fullypaid"),
            ("\"unpaid\"", "unpaid"),
            ("\"unpaidoverdue\"", "unpaidoverdue"),
            ("\"unbooked\"", "unbooked"),
        ],
    ),
];
const SUPPLIER_INVOICES: Words = &[
    ("Booked", &[("false", "unbooked")]),
    (
        "filter",
        &[
            ("\"cancelled\"", "cancelled"),
            ("\"fullypaid\"", "fullypaid"),
            ("\"unpaid\"", "unpaid"),
            ("\"unpaidoverdue\"", "unpaidoverdue"),
            ("\"unbooked\"", "unbooked"),
            ("\"pendingpayment\"", "pendingpayment"),
            ("\"authorizepending\"", "authorizepending"),
        ],
    ),
];
const ORDERS: Words = &[
    ("Cancelled", &[("true", "cancelled")]),
    (
        "filter",
        &[
            ("\"cancelled\"", "cancelled"),
            ("\"expired\"", "expired"),
            ("\"invoicecreated\"", "invoicecreated"),
            ("\"invoicenotcreated\"", "invoicenotcreated"),
        ],
    ),
];
const OFFERS: Words = &[
    ("Cancelled", &[("true", "cancelled")]),
    (
        "filter",
        &[
            ("\"cancelled\"", "cancelled"),
            ("\"expired\"", "expired"),
            ("\"completed\"", "completed"),
            ("\"notcompleted\"", "notcompleted"),
            ("\"ordercreated\"", "ordercreated"),
            ("\"ordernotcreated\"", "ordernotcreated"),
        ],
    ),
];
const CONTRACTS: Words =
    &[("filter", &[("\"active\"", "active"), ("\"inactive\"", "inactive"), ("\"finished\"", "finished")])];

/// The parameters of a list: the fields whose texts it finds, its words, and whether it takes days.
struct Params<'a> {
    texts: &'a [String],
    words: Words,
    days: &'static [&'static str],
}

impl<'a> Params<'a> {
    fn of(entity: &Entity, texts: &'a [String]) -> Self {
        const DAYS: &[&str] = &["fromdate", "todate"];
        let (words, days): (Words, &[&str]) = match entity.name {
            "customers" | "articles" => (ACTIVE, &[]),
            "invoices" => (INVOICES, DAYS),
            "supplierinvoices" => (SUPPLIER_INVOICES, &[]),
            "orders" => (ORDERS, DAYS),
            "offers" => (OFFERS, DAYS),
            "contracts" => (CONTRACTS, &[]),
            "vouchers" => (&[], DAYS),
            _ => (&[], &[]),
        };
        Self { texts, words, days }
    }

    /// The parameter of a field and its value, as it is sent. `None` for a field without one, the reason for a value that
    /// it does not take.
    fn value(&self, field: &str, value: &RawJson) -> Option<Result<Sent>> {
        let json = value.get().trim();
        let text = serde_json::from_str::<HeadText<'_>>(json).ok().and_then(|text| text.0);
        let wrong = |advice: String| {
            Err(Error::new(ErrorKind::Config, "a filter's value is not one that Fortnox takes")
                .with_advice(advice))
        };
        let sent = |query: &str, value: String, kind: Kind| Ok(Sent { query: query.to_owned(), value, kind });
        if self.texts.iter().any(|known| known == field) {
            let query = field.to_lowercase();
            return Some(match text {
                Some(text) if !text.trim().is_empty() => sent(&query, text.into_owned(), Kind::Text),
                None if exact::decimal(json).is_ok() => sent(&query, json.to_owned(), Kind::Text),
                _ => wrong("give a text or a number".to_owned()),
            });
        }
        if let Some((_, words)) = self.words.iter().find(|(known, _)| *known == field) {
            return Some(match words.iter().find(|(value, _)| *value == json) {
                Some((_, word)) => sent("filter", (*word).to_owned(), Kind::Word),
                None => {
                    let known: Vec<&str> = words.iter().map(|(value, _)| *value).collect();
                    wrong(format!("it takes {}", known.join(", ")))
                }
            });
        }
        self.days.contains(&field).then(|| {
            let day = text.filter(|text| NaiveDate::parse_from_str(text, "%Y-%m-%d").is_ok());
            match day {
                Some(day) => sent(field, day.into_owned(), Kind::Day),
                None => wrong("give a date such as \"2026-01-31\"".to_owned()),
            }
        })
    }

    /// What can be filtered by.
    fn possible(&self) -> String {
        let words = self.words.iter().map(|(name, _)| *name);
        let names: Vec<String> = self
            .texts
            .iter()
            .map(String::as_str)
            .chain(words)
            .chain(self.days.iter().copied())
            .map(|name| format!("/{name}"))
            .collect();
        if names.is_empty() {
            return "read the entity and choose from what comes".to_owned();
        }
        format!("Fortnox filters by {}; what its lists show is compared too", names.join(", "))
    }
}

/// A parameter that is sent.
struct Sent {
    query: String,
    value: String,
    kind: Kind,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// A text that the field's value contains.
    Text,
    /// One of Fortnox's words, which mean exactly the value.
    Word,
    /// A date. It goes with any other parameter.
    Day,
}

/// What a read asks for.
///
/// # Errors
/// `Unsupported` for a field that Fortnox neither filters by nor lists, and for one that only lists have together with one
/// that only records have; `Config` for a field that does not exist or a value that it cannot have.
pub(crate) fn selection(entity: &Entity, texts: &[String], request: &ReadRequest) -> Result<Selection> {
    for field in &request.fields {
        if entity.field(name(field)).is_none() {
            return Err(unknown(entity, field));
        }
    }
    let is_listed = |field: &FieldPath| entity.field(name(field)).is_some_and(|field| field.listed);
    let suffices =
        !entity.has_details() || (!request.fields.is_empty() && request.fields.iter().all(is_listed));
    let mut selection = Selection::new(suffices);
    filter(entity, &Params::of(entity, texts), request, &mut selection)?;
    selection.listed &= selection.records.is_empty();
    let in_list_alone = |field: &&FieldPath| entity.field(name(field)).is_some_and(|field| !field.detailed);
    match request.fields.iter().find(in_list_alone) {
        Some(field) if !selection.listed && request.mode != ReadMode::Keys => {
            Err(Error::unsupported(format!("reading \"{field}\" together with the other fields"))
                .with_advice(
                    "Fortnox shows it in lists alone: ask for fields of the list only, or leave it out",
                )
                .with_context("entity", entity.name))
        }
        _ => Ok(selection),
    }
}

fn filter(
    entity: &Entity,
    params: &Params<'_>,
    request: &ReadRequest,
    selection: &mut Selection,
) -> Result<()> {
    let mut is_taken = false;
    for filter in &request.filters {
        let (field, equals) = (&filter.field, &filter.value);
        let about = |error: Error| {
            error.with_context("entity", entity.name).with_context("field", excerpt(field.as_str(), 80))
        };
        filter.require(&[FilterOp::Eq]).map_err(about)?;
        let known = entity.field(name(field));
        let value = match params.value(name(field), equals) {
            Some(Err(wrong)) if known.is_none() => return Err(about(wrong)),
            value => value.and_then(Result::ok),
        };
        let is_day = value.as_ref().is_some_and(|sent| sent.kind == Kind::Day);
        let is_crowded = value.is_some() && !is_day && is_taken;
        let sent = value.filter(|_| is_day || !is_taken);
        let kind = sent.as_ref().map(|sent| sent.kind);
        if let Some(sent) = sent {
            is_taken |= !is_day;
            selection.query.push((sent.query, sent.value));
        }
        match (known, kind) {
            (Some(known), _) if known.listed => selection.rows.push((field.clone(), equals.clone())),
            _ if is_crowded => {
                let error = Error::unsupported("a second filter of Fortnox's own in one read");
                return Err(about(error.with_advice("take one of them, and choose among what comes")));
            }
            (None, None) => return Err(unknown(entity, field)),
            (None, Some(_)) | (Some(_), Some(Kind::Word)) => {}
            (Some(_), Some(_)) => selection.records.push((field.clone(), equals.clone())),
            (Some(_), None) => {
                let error = Error::unsupported("reading Fortnox records by this field");
                return Err(about(error.with_advice(params.possible())));
            }
        }
    }
    Ok(())
}

/// A field that the entity does not have, with what was probably meant.
fn unknown(entity: &Entity, field: &FieldPath) -> Error {
    let shown = excerpt(field.as_str(), 80);
    let names = entity.fields.iter().map(|field| field.name);
    let advice = match nearest(name(field), names) {
        Some(meant) => format!("did you mean \"/{meant}\"? Discover lists the fields"),
        None => "discover lists the fields".to_owned(),
    };
    Error::new(ErrorKind::Config, format!("Fortnox's {} have no field {shown:?}", entity.name))
        .with_advice(advice)
}
