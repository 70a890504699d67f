//! The raw bytes are verified, never a text that was read and written again.

use tieline_webhook::Refusal;

use crate::Delivery;

const SECRET: &str = "demo-secret";

fn signed(body: &[u8]) -> Delivery {
    use aws_lc_rs::hmac::{HMAC_SHA256, Key, sign};
    let tag = sign(&Key::new(HMAC_SHA256, SECRET.as_bytes()), body);
    let digits: String = tag.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
    Delivery::named("github", SECRET, "")
        .body(body.to_vec())
        .header("x-hub-signature-256", &format!("sha256={digits}"))
}

#[test]
fn a_body_that_was_written_again_is_another_body() {
    let raw = br#"{"a":1.0,"b":"\u00e9","c":"\/"}
"#;
    let delivery = signed(raw);
    assert!(delivery.verify().is_ok());
    let parsed: serde_json::Value = serde_json::from_slice(raw).unwrap();
    let again = serde_json::to_vec(&parsed).unwrap();
    let length = raw.len().to_string();
    let refusal = delivery.clone().header("content-length", &length).body(again).verify().unwrap_err();
    assert!(matches!(refusal, Refusal::Signature { length_differs: true, .. }));
    assert!(refusal.to_string().contains("was it changed on the way?"), "{refusal}");
    let refusal = delivery.header("content-length", &length).body(raw.map(|byte| byte | 1).to_vec()).verify();
    assert!(matches!(refusal.unwrap_err(), Refusal::Signature { length_differs: false, .. }));
}

#[test]
fn any_bytes_are_a_body() {
    let large = vec![b'x'; 1 << 20];
    let bodies: [&[u8]; 6] =
        [b"", b"\0", "{\"n\":\"G\u{e4}vle\u{2028}\"}".as_bytes(), &[0xff, 0xfe, 0xc3], b"a=b&c", &large];
    for body in bodies {
        assert!(signed(body).verify().is_ok());
    }
}

#[test]
fn digits_may_be_of_either_case_and_a_newline_after_the_secret_is_another_secret() {
    let delivery = signed(b"{}");
    let value = delivery.request.headers()["x-hub-signature-256"].to_str().unwrap().to_owned();
    let upper = format!("sha256={}", value[7..].to_ascii_uppercase());
    assert!(delivery.clone().with("x-hub-signature-256", &upper).verify().is_ok());
    assert!(
        delivery.clone().with("x-hub-signature-256", &value[7..]).verify().is_err(),
        "without its prefix"
    );
    assert!(delivery.secrets(&["demo-secret\n"]).verify().is_err());
}

#[test]
fn each_of_several_secrets_is_in_force() {
    let delivery = signed(b"{}");
    assert!(delivery.clone().secrets(&["new", SECRET]).verify().is_ok());
    assert!(delivery.clone().secrets(&[SECRET, "old"]).verify().is_ok());
    let many: Vec<&str> = std::iter::repeat_n("other", 8).chain([SECRET]).collect();
    assert!(delivery.secrets(&many).verify().is_err(), "eight are tried");
}
