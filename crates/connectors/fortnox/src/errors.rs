//! Fortnox's error codes: what each means here, and what to do about it.
//!
//! Source: <https://www.fortnox.se/developer/guides-and-good-to-know/errors>.

use tieline_core::ErrorKind;
use tieline_core::ErrorKind::{
    Config, Conflict, Forbidden, NotFound, Rejected, Unauthenticated, Unavailable,
};

/// What a code means.
#[derive(Debug)]
pub(crate) struct Meaning {
    pub(crate) kind: ErrorKind,
    pub(crate) message: &'static str,
    pub(crate) advice: &'static str,
}

const fn meaning(kind: ErrorKind, message: &'static str, advice: &'static str) -> Option<Meaning> {
    Some(Meaning { kind, message, advice })
}

/// An unknown filter and an invalid parameter.
pub(crate) const BAD_PARAMETERS: [&str; 2] = ["2000587", "2000588"];

const LATER: &str = "go on later from the last stored state";
const REPORT: &str = "report it: the connector sends something that Fortnox does not take";
const RECONNECT: &str = "connect the company again";
const SET_UP: &str = "set it up in Fortnox, or name another that exists";

/// What a code means, when it is a known one.
pub(crate) fn meaning_of(code: &str) -> Option<Meaning> {
    match code {
        "1000003" => meaning(Unavailable, "Fortnox has a fault", LATER),
        "1000030" | "1000031" => meaning(Config, "Fortnox does not take this media type", REPORT),
        "2000310" | "2000311" => meaning(Unauthenticated, "Fortnox does not accept the token", RECONNECT),
        "2000663" => meaning(
            Forbidden,
            "the connection lacks a scope for this",
            "connect the company again and grant the scope of this entity; no licence helps",
        ),
        "2001101" => meaning(
            Forbidden,
            "the company has no active Fortnox licence for this",
            "the company orders the licence in Fortnox; connecting again does not help",
        ),
        "2001103" => meaning(
            Forbidden,
            "the company has no Fortnox licence for integrations",
            "the company orders the integration licence in Fortnox; connecting again does not help",
        ),
        "2000106" => {
            meaning(Rejected, "a value must be alphanumeric", "leave out what is no letter and no digit")
        }
        "2000108" => {
            meaning(Rejected, "a value must be a number", "send digits, and a point before decimals")
        }
        "2000134" => meaning(Rejected, "a value must be true or false", "send a boolean"),
        "2000359" => meaning(
            Rejected,
            "a value holds characters that Fortnox does not take",
            "leave out emoji, quotation marks of other kinds, brackets and the like",
        ),
        "2000204" | "2000433" => {
            meaning(Rejected, "there is no such customer", "create the customer first, or correct its number")
        }
        "2000423" | "2001304" => meaning(
            Rejected,
            "there is no such account in this financial year",
            "add the account to the company's chart, or correct it on the article or the customer",
        ),
        "2000428" | "2001302" => {
            meaning(Rejected, "there is no such article", "create the article first, or correct its number")
        }
        "2000429" => meaning(Rejected, "there are no such terms of payment", SET_UP),
        "2000432" => meaning(Rejected, "there is no such unit", SET_UP),
        "2000434" => meaning(NotFound, "there is no such invoice", "read the invoices again"),
        "2000439" => meaning(NotFound, "there is no such order", "read the orders again"),
        "2001161" => {
            meaning(NotFound, "there is no such project", "create the project first, or correct its number")
        }
        "2000587" | "2000588" => {
            meaning(Rejected, "Fortnox does not take a parameter of this request", REPORT)
        }
        "2000637" => meaning(
            Conflict,
            "the number is taken, perhaps by a deleted record, which keeps it for ever",
            "take another number, or leave it out and let Fortnox choose",
        ),
        "2000729" => meaning(
            Rejected,
            "Fortnox finds no record by this key",
            "read the entity again, and check the financial year where its key has one",
        ),
        "2000755" => {
            meaning(Rejected, "the supplier invoice does not balance", "let its rows add up to its total")
        }
        "2001392" => meaning(Rejected, "the request's body is empty or of the wrong kind", REPORT),
        "2001399" => meaning(
            Rejected,
            "Fortnox has no field of this name here",
            "discover lists the fields that can be written",
        ),
        "2001740" | "2002115" => meaning(Rejected, "the request's body cannot be read", REPORT),
        "2003095" | "2003115" => meaning(
            Rejected,
            "the company's set-up for reverse VAT does not fit",
            "correct the VAT settings and default accounts in Fortnox",
        ),
        "2004021" => meaning(
            Rejected,
            "the type of tax reduction and the housework of a row do not match",
            "send rows of one type of tax reduction",
        ),
        "2003124" | "2003125" | "2003126" | "2003127" | "2003241" | "2003275" | "2003277" | "2003399" => {
            meaning(
                Rejected,
                "the company's warehouse does not allow this now",
                "look at the document's delivery in Fortnox's warehouse module",
            )
        }
        _ => None,
    }
}
