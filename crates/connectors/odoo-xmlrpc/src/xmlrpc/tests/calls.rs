//! Calls as they are sent.

use serde_json::json;
use tieline_core::{ErrorKind, RawJson};

use super::super::*;

pub(super) fn sent(call: Call) -> String {
    let body = call.build().unwrap().filled(&mut |slot| (slot == "password").then(|| "p&<\"\r".into()));
    String::from_utf8(body.unwrap().bytes().unwrap().to_vec()).unwrap()
}

#[test]
fn a_call_is_written_parameter_by_parameter() {
    let fields =
        RawJson::parse(r#"{"name":"F\u00e4rg & <Form>\r","amount":12345678901234567.890,"ref":null}"#)
            .unwrap();
    let call = Call::new("execute_kw")
        .param("acme")
        .param(&7)
        .secret("password")
        .param(&json!(["a", true, false, null, -2147483648_i64, 1.5, [], {}]))
        .nulls(Nulls::False)
        .param(&fields)
        .secret("password");
    assert_eq!(
        sent(call),
        "<?xml version=\"1.0\"?><methodCall><methodName>execute_kw</methodName><params>\
         <param><value><string>acme</string></value></param><param><value><int>7</int></value></param>\
         <param><value><string>p&amp;&lt;&quot;&#13;</string></value></param>\
         <param><value><array><data><value><string>a</string></value><value><boolean>1</boolean></value>\
         <value><boolean>0</boolean></value><value><nil/></value><value><int>-2147483648</int></value>\
         <value><double>1.5</double></value><value><array><data></data></array></value><value><struct></struct></value>\
         </data></array></value></param>\
         <param><value><struct><member><name>amount</name><value><double>12345678901234567.890</double></value></member>\
         <member><name>name</name><value><string>F\u{e4}rg &amp; &lt;Form&gt;&#13;</string></value></member>\
         <member><name>ref</name><value><boolean>0</boolean></value></member></struct></value></param>\
         <param><value><string>p&amp;&lt;&quot;&#13;</string></value></param></params></methodCall>"
    );
    assert_eq!(
        sent(Call::new("version")),
        "<?xml version=\"1.0\"?><methodCall><methodName>version</methodName><params></params></methodCall>"
    );
}

#[test]
fn an_unfilled_secret_is_never_sent() {
    assert!(Call::new("login").secret("password").build().unwrap().bytes().is_err());
}

#[test]
fn what_cannot_be_sent_is_named_before_it_is_sent() {
    let mut deep = json!(1);
    for _ in 0..MAX_DEPTH {
        deep = json!([deep]);
    }
    let mut texts = Vec::new();
    for value in [
        json!({"vals": [{"color": 2147483648_i64}]}),
        json!({"vals": {"name": "a\u{b}b"}}),
        json!("\u{ffff}"),
        json!({"a\u{1}": 1}),
        deep,
    ] {
        let error = Call::new("create").param(&1).param(&value).param("\u{0}").build().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Rejected);
        texts.push(error.message().replace('\u{1}', "?").replace("/0/0/0/0", "/.."));
    }
    let infinite = RawJson::parse("[1e999]").unwrap();
    texts.push(Call::new("create").param(&infinite).build().unwrap_err().to_string());
    insta::assert_snapshot!("refused_parameters", texts.join("\n"));
}
