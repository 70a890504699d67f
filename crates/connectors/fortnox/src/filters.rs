//! Reading and finding by a field's value. Fortnox takes one filter of an entity's own in a request, and finds texts that
//! contain the value; what is left over is compared here.
//!
//! Source: <https://www.fortnox.se/developer/guides-and-good-to-know/parameters>.

use chrono::NaiveDate;
use serde_json::value::RawValue;
use tieline_core::{Error, ErrorKind, FieldPath, Filter, FilterOp, RawJson, Result, exact};
use tieline_kit::{Call, HeadText, excerpt, nearest};

use self::Takes::{Day, Text, Words};
use crate::endpoints::Endpoint;

/// A query parameter of a list.
#[derive(Debug)]
pub(crate) struct Param {
    /// The field that it filters by, or its own name where it is about no field.
    pub(crate) field: &'static str,
    query: &'static str,
    takes: Takes,
}

/// What a parameter takes.
#[derive(Clone, Copy, Debug)]
enum Takes {
    /// A text that the field's value contains.
    Text,
    /// One of these values, each with Fortnox's word for it.
    Words(&'static [(&'static str, &'static str)]),
    /// A date. It goes with any other parameter.
    Day,
}

const fn text(field: &'static str, query: &'static str) -> Param {
    Param { field, query, takes: Text }
}

const fn words(field: &'static str, words: &'static [(&'static str, &'static str)]) -> Param {
    Param { field, query: "filter", takes: Words(words) }
}

const FROM: Param = Param { field: "fromdate", query: "fromdate", takes: Day };
const TO: Param = Param { field: "todate", query: "todate", takes: Day };
const ACTIVE: Param = words("Active", &[("true", "active"), ("false", "inactive")]);
const CANCELLED: Param = words("Cancelled", &[("true", "cancelled")]);
const UNBOOKED: Param = words("Booked", &[("false", "unbooked")]);

pub(crate) const CUSTOMERS: &[Param] = &[
    text("CustomerNumber", "customernumber"),
    text("Name", "name"),
    text("OrganisationNumber", "organisationnumber"),
    text("Email", "email"),
    text("City", "city"),
    text("ZipCode", "zipcode"),
    text("Phone", "phone"),
    text("GLN", "gln"),
    text("GLNDelivery", "glndelivery"),
    ACTIVE,
];

pub(crate) const ARTICLES: &[Param] = &[
    text("ArticleNumber", "articlenumber"),
    text("Description", "description"),
    text("EAN", "ean"),
    text("SupplierNumber", "suppliernumber"),
    text("Manufacturer", "manufacturer"),
    text("ManufacturerArticleNumber", "manufacturerarticlenumber"),
    ACTIVE,
];

pub(crate) const INVOICES: &[Param] = &[
    text("ExternalInvoiceReference1", "externalinvoicereference1"),
    text("ExternalInvoiceReference2", "externalinvoicereference2"),
    text("OCR", "ocr"),
    text("DocumentNumber", "documentnumber"),
    text("CustomerNumber", "customernumber"),
    text("CustomerName", "customername"),
    text("YourOrderNumber", "yourordernumber"),
    text("YourReference", "yourreference"),
    text("OurReference", "ourreference"),
    text("Project", "project"),
    text("CostCenter", "costcenter"),
    text("Currency", "currency"),
    CANCELLED,
    UNBOOKED,
    words(
        "filter",
        &[
            ("\"cancelled\"", "cancelled"),
            ("\"fullypaid\"", "fullypaid"),
            ("\"unpaid\"", "unpaid"),
            ("\"unpaidoverdue\"", "unpaidoverdue"),
            ("\"unbooked\"", "unbooked"),
        ],
    ),
    FROM,
    TO,
];

pub(crate) const INVOICE_PAYMENTS: &[Param] = &[text("InvoiceNumber", "invoicenumber")];

pub(crate) const SUPPLIER_INVOICES: &[Param] = &[
    UNBOOKED,
    words(
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

pub(crate) const ORDERS: &[Param] = &[
    text("ExternalInvoiceReference1", "externalinvoicereference1"),
    text("ExternalInvoiceReference2", "externalinvoicereference2"),
    text("DocumentNumber", "documentnumber"),
    text("CustomerNumber", "customernumber"),
    text("CustomerName", "customername"),
    text("YourReference", "yourreference"),
    text("OurReference", "ourreference"),
    text("Project", "project"),
    text("CostCenter", "costcenter"),
    CANCELLED,
    words(
        "filter",
        &[
            ("\"cancelled\"", "cancelled"),
            ("\"expired\"", "expired"),
            ("\"invoicecreated\"", "invoicecreated"),
            ("\"invoicenotcreated\"", "invoicenotcreated"),
        ],
    ),
    FROM,
    TO,
];

pub(crate) const OFFERS: &[Param] = &[
    text("DocumentNumber", "documentnumber"),
    text("CustomerNumber", "customernumber"),
    text("CustomerName", "customername"),
    text("YourReference", "yourreference"),
    text("OurReference", "ourreference"),
    text("Project", "project"),
    text("CostCenter", "costcenter"),
    CANCELLED,
    words(
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
    FROM,
    TO,
];

pub(crate) const VOUCHERS: &[Param] = &[FROM, TO];

/// The filters of a read: what Fortnox is asked, and what is compared here.
#[derive(Clone, Debug, Default)]
pub(crate) struct Filters {
    sent: Vec<(&'static str, String)>,
    /// Compared with a row of a list.
    pub(crate) rows: Checks,
    /// Compared with a single record, because a row does not have the field.
    pub(crate) records: Checks,
}

/// Fields and the values that they must have.
#[derive(Clone, Debug, Default)]
pub(crate) struct Checks(Vec<(FieldPath, RawJson)>);

impl Filters {
    /// Fails with `Unsupported` for a field that Fortnox neither filters by nor lists, and with `Config` for one that does
    /// not exist or a value that it cannot have.
    pub(crate) fn of(endpoint: &'static Endpoint, filters: &[Filter]) -> Result<Self> {
        let mut plan = Self::default();
        let mut is_taken = false;
        for filter in filters {
            let (field, equals) = (&filter.field, &filter.value);
            filter.require(&[FilterOp::Eq]).map_err(|error| about(endpoint, field, error))?;
            let name = name(field);
            let param = endpoint.params.iter().find(|param| param.field == name);
            let known = endpoint.field(name);
            let value = match param.map(|param| param.value(equals)) {
                Some(Err(wrong)) if known.is_none() => {
                    return Err(about(endpoint, field, wrong));
                }
                value => value.and_then(Result::ok),
            };
            let day = param.is_some_and(|param| matches!(param.takes, Day));
            let crowded = value.is_some() && !day && is_taken;
            let sent = value.filter(|_| day || !is_taken);
            let asked = sent.is_some();
            if let (Some(param), Some(value)) = (param, sent) {
                is_taken |= !day;
                plan.sent.push((param.query, value));
            }
            let exact = param.is_some_and(|param| matches!(param.takes, Words(_)));
            match known {
                Some(known) if known.listed => plan.rows.0.push((field.clone(), equals.clone())),
                _ if crowded => return Err(about(endpoint, field, one_filter())),
                None if asked => {}
                None => return Err(unknown(endpoint, field)),
                Some(_) if asked && exact => {}
                Some(_) if asked => plan.records.0.push((field.clone(), equals.clone())),
                Some(_) => {
                    let error = Error::unsupported("reading Fortnox records by this field");
                    return Err(about(endpoint, field, error.with_advice(possible(endpoint))));
                }
            }
        }
        Ok(plan)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.sent.is_empty() && self.rows.0.is_empty() && self.records.0.is_empty()
    }

    pub(crate) fn apply(&self, call: Call) -> Call {
        self.sent.iter().fold(call, |call, (name, value)| call.query(*name, value))
    }

    /// The filters in words, for the state of a read.
    pub(crate) fn mark(filters: &[Filter]) -> Option<String> {
        let mut words: Vec<String> =
            filters.iter().map(|filter| format!("{}={}", filter.field, filter.value)).collect();
        words.sort();
        (!words.is_empty()).then(|| words.join(" "))
    }
}

impl Checks {
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether a record has all the values.
    pub(crate) fn hold(&self, raw: &str) -> Result<bool> {
        for (field, wanted) in &self.0 {
            let there = tieline_core::json::at(raw, field.as_str())?;
            if !there.is_some_and(|there| same(there, wanted)) {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

impl Param {
    /// The value as it is sent. Fails with `Config`.
    fn value(&self, value: &RawJson) -> Result<String> {
        let json = value.get().trim();
        let text = serde_json::from_str::<HeadText<'_>>(json).ok().and_then(|text| text.0);
        let wrong = |advice: String| {
            Error::new(ErrorKind::Config, "a filter's value is not one that Fortnox takes")
                .with_advice(advice)
        };
        match self.takes {
            Text => match text {
                Some(text) if !text.trim().is_empty() => Ok(text.into_owned()),
                None if exact::decimal(json).is_ok() => Ok(json.to_owned()),
                _ => Err(wrong("give a text or a number".to_owned())),
            },
            Words(words) => {
                let found = words.iter().find(|(value, _)| *value == json);
                found.map(|(_, word)| (*word).to_owned()).ok_or_else(|| {
                    let known: Vec<&str> = words.iter().map(|(value, _)| *value).collect();
                    wrong(format!("it takes {}", known.join(", ")))
                })
            }
            Day => {
                let day = text.filter(|text| NaiveDate::parse_from_str(text, "%Y-%m-%d").is_ok());
                day.map(|day| day.into_owned())
                    .ok_or_else(|| wrong("give a date such as \"2026-01-31\"".to_owned()))
            }
        }
    }
}

/// Whether a value of Fortnox is the wanted one, whichever way a number or a flag is written.
fn same(there: &RawValue, wanted: &RawJson) -> bool {
    let text = |json: &str| {
        serde_json::from_str::<HeadText<'_>>(json).ok().and_then(|text| text.0.map(|text| text.into_owned()))
    };
    let (one, other) = (there.get(), wanted.get().trim());
    if one == other {
        return true;
    }
    match (text(one), text(other)) {
        (Some(one), Some(other)) => one == other,
        (Some(one), None) if matches!(other, "true" | "false") => one == other,
        _ => {
            let number = |json: &str| exact::decimal(json.trim_matches('"').trim()).ok();
            number(one).is_some_and(|one| number(other) == Some(one))
        }
    }
}

/// The name at the top of a path.
pub(crate) fn name(field: &FieldPath) -> &str {
    field.as_str().split('/').nth(1).unwrap_or_default()
}

/// Fails with `Config`, naming what was probably meant, when the entity has no such field.
pub(crate) fn known(endpoint: &Endpoint, field: &FieldPath) -> Result<()> {
    if endpoint.field(name(field)).is_some() { Ok(()) } else { Err(unknown(endpoint, field)) }
}

fn unknown(endpoint: &Endpoint, field: &FieldPath) -> Error {
    let shown = excerpt(field.as_str(), 80);
    let names = endpoint.fields.iter().map(|field| field.name);
    let advice = match nearest(name(field), names) {
        Some(meant) => format!("did you mean \"/{meant}\"? Discover lists the fields"),
        None => "discover lists the fields".to_owned(),
    };
    Error::new(ErrorKind::Config, format!("Fortnox's {} have no field {shown:?}", endpoint.name))
        .with_advice(advice)
}

fn one_filter() -> Error {
    Error::unsupported("a second filter of Fortnox's own in one read")
        .with_advice("take one of them, and choose among what comes")
}

fn about(endpoint: &Endpoint, field: &FieldPath, error: Error) -> Error {
    error.with_context("entity", endpoint.name).with_context("field", excerpt(field.as_str(), 80))
}

/// What can be filtered by.
pub(crate) fn possible(endpoint: &Endpoint) -> String {
    let params = endpoint.params.iter().map(|param| param.field);
    let names: Vec<String> = params.map(|name| format!("/{name}")).collect();
    if names.is_empty() {
        return "read the entity and choose from what comes".to_owned();
    }
    format!("Fortnox filters by {}; what its lists show is compared too", names.join(", "))
}

/// The parameter that finds records by a field's text, for a look-up.
pub(crate) fn finds(endpoint: &'static Endpoint, field: &FieldPath, value: &RawJson) -> Result<Filters> {
    let name = name(field);
    let is_text = endpoint.params.iter().any(|param| param.field == name && matches!(param.takes, Text));
    known(endpoint, field)?;
    if !is_text {
        let error = Error::unsupported("looking Fortnox records up by this field");
        let texts: Vec<String> = endpoint
            .params
            .iter()
            .filter(|param| matches!(param.takes, Text))
            .map(|param| format!("/{}", param.field))
            .collect();
        let advice = if texts.is_empty() {
            "look them up by key, or read the entity and compare".to_owned()
        } else {
            format!("it works for {}", texts.join(", "))
        };
        return Err(about(endpoint, field, error.with_advice(advice)));
    }
    let plan = Filters::of(endpoint, &[Filter::equals(field.clone(), value.clone())])?;
    if plan.sent.is_empty() {
        let error = Error::new(ErrorKind::Config, "Fortnox searches for texts and numbers only");
        return Err(about(endpoint, field, error.with_advice("give a text that is not empty")));
    }
    Ok(plan)
}
