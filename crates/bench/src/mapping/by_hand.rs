//! The same thirty fields as one would write them by hand: structs that borrow, and a struct that is written.

use std::borrow::Cow;

use chrono::{DateTime, NaiveDate, Utc};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use tieline_core::exact;

use crate::Result;

#[derive(Deserialize)]
struct Deal<'a> {
    id: u64,
    #[serde(borrow)]
    title: Option<Cow<'a, str>>,
    owner_id: Option<u64>,
    #[serde(default, with = "exact::option")]
    value: Option<Decimal>,
    person_id: Option<u64>,
    org_id: Option<u64>,
    stage_id: Option<u64>,
    pipeline_id: Option<u64>,
    currency: Option<&'a str>,
    add_time: Option<DateTime<Utc>>,
    update_time: Option<DateTime<Utc>>,
    stage_change_time: Option<DateTime<Utc>>,
    status: Status,
    is_archived: bool,
    is_deleted: bool,
    probability: Option<u64>,
    #[serde(borrow)]
    lost_reason: Option<Cow<'a, str>>,
    close_time: Option<DateTime<Utc>>,
    won_time: Option<DateTime<Utc>>,
    lost_time: Option<DateTime<Utc>>,
    local_won_date: Option<NaiveDate>,
    local_lost_date: Option<NaiveDate>,
    local_close_date: Option<NaiveDate>,
    expected_close_date: Option<NaiveDate>,
    #[serde(borrow)]
    label_ids: Option<&'a RawValue>,
    origin: Option<&'a str>,
    channel: Option<u64>,
    #[serde(default, with = "exact::option")]
    arr: Option<Decimal>,
    #[serde(default, with = "exact::option")]
    mrr: Option<Decimal>,
    custom_fields: CustomFields,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Status {
    Open,
    Won,
    Lost,
}

#[derive(Deserialize)]
struct CustomFields {
    #[serde(rename = "b2c4e6f80a1c3e5f70829406a8b0c2d4e6f80a1c")]
    deposit: Option<Amount>,
}

#[derive(Deserialize)]
struct Amount {
    #[serde(default, with = "exact::option")]
    value: Option<Decimal>,
}

#[derive(Serialize)]
struct Mapped<'a> {
    id: String,
    title: Option<&'a str>,
    owner: Option<u64>,
    #[serde(with = "exact::option")]
    value: Option<Decimal>,
    person: Option<String>,
    organization: Option<String>,
    stage_id: Option<u64>,
    pipeline_id: Option<u64>,
    currency: Option<&'a str>,
    created_at: Option<DateTime<Utc>>,
    updated_at: Option<DateTime<Utc>>,
    stage_changed_at: Option<DateTime<Utc>>,
    stage: Stage,
    archived: bool,
    deleted: bool,
    probability: Option<u64>,
    lost_reason: Option<&'a str>,
    closed_at: Option<DateTime<Utc>>,
    won_at: Option<DateTime<Utc>>,
    lost_at: Option<DateTime<Utc>>,
    won_on: Option<NaiveDate>,
    lost_on: Option<NaiveDate>,
    closed_on: Option<NaiveDate>,
    expected_on: Option<NaiveDate>,
    labels: Option<&'a RawValue>,
    origin: Option<String>,
    channel: Option<String>,
    #[serde(with = "exact::option")]
    yearly: Option<Decimal>,
    #[serde(with = "exact::option")]
    monthly: Option<Decimal>,
    #[serde(with = "exact::option")]
    deposit: Option<Decimal>,
}

#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
enum Stage {
    Proposal,
    Won,
    Lost,
}

fn money(value: Option<Decimal>) -> Option<Decimal> {
    value.map(|value| {
        let mut rounded = value.round_dp(2);
        rounded.rescale(2);
        rounded
    })
}

pub(super) fn map(json: &str) -> Result<String> {
    let deal: Deal<'_> = serde_json::from_str(json)?;
    let text = |number: Option<u64>| number.map(|number| number.to_string());
    Ok(serde_json::to_string(&Mapped {
        id: deal.id.to_string(),
        title: deal.title.as_deref(),
        owner: deal.owner_id,
        value: money(deal.value),
        person: text(deal.person_id),
        organization: text(deal.org_id),
        stage_id: deal.stage_id,
        pipeline_id: deal.pipeline_id,
        currency: deal.currency,
        created_at: deal.add_time,
        updated_at: deal.update_time,
        stage_changed_at: deal.stage_change_time,
        stage: match deal.status {
            Status::Open => Stage::Proposal,
            Status::Won => Stage::Won,
            Status::Lost => Stage::Lost,
        },
        archived: deal.is_archived,
        deleted: deal.is_deleted,
        probability: deal.probability,
        lost_reason: deal.lost_reason.as_deref(),
        closed_at: deal.close_time,
        won_at: deal.won_time,
        lost_at: deal.lost_time,
        won_on: deal.local_won_date,
        lost_on: deal.local_lost_date,
        closed_on: deal.local_close_date,
        expected_on: deal.expected_close_date,
        labels: deal.label_ids,
        origin: deal.origin.map(str::to_lowercase),
        channel: text(deal.channel),
        yearly: money(deal.arr),
        monthly: money(deal.mrr),
        deposit: money(deal.custom_fields.deposit.and_then(|amount| amount.value)),
    })?)
}
