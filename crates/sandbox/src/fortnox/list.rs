//! Lists: what is kept of a table, in which order, and which page of it.

use std::cmp::Ordering;

use chrono::{DateTime, NaiveDate, Utc};

use super::query::{Filter, Page, Query};
use super::refusal::Refusal;
use super::schema::Entity;
use super::state::{LastModified, State, int_of};
use super::table::{Key, Record, plain};
use super::{local_time, show};
use crate::faults::PageTwist;
use crate::{Json, Moment, Object};

type Rows<'a> = Vec<(&'a Key, &'a Record)>;

/// The page that a request asks for, with what it says about all of them.
pub(crate) fn page(
    state: &State,
    entity: Entity,
    series: Option<&str>,
    query: &Query,
    moment: Moment,
) -> Result<Json, Refusal> {
    let rows = rows(state, entity, series, query, moment.now)?;
    let Page { limit, start } = query.page;
    let start = if moment.twist == PageTwist::RepeatToken { 0 } else { start };
    let meta = Object::default()
        .with("@TotalResources", rows.len())
        .with("@TotalPages", rows.len().div_ceil(limit))
        .with("@CurrentPage", start / limit + 1);
    let mut shown: Vec<Json> = rows
        .iter()
        .skip(start)
        .take(limit)
        .map(|(key, record)| show::row(state, entity, key, record))
        .collect();
    match moment.twist {
        PageTwist::Empty => shown.clear(),
        PageTwist::Duplicate => shown.extend(shown.last().cloned()),
        _ => {}
    }
    Ok(Object::default().with("MetaInformation", meta).with(entity.plural(), shown).into())
}

fn rows<'a>(
    state: &'a State,
    entity: Entity,
    series: Option<&str>,
    query: &Query,
    now: DateTime<Utc>,
) -> Result<Rows<'a>, Refusal> {
    let manner = state.last_modified.get(&entity).copied().unwrap_or(LastModified::Inclusive);
    if query.since.is_some() && manner == LastModified::Rejected {
        return Err(Refusal::parameter());
    }
    let year = match (query.year, query.year_at) {
        (None, None) if entity.by_year() => Some(state.year_or_current(None, now)?),
        (None, None) => None,
        (Some(id), _) => Some(state.year_or_current(Some(id), now)?),
        (None, Some(day)) => Some(state.year_or_current(state.year_of(day).or(Some(0)), now)?),
    };
    let year_days = year.and_then(|id| state.year_days(id));
    let keeps = |key: &Key, record: &Record| {
        let changed = local_time::local(record.modified);
        let recent = match (query.since, manner) {
            (None, _) | (_, LastModified::Ignored | LastModified::Rejected) => true,
            (Some(since), LastModified::Inclusive) => changed >= since,
            (Some(since), LastModified::Exclusive) => changed > since,
        };
        let day =
            entity.date_field().and_then(|name| record.get(name).as_str()).and_then(local_time::parse_date);
        let in_year = if entity.by_year() {
            year.is_none_or(|year| key.year == year)
        } else {
            within(day, year_days.map(|days| days.0), year_days.map(|days| days.1))
        };
        recent
            && in_year
            && within(day, query.from, query.to)
            && series.is_none_or(|series| key.series == series)
            && query.filters.iter().all(|filter| fits(filter, record, now))
    };
    let mut rows: Rows<'a> = state.table(entity).iter().filter(|(key, record)| keeps(key, record)).collect();
    if let Some(field) = query.sort.filter(|field| *field != entity.key_field()) {
        rows.sort_by(|(_, left), (_, right)| compare(left.get(field), right.get(field)));
    }
    if query.descending {
        rows.reverse();
    }
    Ok(rows)
}

/// Whether a document's day lies between two others. Resources without a day are everywhere.
fn within(day: Option<NaiveDate>, from: Option<NaiveDate>, to: Option<NaiveDate>) -> bool {
    day.is_none_or(|day| from.is_none_or(|from| day >= from) && to.is_none_or(|to| day <= to))
}

fn compare(left: &Json, right: &Json) -> Ordering {
    let number = |value: &Json| plain(value).parse::<rust_decimal::Decimal>().ok();
    match (number(left), number(right)) {
        (Some(left), Some(right)) => left.cmp(&right),
        _ => plain(left).cmp(&plain(right)),
    }
}

fn fits(filter: &Filter, record: &Record, now: DateTime<Utc>) -> bool {
    let (parameter, field, value) = match filter {
        Filter::Named(name) => return is(name, record, now),
        Filter::Field { parameter, field, value } => (*parameter, *field, value),
    };
    let at = || local_time::parse_date(&record.text(field));
    let wanted = || local_time::parse_date(value);
    let accounts = |fits: fn(&i64, &i64) -> bool| {
        let number = value.parse().unwrap_or_default();
        in_rows(record, field).filter_map(int_of).any(|account| fits(&account, &number))
    };
    match parameter {
        "fromfinalpaydate" => at().zip(wanted()).is_some_and(|(at, from)| at >= from),
        "tofinalpaydate" => at().zip(wanted()).is_some_and(|(at, to)| at <= to),
        "accountnumberfrom" => accounts(i64::ge),
        "accountnumberto" => accounts(i64::le),
        "date" => record.text("FromDate") <= *value && *value <= record.text("ToDate"),
        _ => contains(record, field, value),
    }
}

/// The values of a field of the rows, such as `InvoiceRows.ArticleNumber`.
fn in_rows<'a>(record: &'a Record, field: &'a str) -> impl Iterator<Item = &'a Json> {
    let (rows, field) = field.split_once('.').unwrap_or((field, ""));
    record.get(rows).as_array().unwrap_or_default().iter().filter_map(move |row| row.get(field))
}

/// A part of the text, in any case, as the provider's database compares. A flag must be the same.
fn contains(record: &Record, field: &str, value: &str) -> bool {
    let value = value.to_lowercase();
    let holds = |stored: &Json| plain(stored).to_lowercase().contains(&value);
    if field.contains('.') {
        return in_rows(record, field).any(holds);
    }
    match record.get(field) {
        Json::Bool(flag) => flag.to_string() == value,
        Json::Null if matches!(field, "Sent" | "NotCompleted" | "Credit" | "WebshopArticle") => {
            value == "false"
        }
        stored => holds(stored),
    }
}

/// Whether a record is what a value of `filter` names.
fn is(name: &str, record: &Record, now: DateTime<Utc>) -> bool {
    let today = local_time::today(now).to_string();
    let (cancelled, booked) = (record.flag("Cancelled"), record.flag("Booked"));
    let open = !matches!(record.text("Balance").as_str(), "" | "0") && !cancelled;
    let passed = |name: &str| !record.text(name).is_empty() && record.text(name) < today;
    let made = |name: &str| !matches!(record.text(name).as_str(), "" | "0");
    match name {
        "active" => record.flag("Active"),
        "inactive" => !record.flag("Active"),
        "cancelled" => cancelled,
        "fullypaid" => !open && !cancelled && booked,
        "unpaid" => open,
        "unpaidoverdue" => open && passed("DueDate"),
        "unbooked" => !booked && !cancelled,
        "pendingpayment" => record.flag("PaymentPending"),
        "authorizepending" => !record.flag("PaymentPending") && !booked && !cancelled,
        "invoicecreated" => made("InvoiceReference"),
        "invoicenotcreated" => !made("InvoiceReference") && !cancelled,
        "ordercreated" => made("OrderReference"),
        "ordernotcreated" => !made("OrderReference") && !cancelled,
        "expired" => passed("ExpireDate"),
        "completed" => !record.flag("NotCompleted"),
        "notcompleted" => record.flag("NotCompleted"),
        _ => false,
    }
}
