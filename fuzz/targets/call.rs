//! Any JSON as a parameter of a call, decoded again.

#![no_main]

use libfuzzer_sys::fuzz_target;
use serde_json::Value;
use tieline_core::{ErrorKind, RawJson};
use tieline_odoo_xmlrpc::xmlrpc::{Answer, Call, read_value};

fuzz_target!(|text: &str| {
    let Ok(json) = RawJson::parse(text) else { return };
    let body = match Call::new("m").param(&json).build() {
        Ok(body) => body.bytes().unwrap(),
        Err(error) => {
            assert_eq!(error.kind(), ErrorKind::Rejected, "{error}");
            return;
        }
    };
    let call = std::str::from_utf8(&body).unwrap();
    let (_, params) = call.split_once("<params>").unwrap();
    let params = params.strip_suffix("</params></methodCall>").unwrap();
    let response = format!("<methodResponse><params>{params}</params></methodResponse>");
    let Answer::Returned(decoded) = read_value(response.as_bytes()).unwrap() else { panic!("a fault") };
    // Of a name that comes twice the last is sent, while `Value` also checks the first.
    let Ok(expected) = json.view::<Value>() else { return };
    // A negative zero is a double to `Value` and an integer to XML-RPC.
    if !text.contains("-0") {
        assert_eq!(decoded.view::<Value>().unwrap(), expected);
    }
});
