//! What Fortnox does to a record that is no write of it: bookkeeping, cancelling, crediting, sending.
//!
//! Sources: <https://apps.fortnox.se/apidocs>, of each document the paths below its number.

use http::Method;
use serde_json::json;
use tieline_core::{Action as Described, Error, ErrorKind, Key, Outcome, RawJson, Record, Result};
use tieline_kit::{Call, HeadKey, excerpt, nearest};

use crate::draft::refused;
use crate::endpoints::Endpoint;
use crate::list;

/// An action of an entity.
#[derive(Debug)]
pub(crate) struct Action {
    entity: &'static str,
    pub(crate) name: &'static str,
    title: &'static str,
    path: &'static str,
    method: Method,
    /// The entity of the record that the answer holds.
    gives: &'static str,
}

macro_rules! action {
    ($entity:literal, $name:literal, $method:ident $path:literal, $title:literal) => {
        action!($entity, $name, $method $path, $title, $entity)
    };
    ($entity:literal, $name:literal, $method:ident $path:literal, $title:literal, $gives:literal) => {
        Action { entity: $entity, name: $name, title: $title, path: $path, method: Method::$method, gives: $gives }
    };
}

/// A GET here changes things as much as a PUT does: `email` sends a letter each time.
static ACTIONS: &[Action] = &[
    action!("invoices", "bookkeep", PUT "/3/invoices/{DocumentNumber}/bookkeep", "Bookkeep"),
    action!("invoices", "cancel", PUT "/3/invoices/{DocumentNumber}/cancel", "Cancel"),
    action!("invoices", "credit", PUT "/3/invoices/{DocumentNumber}/credit", "Make a credit note"),
    action!("invoices", "email", GET "/3/invoices/{DocumentNumber}/email", "Send by e-mail"),
    action!("invoices", "einvoice", GET "/3/invoices/{DocumentNumber}/einvoice", "Send as e-invoice"),
    action!("invoices", "eprint", GET "/3/invoices/{DocumentNumber}/eprint", "Send by the print service"),
    action!("invoices", "externalprint", PUT "/3/invoices/{DocumentNumber}/externalprint", "Mark as sent"),
    action!("invoices", "warehouseready", PUT "/3/invoices/{DocumentNumber}/warehouseready", "Mark as delivered"),
    action!("orders", "cancel", PUT "/3/orders/{DocumentNumber}/cancel", "Cancel"),
    action!("orders", "createinvoice", PUT "/3/orders/{DocumentNumber}/createinvoice", "Make an invoice", "invoices"),
    action!("orders", "email", GET "/3/orders/{DocumentNumber}/email", "Send by e-mail"),
    action!("orders", "externalprint", PUT "/3/orders/{DocumentNumber}/externalprint", "Mark as sent"),
    action!("offers", "cancel", PUT "/3/offers/{DocumentNumber}/cancel", "Cancel"),
    action!("offers", "createinvoice", PUT "/3/offers/{DocumentNumber}/createinvoice", "Make an invoice", "invoices"),
    action!("offers", "createorder", PUT "/3/offers/{DocumentNumber}/createorder", "Make an order", "orders"),
    action!("offers", "email", GET "/3/offers/{DocumentNumber}/email", "Send by e-mail"),
    action!("offers", "externalprint", PUT "/3/offers/{DocumentNumber}/externalprint", "Mark as sent"),
    action!("invoicepayments", "bookkeep", PUT "/3/invoicepayments/{Number}/bookkeep", "Bookkeep"),
    action!("supplierinvoices", "bookkeep", PUT "/3/supplierinvoices/{GivenNumber}/bookkeep", "Bookkeep"),
    action!("supplierinvoices", "cancel", PUT "/3/supplierinvoices/{GivenNumber}/cancel", "Cancel"),
    action!("supplierinvoices", "credit", PUT "/3/supplierinvoices/{GivenNumber}/credit", "Make a credit note"),
    action!(
        "supplierinvoices",
        "approvalpayment",
        PUT "/3/supplierinvoices/{GivenNumber}/approvalpayment",
        "Approve for payment"
    ),
    action!(
        "supplierinvoices",
        "approvalbookkeep",
        PUT "/3/supplierinvoices/{GivenNumber}/approvalbookkeep",
        "Approve for bookkeeping"
    ),
];

/// The actions of an entity, for its catalog. None may be done twice.
pub(crate) fn described(endpoint: &Endpoint) -> Vec<Described> {
    let input = json!({ "type": "object", "additionalProperties": false });
    let mine = ACTIONS.iter().filter(|action| action.entity == endpoint.name);
    mine.map(|action| Described::new(action.name, action.title, input.clone())).collect()
}

/// The action of that name. Fails with `Rejected`.
pub(crate) fn named(endpoint: &Endpoint, name: &str) -> Result<&'static Action> {
    let mine = || ACTIONS.iter().filter(|action| action.entity == endpoint.name);
    mine().find(|action| action.name == name).ok_or_else(|| {
        let shown = excerpt(name, 64);
        let error = refused(endpoint, format!("Fortnox's {} have no action {shown:?}", endpoint.name));
        let names: Vec<&str> = mine().map(|action| action.name).collect();
        match nearest(name, names.iter().copied()) {
            Some(meant) => error.with_advice(format!("did you mean {meant:?}?")),
            None if names.is_empty() => error.with_advice("they have none"),
            None => error.with_advice(format!("there are {}", names.join(", "))),
        }
    })
}

impl Action {
    /// The request, which is never sent twice. Fails with `Rejected` for input, which no action takes.
    pub(crate) fn call(&self, endpoint: &Endpoint, key: &Key, input: &RawJson) -> Result<Call> {
        if !matches!(input.get().trim(), "{}" | "null") {
            return Err(refused(endpoint, format!("{:?} takes no input", self.name))
                .with_advice("write the record's fields first, then invoke it with {}"));
        }
        let call = endpoint.at(self.method.clone(), self.path, key.as_str()).ok_or_else(|| {
            refused(endpoint, format!("{:?} is no key of {}", excerpt(key.as_str(), 64), endpoint.name))
        })?;
        Ok(call.idempotent(false))
    }

    /// What an answer says was done: the record afterwards, or the key of the one that was made. `None` when it is no
    /// answer of Fortnox.
    pub(crate) fn outcome(&self, asked: Key, text: &str) -> Option<Outcome> {
        let gives = Endpoint::named(self.gives).ok()?;
        let made = |wrapper: &str| list::inner(wrapper, text).ok();
        if let Some(raw) = made(gives.one) {
            let key = gives.key_of(raw.get())?;
            let record = Record::new(key.clone(), RawJson::from_raw(raw));
            let done = Outcome::applied(Some(key));
            return Some(if self.gives == self.entity { done.with_record(record) } else { done });
        }
        RawJson::parse(text).ok()?;
        if self.gives == self.entity {
            return Some(Outcome::applied(Some(asked)));
        }
        // The document that it was made from may come back, with a reference to the one that was made.
        let reference = if self.gives == "invoices" { "/InvoiceReference" } else { "/OrderReference" };
        let key = ["Offer", "Order"].into_iter().find_map(made).and_then(|raw| {
            let key = tieline_core::json::at(raw.get(), reference).ok()??;
            serde_json::from_str::<HeadKey>(key.get()).ok()?.0.filter(|key| key.as_str() != "0")
        });
        Some(Outcome::applied(key))
    }

    /// What is said when an answer does not say what was done.
    pub(crate) fn unreadable(&self, endpoint: &Endpoint) -> Error {
        Error::new(ErrorKind::Decode, format!("Fortnox's answer does not hold the result of {:?}", self.name))
            .with_context("entity", endpoint.name)
    }
}
