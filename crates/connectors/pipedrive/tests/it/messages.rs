use serde_json::{Value, json};
use tieline_core::http::{HttpClient, HttpRequest, HttpResponse, HttpService};
use tieline_core::{
    BuildContext, CheckRequest, Connector, ConnectorFactory, DiscoverRequest, Error, ErrorKind, FieldPath,
    Filter, RawJson, ReadRequest, SystemClock,
};
use tieline_pipedrive::{PipedriveConfig, PipedriveFactory};
use tieline_sandbox::{Fault, FaultRule};

use crate::common::{account, answering, batches, broken};

fn refused(request: ReadRequest) -> Error {
    answering(|_| (500, String::new())).1.read(request).err().unwrap()
}

#[test]
fn a_company_is_understood_however_it_is_pasted() {
    for text in [
        "acme",
        " ACME ",
        "acme.pipedrive.com",
        "https://acme.pipedrive.com/",
        "http://Acme.Pipedrive.com/deals?x=1#y",
        "https://acme",
    ] {
        assert_eq!(
            PipedriveConfig::company(text).base_url().unwrap().as_str(),
            "https://acme.pipedrive.com/",
            "{text}"
        );
    }
    for text in [
        "",
        "   ",
        "acme inc",
        "acme.evil.test",
        "acme@evil",
        "acme:8443",
        "-acme",
        "å",
        "a.b",
        "https://",
        "acme\\evil",
        &"a".repeat(64),
    ] {
        assert_eq!(
            PipedriveConfig::company(text).base_url().unwrap_err().kind(),
            ErrorKind::Config,
            "{text}"
        );
    }
    insta::assert_snapshot!(PipedriveConfig::company("acme inc").base_url().unwrap_err(), @r#""acme inc" is not the name of a Pipedrive company: give what stands before .pipedrive.com in the browser's address bar, such as acme (config)"#);
}

#[test]
fn settings_that_are_none_are_refused() {
    let factory = PipedriveFactory::default();
    let refused = |config: Value| factory.base_url(&config).unwrap_err();
    insta::assert_snapshot!(refused(json!({})), @r#"the Pipedrive settings cannot be read: missing field `company`: they are an object such as {"company":"acme"} (config)"#);
    insta::assert_snapshot!(refused(json!({ "company": "acme", "token": "x" })), @r#"the Pipedrive settings cannot be read: unknown field `token`, expected `company` or `markers`: they are an object such as {"company":"acme"} (config)"#);
    insta::assert_snapshot!(refused(json!({ "company": 7 })), @r#"the Pipedrive settings cannot be read: invalid type: integer `7`, expected a string: they are an object such as {"company":"acme"} (config)"#);
    assert_eq!(
        factory.base_url(&json!({ "company": "acme" })).unwrap().as_str(),
        "https://acme.pipedrive.com/"
    );
    assert!(factory.spec().origins.allows(&"https://acme.pipedrive.com/api/v2/deals".parse().unwrap()));
    insta::assert_json_snapshot!(factory.spec().config_schema(), @r#"
    {
      "$schema": "https://json-schema.org/draft/2020-12/schema",
      "additionalProperties": false,
      "properties": {
        "company": {
          "description": "What stands before .pipedrive.com in the address bar. The whole address works too.",
          "examples": [
            "acme"
          ],
          "title": "Company",
          "type": "string"
        },
        "markers": {
          "additionalProperties": false,
          "description": "For each kind of record the code of a text field of your own, made for this: what is written carries a marker there, by which it is found again when an answer is lost. Without one, a person is asked.",
          "properties": {
            "deals": {
              "pattern": "^[0-9a-f]{40}$",
              "type": "string"
            },
            "leads": {
              "pattern": "^[0-9a-f]{40}$",
              "type": "string"
            },
            "organizations": {
              "pattern": "^[0-9a-f]{40}$",
              "type": "string"
            },
            "persons": {
              "pattern": "^[0-9a-f]{40}$",
              "type": "string"
            },
            "products": {
              "pattern": "^[0-9a-f]{40}$",
              "type": "string"
            }
          },
          "title": "Marker fields",
          "type": "object"
        }
      },
      "required": [
        "company"
      ],
      "title": "Pipedrive",
      "type": "object"
    }
    "#);
}

#[test]
fn what_is_not_there_is_named_with_what_is() {
    insta::assert_snapshot!(refused(ReadRequest::full("deal")), @r#"there is no entity "deal": did you mean "deals"? (not_found)"#);
    insta::assert_snapshot!(refused(ReadRequest::full("invoices")), @r#"there is no entity "invoices": there are deals, deal_products, persons, organizations, activities, products, pipelines, stages, projects, tasks, activity_types, lead_labels, leads, notes, users (not_found)"#);
    let field = |pointer: &str| FieldPath::parse(pointer).unwrap();
    insta::assert_snapshot!(refused(ReadRequest::full("deals").with_fields([field("/titel")])), @r#"Pipedrive's deals have no field "/titel": did you mean "/title"? Discover lists the fields (config)"#);
    insta::assert_snapshot!(refused(ReadRequest::full("deals").with_fields([field("/custom_fields/abc")])), @r#"Pipedrive's deals have no field "/custom_fields/abc": discover lists the fields; the account's own are /custom_fields/ and 40 hexadecimal digits (config)"#);
    let one = RawJson::parse("1").unwrap();
    insta::assert_snapshot!(refused(ReadRequest::full("deals").with_filter(Filter::equals(field("/owner_id"), one.clone()))), @"reading with filters is not supported by this connector (unsupported)");
    insta::assert_snapshot!(refused(ReadRequest::full("deals").with_filter(Filter::equals(field("/nowhere"), one))), @r#"Pipedrive's deals have no field "/nowhere": discover lists the fields; the account's own are /custom_fields/ and 40 hexadecimal digits (config)"#);
    insta::assert_snapshot!(refused(ReadRequest::full("deals").with_partition("1".into())), @"reading a part of deals is not supported by this connector (unsupported)");
    let code = "d4de1c1518b4531717c676029a45911c340390a6";
    let (_, crm) = answering(|_| (500, String::new()));
    for (entity, pointer) in [
        ("deals", "/title".to_owned()),
        ("deals", "/custom_fields".to_owned()),
        ("deals", format!("/custom_fields/{code}/value")),
        ("leads", format!("/{code}_currency")),
        ("persons", "/emails/0/value".to_owned()),
    ] {
        assert!(crm.read(ReadRequest::full(entity).with_fields([field(&pointer)])).is_ok(), "{pointer}");
    }
}

#[tokio::test(start_paused = true)]
async fn pages_that_are_none_say_what_came() {
    let reads = |body: &'static str| async move {
        let (_, crm) = answering(move |_| (200, body.to_owned()));
        let error = broken(&crm, ReadRequest::full("persons")).await;
        assert_eq!(error.kind(), ErrorKind::Decode);
        error.to_string()
    };
    insta::assert_snapshot!(reads("<!DOCTYPE html><title>Secret").await, @"a web page came instead of JSON: check the address, and that no proxy, login page or maintenance page stands between here and the provider (decode, HTTP 200, 5 attempts, method=GET, host=acme.pipedrive.com, path=/api/v2/persons, entity=persons)");
    insta::assert_snapshot!(reads(r#"{"success":true,"data":[{"id":1},{"id":"#).await, @r#""data[1]" in the answer ends in the middle: go on later from the last stored state, and report it if it stays (decode, byte=39, entity=persons)"#);
    insta::assert_snapshot!(reads(r#"{"success":true}"#).await, @r#""/data" is missing in the answer: the records were at "/data": say where they are with `records` (decode, entity=persons)"#);
    insta::assert_snapshot!(reads(r#"{"success":true,"data":{"id":1}}"#).await, @r#""data" in the answer is not a list: go on later from the last stored state, and report it if it stays (decode, byte=23, entity=persons)"#);
    insta::assert_snapshot!(reads(r#"{"success":true,"data":[],"additional_data":{"next_cursor":{"a":1}}}"#).await, @"the token of the next page is a list or an object, and should be a text: compare `next` and `token` with the documentation, and go on from the last state (decode, entity=persons)");
    insta::assert_snapshot!(reads(r#"{"success":true,"data":[{"id":1}],"additional_data":{"next_cursor":"a"}}"#).await, @"the provider repeated a page token: the pages so far are kept; run again, and report it if it stays (decode, page=2, entity=persons)");
}

/// A key twice, and a number that JSON does not have. Half a surrogate pair is valid JSON, and is kept as it came.
#[tokio::test(start_paused = true)]
async fn a_broken_record_is_left_out_and_the_page_goes_on() {
    let (_, crm) = answering(|_| {
        let broken = r#"{"id":2,"name":"\ud83d"},{"id":3,"id":4},{"id":5,"n":NaN}"#;
        (200, format!(r#"{{"success":true,"data":[{{"id":1}},{broken},{{"id":6}}]}}"#))
    });
    let read = batches(&crm, ReadRequest::full("persons")).await.unwrap();
    let keys: Vec<&str> = read[0].groups[0].changes.iter().map(|change| change.key().as_str()).collect();
    assert_eq!(keys, ["1", "2", "6"]);
    let issues: Vec<String> = read[0].issues.iter().map(ToString::to_string).collect();
    insta::assert_snapshot!(issues.join("\n"), @"
    (left out): a record at byte 66 of its page has a member twice
    (left out): a record at byte 86 of its page is not valid JSON
    ");
    assert_eq!(read[0].end, Some(tieline_core::PassEnd::Partial));
}

#[tokio::test(start_paused = true)]
async fn a_record_without_an_id_is_left_out_and_told() {
    let (_, crm) = answering(|_| (200, r#"{"success":true,"data":[{"id":1},{"id":null}]}"#.to_owned()));
    let read = batches(&crm, ReadRequest::full("persons")).await.unwrap();
    assert_eq!(read[0].groups[0].changes.len(), 1);
    insta::assert_snapshot!(read[0].issues[0], @"(left out): a record has no key that can be read");
    assert_eq!(read[0].end, Some(tieline_core::PassEnd::Partial));
}

#[tokio::test(start_paused = true)]
async fn a_wrong_token_says_where_the_right_one_is() {
    let (sandbox, crm) = account();
    sandbox.inject(FaultRule::new(Fault::Unauthorized).times(9));
    let error = crm.check(CheckRequest::default()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unauthenticated);
    insta::assert_snapshot!(error, @"Pipedrive does not accept the credential: copy the token again in this company's Pipedrive under Personal preferences > API: a new one there ends the old one. An app is connected again by a person's consent (unauthenticated, HTTP 401, method=GET, host=acme-demo.pipedrive.com, path=/api/v1/users/me)");
}

#[tokio::test(start_paused = true)]
async fn a_check_names_company_and_user_and_warns() {
    let (_, crm) = account();
    let account = crm.check(CheckRequest::default()).await.unwrap();
    insta::assert_debug_snapshot!(account, @r#"
    Account {
        id: Some(
            "7788001",
        ),
        name: "Norrlager Exempel AB",
        user: Some(
            "Åsa Lindgård <asa.lindgard@norrlager.example>",
        ),
        user_id: Some(
            "21001",
        ),
        scopes: [],
        others: [],
        warnings: [],
    }
    "#);

    let (_, crm) = answering(|_| {
        let me = json!({
            "name": "Bo\u{7}", "email": "bo@example.test", "company_id": 9, "company_name": "Other AB",
            "company_domain": "other", "active_flag": false, "access": [{ "app": "sales", "admin": false }],
        });
        (200, json!({ "success": true, "data": me }).to_string())
    });
    let account = crm.check(CheckRequest::default()).await.unwrap();
    insta::assert_snapshot!(account.warnings.join("\n"), @r#"
    the token belongs to the company "other", the settings name "acme": use "other", or a token of the other
    the user is not active: its token may stop to work
    the user is no admin and sees only what is visible to it: records of others may be absent
    "#);
    let (_, crm) = answering(|_| (200, json!({ "success": true, "data": null }).to_string()));
    insta::assert_snapshot!(crm.check(CheckRequest::default()).await.unwrap_err(), @"Pipedrive's answer does not say who the user is (decode, path=/api/v1/users/me)");
    assert!(crm.discover(DiscoverRequest::names()).await.is_ok());
}

#[test]
fn marker_fields_that_cannot_be_are_refused() {
    let factory = PipedriveFactory::default();
    let refused = |markers: Value| {
        let config = PipedriveConfig::company("acme");
        let config = markers.as_object().unwrap().iter().fold(config, |config, (entity, code)| {
            config.with_marker(entity.as_str(), code.as_str().unwrap())
        });
        // Through its stored form, as a host does.
        let stored = serde_json::to_value(&config).unwrap();
        assert_eq!(serde_json::from_value::<PipedriveConfig>(stored.clone()).unwrap(), config);
        let base = factory.base_url(&stored).unwrap();
        let context = BuildContext::new(stored, base, nowhere(), std::sync::Arc::new(SystemClock));
        factory.build(context).err().map(|error| error.to_string()).unwrap_or_default()
    };
    let code = "9c6d08f1a2b34e57c8d90e1f2a3b4c5d6e7f8091";
    let texts = [
        refused(json!({ "notes": code })),
        refused(json!({ "deal": code })),
        refused(json!({ "deals": "Extern referens" })),
        refused(json!({ "deals": code.to_uppercase() })),
    ];
    insta::assert_snapshot!(texts.join("\n"), @r#"
    Pipedrive's "notes" cannot carry a marker: a marker field can be named for deals, persons, organizations, products, leads (config)
    Pipedrive's "deal" cannot carry a marker: a marker field can be named for deals, persons, organizations, products, leads (config)
    "Extern referens" is not the code of a Pipedrive field: add a text field in Pipedrive and give its code, 40 hexadecimal digits; discover lists it (config, marker=deals)
    "9C6D08F1A2B34E57C8D90E1F2A3B4C5D6E7F8091" is not the code of a Pipedrive field: add a text field in Pipedrive and give its code, 40 hexadecimal digits; discover lists it (config, marker=deals)
    "#);
    for entity in ["deals", "persons", "organizations", "products", "leads"] {
        assert_eq!(refused(json!({ entity: code })), "", "{entity}");
    }
    assert_eq!(serde_json::to_value(PipedriveConfig::company("acme")).unwrap(), json!({ "company": "acme" }));
}

#[derive(Debug)]
struct Nowhere;

#[async_trait::async_trait]
impl HttpService for Nowhere {
    async fn send(&self, _: HttpRequest) -> tieline_core::Result<HttpResponse> {
        Err(Error::new(ErrorKind::Internal, "nothing is sent here"))
    }
}

fn nowhere() -> HttpClient {
    HttpClient::new(std::sync::Arc::new(Nowhere))
}
