//! The laws of the plain data.

use std::sync::Arc;

use proptest::prelude::*;
use tieline_core::http::{HttpService, Transport};
use tieline_core::webhook::WebhookReceiver;
use tieline_core::*;

/// Every trait that hosts hold as a trait object can be one.
#[allow(dead_code, clippy::too_many_arguments)]
fn object_safe(
    _: Arc<dyn Connector>,
    _: Arc<dyn ConnectorFactory>,
    _: Arc<dyn Credential>,
    _: Arc<dyn FieldMapping>,
    _: Arc<dyn Clock>,
    _: Arc<dyn HttpService>,
    _: Arc<dyn Transport>,
    _: Arc<dyn WebhookReceiver>,
) {
}

const _: () = {
    const fn thread_safe<T: Send + Sync + 'static>() {}
    thread_safe::<Error>();
    thread_safe::<Batch>();
    thread_safe::<State>();
    thread_safe::<MappingContext>();
};

#[test]
fn a_state_that_cannot_be_read_says_what_to_do() {
    for text in ["", "{", "[]", r#"{"v":"1","body":1}"#, r#"{"v":1}"#] {
        let error = State::from_text(text).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::StateInvalid, "{text}");
        assert!(error.to_string().contains("full read"), "{error}");
    }
    let state = State::from_text(r#"{"v":3,"body":{"x":[1.10]}}"#).unwrap();
    assert_eq!(state.to_text().unwrap(), r#"{"v":3,"body":{"x":[1.10]}}"#);
    assert_eq!(state.body::<u8>().unwrap_err().kind(), ErrorKind::StateInvalid);
}

#[test]
fn a_record_with_a_usual_key_is_one_allocation() {
    // Up to 23 bytes live inside the value: numeric ids and RFC 3339 times fit.
    assert_eq!(size_of::<Key>(), 24);
    assert!(size_of::<Record>() <= 96, "{}", size_of::<Record>());
}

proptest! {
    #[test]
    fn decimals_keep_their_digits(digits in "-?[0-9]{1,18}(\\.[0-9]{1,9})?") {
        let json = RawJson::parse(digits.trim_start_matches('0').to_owned());
        prop_assume!(json.is_ok());
        let text = json.unwrap().get().to_owned();
        let value = exact::decimal(&text).unwrap();
        prop_assert_eq!(value.to_string(), if text.starts_with("-0") && value.is_zero() {
            text.trim_start_matches('-').to_owned()
        } else {
            text
        });
    }

    #[test]
    fn no_text_breaks_the_readers(text in any::<String>(), pointer in any::<String>()) {
        let _ = exact::decimal(&text);
        let _ = State::from_text(&text);
        let _ = RawJson::parse(text.clone());
        let _ = json::at(&text, &pointer);
        let _ = FieldPath::parse(&pointer);
    }

    #[test]
    fn every_name_has_a_path(name in any::<String>()) {
        let json = serde_json::json!({ &name: 1 }).to_string();
        let found = json::at(&json, FieldPath::field(&name).as_str()).unwrap();
        prop_assert_eq!(found.map(|raw| raw.get()), Some("1"));
    }
}
