//! HubSpot, version 3: method, address, body and time.

use tieline_core::webhook::ReceiveRequest;

/// The escapes that HubSpot decodes before it signs; all others stay.
const DECODED: &[(&str, &str)] = &[
    ("%3A", ":"),
    ("%2F", "/"),
    ("%3F", "?"),
    ("%40", "@"),
    ("%21", "!"),
    ("%24", "$"),
    ("%27", "'"),
    ("%28", "("),
    ("%29", ")"),
    ("%2A", "*"),
    ("%2C", ","),
    ("%3B", ";"),
];

/// The signed form of the address: some escapes decoded.
pub(crate) fn addresses(delivery: &ReceiveRequest<'_>) -> Vec<String> {
    let mut decoded = String::new();
    let mut rest = delivery.url.as_str();
    while let Some((before, after)) = rest.split_once('%') {
        decoded.push_str(before);
        let digits = after.get(..2).unwrap_or_default();
        let escape = format!("%{}", digits.to_ascii_uppercase());
        match DECODED.iter().find(|(form, _)| *form == escape) {
            Some((_, letter)) => {
                decoded.push_str(letter);
                rest = after.get(2..).unwrap_or_default();
            }
            None => {
                decoded.push('%');
                rest = after;
            }
        }
    }
    decoded.push_str(rest);
    vec![decoded]
}
