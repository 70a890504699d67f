//! Published vectors: AWS's test suite and its S3 and IAM examples, the examples of RFC 5849, the test cases of RFC 4231
//! and RFC 2202.

use chrono::TimeZone;
use http::{HeaderName, HeaderValue};
use serde_json::json;
use tieline_core::http::HttpRequest;
use tieline_core::{Field, HmacSigning, OAuth1, OAuth1Method, SigV4, SystemClock, TimestampForm};

use super::*;

fn at(time: &str, nonce: &str) -> Moment {
    Moment { at: time.parse().unwrap(), nonce: nonce.to_owned() }
}

fn aws(service: &'static str, secret: &str, change: impl FnOnce(&mut SigV4)) -> Signer {
    let region = SigningPart::setting("region");
    let mut scheme =
        SigV4::new(Field::text("access_key", "Key"), Field::secret("secret_key", "Secret"), service, region);
    change(&mut scheme);
    let id = if secret.contains('+') { "AKIDEXAMPLE" } else { "AKIAIOSFODNN7EXAMPLE" };
    let fields = Fields::new([("access_key", id), ("secret_key", secret)]);
    Signer::new(Signing::SigV4(scheme), fields, &json!({ "region": "us-east-1" }), Arc::new(SystemClock))
        .unwrap()
}

fn authorization(request: &HttpRequest) -> &str {
    request.headers()["authorization"].to_str().unwrap()
}

fn header(request: HttpRequest, name: &'static str, value: &'static str) -> HttpRequest {
    request.with_header(HeaderName::from_static(name), HeaderValue::from_static(value))
}

#[test]
fn aws_test_suite() {
    const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
    let url = |rest: &str| format!("https://example.amazonaws.com{rest}").parse().unwrap();
    let form = "application/x-www-form-urlencoded";
    for (name, request, signed, signature) in [
        (
            "get-vanilla",
            HttpRequest::get(url("/")),
            "host;x-amz-date",
            "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31",
        ),
        (
            "get-vanilla-query-order-key-case",
            HttpRequest::get(url("/?Param2=value2&Param1=value1")),
            "host;x-amz-date",
            "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500",
        ),
        (
            "post-vanilla",
            HttpRequest::post(url("/"), ""),
            "host;x-amz-date",
            "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b",
        ),
        (
            "post-x-www-form-urlencoded",
            header(HttpRequest::post(url("/"), "Param1=value1"), "content-type", form),
            "content-type;host;x-amz-date",
            "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a",
        ),
    ] {
        let mut request = request;
        aws("service", SECRET, |_| ()).sign(&mut request, &at("2015-08-30T12:36:00Z", "")).unwrap();
        assert_eq!(
            authorization(&request),
            format!(
                "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, \
                 SignedHeaders={signed}, Signature={signature}"
            ),
            "{name}"
        );
        assert!(request.headers()["authorization"].is_sensitive());
    }
}

#[test]
fn aws_examples_of_iam_and_s3() {
    let iam = "https://iam.amazonaws.com/?Action=ListUsers&Version=2010-05-08".parse().unwrap();
    let kind = "application/x-www-form-urlencoded; charset=utf-8";
    let mut request = header(HttpRequest::get(iam), "content-type", kind);
    let signer = aws("iam", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", |_| ());
    signer.sign(&mut request, &at("2015-08-30T12:36:00Z", "")).unwrap();
    assert!(
        authorization(&request)
            .ends_with("Signature=5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7")
    );

    for (query, signature) in [
        ("?lifecycle", "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543"),
        ("?max-keys=2&prefix=J", "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7"),
    ] {
        let url = format!("https://examplebucket.s3.amazonaws.com/{query}").parse().unwrap();
        let mut request = HttpRequest::get(url);
        let signer = aws("s3", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", |scheme| {
            scheme.encode_path_twice = false;
            scheme.send_body_hash = true;
        });
        signer.sign(&mut request, &at("2013-05-24T00:00:00Z", "")).unwrap();
        assert!(authorization(&request).ends_with(&format!("Signature={signature}")), "{query}");
    }
}

#[test]
fn a_space_of_the_query_is_sent_as_it_is_signed() {
    let mut request = HttpRequest::get("https://example.amazonaws.com/?q=a+b&p=%2F".parse().unwrap());
    let signer = aws("service", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", |_| ());
    signer.sign(&mut request, &at("2015-08-30T12:36:00Z", "")).unwrap();
    assert_eq!(request.url().query(), Some("p=%2F&q=a%20b"));
}

fn photos(method: OAuth1Method) -> Signer {
    let mut scheme = OAuth1::new(
        Field::text("consumer_key", "Consumer key"),
        Field::secret("consumer_secret", "Consumer secret"),
        Field::text("token", "Token"),
        Field::secret("token_secret", "Token secret"),
    );
    scheme.method = method;
    scheme.realm = Some(SigningPart::text("Photos"));
    let fields = Fields::new([
        ("consumer_key", "dpf43f3p2l4k3l03"),
        ("consumer_secret", "kd94hf93k423kf44"),
        ("token", "nnch734d00sl2jdk"),
        ("token_secret", "pfkkdhi9sl3r4s00"),
    ]);
    Signer::new(Signing::OAuth1(scheme), fields, &json!({}), Arc::new(SystemClock)).unwrap()
}

#[test]
fn rfc_5849_example() {
    let url = "http://photos.example.net/photos?file=vacation.jpg&size=original".parse().unwrap();
    let mut request = HttpRequest::get(url);
    let moment = Moment { at: Utc.timestamp_opt(137_131_202, 0).unwrap(), nonce: "chapoH".to_owned() };
    photos(OAuth1Method::HmacSha1).sign(&mut request, &moment).unwrap();
    assert_eq!(
        authorization(&request),
        "OAuth realm=\"Photos\", oauth_consumer_key=\"dpf43f3p2l4k3l03\", oauth_token=\"nnch734d00sl2jdk\", \
         oauth_signature_method=\"HMAC-SHA1\", oauth_timestamp=\"137131202\", oauth_nonce=\"chapoH\", \
         oauth_signature=\"MdpQcU8iPSUjWoN%2FUDMsK2sui9I%3D\""
    );
    // Section 3.4.4.
    photos(OAuth1Method::PlainText).sign(&mut request, &moment).unwrap();
    assert!(authorization(&request).ends_with("oauth_signature=\"kd94hf93k423kf44%26pfkkdhi9sl3r4s00\""));
}

/// RFC 4231, test case 2, and RFC 2202, test case 2.
#[test]
fn hmac_vectors() {
    for (hash, expected) in [
        (SigningHash::Sha1, "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79"),
        (SigningHash::Sha256, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"),
        (
            SigningHash::Sha512,
            "164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea2505549758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737",
        ),
    ] {
        for (encoding, key) in [
            (None, "Jefe"),
            (Some(SignatureEncoding::Hex), "4a656665"),
            (Some(SignatureEncoding::Base64), "SmVmZQ=="),
            (Some(SignatureEncoding::Base64Url), "SmVmZQ"),
        ] {
            let mut scheme = HmacSigning::new(Field::secret("key", "Key"));
            scheme.hash = hash;
            scheme.key_encoding = encoding;
            scheme.message = vec![SigningPart::Body];
            scheme.headers = vec![
                ("x-time".into(), vec![SigningPart::Timestamp(TimestampForm::Milliseconds)]),
                ("x-signature".into(), vec![SigningPart::text("v1="), SigningPart::Signature]),
            ];
            let fields = Fields::new([("key", key)]);
            let signer =
                Signer::new(Signing::Hmac(scheme), fields, &json!({}), Arc::new(SystemClock)).unwrap();
            let url = "https://api.acme.example/orders?b=2&a=1".parse().unwrap();
            let mut request = HttpRequest::post(url, "what do ya want for nothing?");
            signer.sign(&mut request, &at("2024-03-05T14:00:00Z", "n")).unwrap();
            assert_eq!(request.headers()["x-signature"], format!("v1={expected}"));
            assert_eq!(request.headers()["x-time"], "1709647200000");
        }
    }
}

#[test]
fn each_part_of_a_request_can_be_signed() {
    let mut scheme = HmacSigning::new(Field::secret("key", "Key"));
    scheme.fields = vec![Field::text("id", "Id")];
    let separated = [
        SigningPart::Method,
        SigningPart::Host,
        SigningPart::Path,
        SigningPart::Query,
        SigningPart::PathAndQuery,
        SigningPart::Url,
        SigningPart::field("id"),
        SigningPart::setting("shop"),
        SigningPart::Nonce,
        SigningPart::Timestamp(TimestampForm::Seconds),
        SigningPart::Timestamp(TimestampForm::Rfc3339),
        SigningPart::Timestamp(TimestampForm::HttpDate),
        SigningPart::BodyHash(SignatureEncoding::Base64),
    ];
    let parts = separated.into_iter().flat_map(|part| [part, SigningPart::text(" | ")]).collect();
    scheme.headers = vec![("x-all".into(), parts)];
    let fields = Fields::new([("key", "k"), ("id", "me")]);
    let signing = Signing::Hmac(scheme);
    let error = Signer::new(signing.clone(), fields.clone(), &json!({}), Arc::new(SystemClock)).unwrap_err();
    assert_eq!(
        error.to_string(),
        "requests are signed with the setting \"shop\", which is not set: set it in the connection's settings (config)"
    );
    let signer = Signer::new(signing, fields, &json!({ "shop": 7 }), Arc::new(SystemClock)).unwrap();
    let mut request = HttpRequest::post("https://a.example:8443/p%2Fq?x=1".parse().unwrap(), "");
    signer.sign(&mut request, &at("2024-03-05T14:00:00Z", "n0nce")).unwrap();
    assert_eq!(
        request.headers()["x-all"],
        "POST | a.example:8443 | /p%2Fq | x=1 | /p%2Fq?x=1 | https://a.example:8443/p%2Fq?x=1 | me | 7 | n0nce | \
         1709647200 | 2024-03-05T14:00:00Z | Tue, 05 Mar 2024 14:00:00 GMT | 47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU= | "
    );
    assert_eq!(format!("{signer:?}"), "Signer(HMAC)");
}

/// A machine whose clock is an hour slow signs by the provider's from the first refusal on.
#[tokio::test]
async fn a_clock_that_is_off_is_corrected_once() {
    let signer = aws("service", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", |_| ());
    let mut request = HttpRequest::get("https://example.amazonaws.com/".parse().unwrap());
    let stamp = signer.authorize(&mut request).await.unwrap();
    let refused = |hours: i64| {
        let date = (Utc::now() + TimeDelta::hours(hours)).to_rfc2822();
        let headers = http::HeaderMap::from_iter([(DATE, HeaderValue::from_str(&date).unwrap())]);
        Rejection::new(http::StatusCode::FORBIDDEN, headers, String::new())
    };
    assert_eq!(signer.rejected(stamp, &refused(0)).await.unwrap(), Recovery::NeedsReconnect);
    assert_eq!(signer.rejected(stamp, &refused(1)).await.unwrap(), Recovery::RetryOnce);
    assert_eq!(
        signer.rejected(stamp, &refused(1)).await.unwrap(),
        Recovery::RetryOnce,
        "another that saw it"
    );
    let stamp = signer.authorize(&mut request).await.unwrap();
    assert_eq!(signer.rejected(stamp, &refused(1)).await.unwrap(), Recovery::NeedsReconnect);
    let time = request.headers()["x-amz-date"].to_str().unwrap();
    let signed_at = chrono::NaiveDateTime::parse_from_str(time, "%Y%m%dT%H%M%SZ").unwrap().and_utc();
    assert!((signed_at - Utc::now() - TimeDelta::hours(1)).num_seconds().abs() < 5);
}
