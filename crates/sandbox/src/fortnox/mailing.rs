//! Documents on their way to somebody: printed, or sent. Fortnox does this on GET.

use bytes::Bytes;
use chrono::{DateTime, Utc};
use http::StatusCode;

use super::refusal::Refusal;
use super::schema::Entity;
use super::state::{State, int_of};
use super::table::{Key, plain};
use super::{local_time, routes};
use crate::reply::Reply;

/// What a document can be told by a GET. All but the preview change it.
pub(crate) fn send(
    state: &mut State,
    entity: Entity,
    key: &Key,
    how: &str,
    now: DateTime<Utc>,
) -> Result<Reply, Refusal> {
    let record = state.find(entity, key)?;
    let number = record.text("DocumentNumber");
    match (entity, how) {
        (_, "preview") => Ok(pdf(&number)),
        (_, "print") => {
            mark_sent(state, entity, key, now);
            Ok(pdf(&number))
        }
        (Entity::Invoices, "printreminder") => {
            if !record.flag("Booked") || record.text("Balance") == "0" {
                return Err(Refusal::state("Det finns inget att påminna om."));
            }
            let reminders = int_of(record.get("Reminders")).unwrap_or_default() + 1;
            state.change(entity, key, now, |invoice| {
                invoice.set("Reminders", reminders);
                invoice.set("LastRemindDate", local_time::today(now).to_string());
            });
            Ok(pdf(&number))
        }
        (_, "email") => {
            let customer = Key::new(record.text("CustomerNumber"));
            let of_customer = state.get(Entity::Customers, &customer).map(|customer| customer.text("Email"));
            let to = record.get("EmailInformation").get("EmailAddressTo").map(plain);
            if to.or(of_customer).is_none_or(|address| address.is_empty()) {
                return Err(Refusal::state("E-postadress saknas."));
            }
            mark_sent(state, entity, key, now);
            routes::one(state, entity, key, StatusCode::OK)
        }
        (Entity::Invoices, "einvoice" | "eprint") => {
            mark_sent(state, entity, key, now);
            routes::one(state, entity, key, StatusCode::OK)
        }
        _ => Err(routes::no_route()),
    }
}

pub(crate) fn mark_sent(state: &mut State, entity: Entity, key: &Key, now: DateTime<Utc>) {
    state.change(entity, key, now, |document| document.set("Sent", true));
}

/// The smallest document that readers of PDF take, with the number in its title.
fn pdf(number: &str) -> Reply {
    let text = format!(
        "%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n\
         3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]>>endobj\n4 0 obj<</Title({number})>>endobj\n\
         trailer<</Root 1 0 R/Info 4 0 R>>\n%%EOF\n"
    );
    Reply::text(StatusCode::OK, "application/pdf", Bytes::from(text))
        .with_header("content-disposition", &format!("attachment; filename=\"{number}.pdf\""))
}
