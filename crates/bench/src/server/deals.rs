//! Deals as Pipedrive's v2 API writes them: about 1.5 kB each, with custom fields, null in many places, and Swedish.

use std::fmt::{Display, Write as _};

use chrono::{DateTime, SecondsFormat, TimeDelta};

/// As many as Pipedrive allows.
pub(super) const PAGE: u64 = 500;

const CUSTOMERS: [&str; 8] = [
    "Åkessons Plåtslageri AB",
    "Östersunds Bygg & Måleri",
    "Fjällräven Logistik",
    "Lidköpings Gräv och Schakt AB",
    "Mälardalens Kök HB",
    "Sjöbergs Åkeri i Västerås",
    "Norrköpings El & Värme AB",
    "Bröderna Håkansson Trä",
];
const SUBJECTS: [&str; 6] = [
    "Förnyelse av serviceavtal",
    "Ny order på lagerhyllor",
    "Utökning med två användare",
    "Årsabonnemang, större paket",
    "Inköp av reservdelar till gräsklippare",
    "Översyn av värmeanläggning",
];
const NOTES: [&str; 4] = [
    "Kunden vill ha leverans före midsommar.\nRing \"växeln\" och fråga efter Åsa, hon är ensam behörig att skriva på.",
    "Väntar på besked från styrelsen, nästa möte är på måndag. Skicka underlaget igen på fredag eftermiddag.",
    "Priset är förhandlat: 12,5 % rabatt på första året, därefter listpris. Faktureras kvartalsvis i förskott.",
    "Jämför med offerten från i våras; då föll det på leveranstiden. Nu finns allt på lagret i Jönköping.",
];

const STREETS: [&str; 3] = [
    "Södra Hamngatan 47, 411 06 Göteborg (lastkaj på baksidan)",
    "Kungsängsgatan 12, 753 22 Uppsala, tredje våningen till vänster",
    "Storgatan 8, 903 26 Umeå, ingång från gården, ring på porten",
];

/// How many pages so many records fill.
pub(crate) fn pages(records: u64) -> u64 {
    records.div_ceil(PAGE)
}

/// The answer with page number `page` of a list of `records`.
pub(crate) fn page(page: u64, records: u64) -> String {
    let first = page * PAGE;
    let last = (first + PAGE).min(records);
    let mut text = String::with_capacity(800_000);
    text.push_str(r#"{"success":true,"data":["#);
    for number in first..last {
        if number > first {
            text.push(',');
        }
        text.push_str(&deal(number));
    }
    text.push_str(r#"],"additional_data":{"next_cursor":"#);
    if last < records {
        let _ = write!(text, r#""{}""#, cursor(page + 1));
    } else {
        text.push_str("null");
    }
    text.push_str("}}");
    text
}

/// The page token that asks for page number `page`.
pub(super) fn cursor(page: u64) -> String {
    format!("page-{page:06}")
}

/// The page that a token asks for.
pub(super) fn page_of(cursor: &str) -> Option<u64> {
    cursor.strip_prefix("page-")?.parse().ok()
}

/// The same every time, and different for each number in key, time of change and most else.
fn deal(number: u64) -> String {
    let id = 1_000_000 + number;
    let (status, won, lost) = match number % 5 {
        0 => ("won", true, false),
        1 => ("lost", false, true),
        _ => ("open", false, false),
    };
    // In a list by id, the times of change come in no order.
    let add = number * 17;
    let closed = time(add + number * 7919 % 864_000);
    let update = time(add + 864_000 + number * 104_729 % 2_592_000);
    let add = time(add);
    let closed_on = closed.get(..10).unwrap_or_default();
    let (customer, subject) = (pick(&CUSTOMERS, number), pick(&SUBJECTS, number / 3));
    let value = format!("{}.{:02}", number * 7919 % 900_000 + 1_000, number % 100);

    let mut deal = Object::new();
    deal.raw("id", id)
        .text("title", &format!("{subject} – {customer}"))
        .raw("creator_user_id", 11_400 + number % 9)
        .raw("owner_id", 11_400 + number % 7)
        .raw("value", &value)
        .raw("person_id", 300_000 + number % 70_000)
        .raw("org_id", 500_000 + number % 20_000)
        .raw("stage_id", 1 + number % 6)
        .raw("pipeline_id", 1 + number % 2)
        .text("currency", "SEK")
        .raw("archive_time", "null")
        .text("add_time", &add)
        .text("update_time", &update)
        .some_text("stage_change_time", !number.is_multiple_of(4), &closed)
        .text("status", status)
        .raw("is_archived", "false")
        .raw("is_deleted", "false")
        .raw("probability", if number.is_multiple_of(3) { "75" } else { "null" })
        .some_text("lost_reason", lost, "För dyrt jämfört med nuvarande leverantör")
        .raw("visible_to", 3)
        .some_text("close_time", won || lost, &closed)
        .some_text("won_time", won, &closed)
        .some_text("lost_time", lost, &closed)
        .some_text("local_won_date", won, closed_on)
        .some_text("local_lost_date", lost, closed_on)
        .some_text("local_close_date", won || lost, closed_on)
        .text("expected_close_date", closed_on)
        .raw("label_ids", if number.is_multiple_of(2) { "[12,47]" } else { "[]" })
        .text("origin", "ManuallyCreated")
        .raw("origin_id", "null")
        .raw("channel", 52)
        .text("channel_id", "Nyhetsbrevet i våras, inbjudan till öppet hus")
        .raw("source_lead_id", "null")
        .raw("arr", &value)
        .raw("mrr", format!("{}.50", number % 10_000))
        .raw("acv", "null")
        .raw("custom_fields", custom_fields(number, customer));
    deal.end()
}

/// Custom fields are named by hashes of 40 digits; the account's own words stand only in its field definitions.
fn custom_fields(number: u64, customer: &str) -> String {
    let mut amount = Object::new();
    amount.raw("value", format!("{}.75", number % 50_000)).text("currency", "SEK");
    let mut fields = Object::new();
    fields
        .text("9dc80c2ea0e1c1d9b8a3c4f5d6e7f8091a2b3c4d", pick(&NOTES, number))
        .text(
            "4f1e2d3c5b6a79880716253443526170f8e9dacb",
            &format!("5560{:02}-{:04}", number % 97, number % 9_999),
        )
        .raw("b2c4e6f80a1c3e5f70829406a8b0c2d4e6f80a1c", amount.end())
        .raw("07f1d3b5978a6c4e20f2d4b69887a6c5e4f30211", "null")
        .raw("e81d2c3b4a5968778695a4b3c2d1e0ff0e1d2c3b", "[3,17,204]")
        .text("5a4b3c2d1e0f9e8d7c6b5a4938271605f4e3d2c1", &format!("Referens {customer}"))
        .text("3c9d5e7f1a2b4c6d8e0f9a8b7c6d5e4f3a2b1c0d", pick(&STREETS, number / 2))
        .raw("c0ffee00d15ea5e0badc0de0feedface0defaced", "null");
    fields.end()
}

fn time(seconds: u64) -> String {
    // 2025-01-01; an overflow would take more deals than memory holds.
    let start = DateTime::UNIX_EPOCH + TimeDelta::days(20_089);
    let seconds = i64::try_from(seconds).unwrap_or_default();
    (start + TimeDelta::seconds(seconds)).to_rfc3339_opts(SecondsFormat::Secs, true)
}

fn pick<'a>(from: &[&'a str], number: u64) -> &'a str {
    from.iter().cycle().nth(usize::try_from(number % 1_000).unwrap_or_default()).copied().unwrap_or_default()
}

/// A JSON object whose members stay in the order given, and whose numbers stay as they are written.
struct Object(String);

impl Object {
    fn new() -> Self {
        Self("{".to_owned())
    }

    fn raw(&mut self, name: &str, value: impl Display) -> &mut Self {
        if self.0.len() > 1 {
            self.0.push(',');
        }
        let _ = write!(self.0, r#""{name}":{value}"#);
        self
    }

    fn text(&mut self, name: &str, text: &str) -> &mut Self {
        self.raw(name, serde_json::Value::from(text))
    }

    fn some_text(&mut self, name: &str, some: bool, text: &str) -> &mut Self {
        if some { self.text(name, text) } else { self.raw(name, "null") }
    }

    fn end(&mut self) -> String {
        self.0.push('}');
        std::mem::take(&mut self.0)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use serde_json::Value;

    use super::*;

    #[test]
    fn deals_have_the_size_that_is_promised() {
        let (page, envelope) = (page(0, 1_000), r#"{"success":true,"data":[],"additional_data":{}}"#);
        let each = (page.len() - envelope.len()) / 500;
        assert!((1_480..=1_520).contains(&each), "{each} bytes");
    }

    #[test]
    fn pages_lead_through_all_records_once() {
        let (mut ids, mut at) = (HashSet::new(), Some(0));
        while let Some(number) = at {
            let page: Value = serde_json::from_str(&page(number, 1_201)).unwrap();
            assert_eq!(page["success"], true);
            for deal in page["data"].as_array().unwrap() {
                assert!(ids.insert(deal["id"].as_u64().unwrap()));
                assert!(deal["update_time"].as_str().unwrap().ends_with('Z'));
                assert!(deal["custom_fields"].is_object());
            }
            at = page["additional_data"]["next_cursor"].as_str().and_then(page_of);
            assert!(at.is_none_or(|next| next == number + 1));
        }
        assert_eq!(ids.len(), 1_201);
        assert_eq!(page_of("x"), None);
    }
}
