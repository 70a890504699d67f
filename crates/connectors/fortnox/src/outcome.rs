//! What the answer of an action says was done: the record afterwards, or the document that was made.

use tieline_core::http::HttpResponse;
use tieline_core::{Error, ErrorKind, Key, Outcome, RawJson, Record, json};
use tieline_kit::{HeadKey, outcome_of};

use crate::entities::Entity;

/// The outcome of an action; `None` where the answer is JSON and holds no document.
pub(crate) fn of_action(entity: &Entity, action: &str, response: &HttpResponse) -> Option<Outcome> {
    let text = response.text().ok().filter(|text| RawJson::parse(*text).is_ok());
    let Some(text) = text else {
        let error = Error::new(ErrorKind::Decode, "Fortnox's answer does not hold the result of the action")
            .with_context("entity", entity.name);
        return Some(outcome_of(error, false));
    };
    let key_in = |wrapper: &str, member: &str| key_at(text, &format!("/{wrapper}/{member}"));
    let made = match action {
        "createinvoice" => ("Invoice", "/InvoiceReference"),
        "createorder" => ("Order", "/OrderReference"),
        _ => {
            let raw = json::at(text, &format!("/{}", entity.one)).ok()??;
            let key = key_in(entity.one, entity.key)?;
            let record = Record::new(key.clone(), RawJson::from_raw(raw));
            return Some(Outcome::applied(Some(key)).with_record(record));
        }
    };
    let (wrapper, reference) = made;
    // The document that it was made from may come back, with a reference to the one that was made.
    let of_reference = || {
        let found =
            ["Offer", "Order", "Contract"].iter().find_map(|one| key_at(text, &format!("/{one}{reference}")));
        found.filter(|key| key.as_str() != "0")
    };
    Some(Outcome::applied(key_in(wrapper, "DocumentNumber").or_else(of_reference)))
}

fn key_at(text: &str, pointer: &str) -> Option<Key> {
    let raw = json::at(text, pointer).ok()??;
    serde_json::from_str::<HeadKey>(raw.get()).ok()?.0
}
