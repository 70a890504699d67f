use tieline_core::{CheckRequest, Connector, ErrorKind, ReadRequest};
use tieline_odoo_xmlrpc::OdooFactory;
use tieline_sandbox::odoo::{LOGIN, Operation as Right, Version};

use crate::common::{WAYS, account, answering, broken, config, fault, fields, greeting, returned};

#[tokio::test(start_paused = true)]
async fn a_server_that_is_not_odoo_is_told_so() {
    let mut messages = String::new();
    for (status, body) in [
        (200, "<!DOCTYPE html><title>Welcome</title>"),
        (404, "<html><body>Not Found</body></html>"),
        (405, "<html><body>Method Not Allowed</body></html>"),
        (200, ""),
        (200, "{\"hello\":\"world\"}"),
        (502, "<html><body>Bad Gateway</body></html>"),
    ] {
        let (_, odoo) = answering(config(), move |_, _| (status, body.to_owned()));
        let error = odoo.check(CheckRequest::default()).await.unwrap_err();
        messages += &format!("{status}: {error}\n");
    }
    insta::assert_snapshot!(messages);
}

/// What a read says when the server answers it with this fault.
async fn read_with(code: u32, text: &'static str) -> tieline_core::Error {
    let (_, odoo) = answering(config(), move |path, body| {
        (200, greeting(path, body).unwrap_or_else(|| fault(code, text)))
    });
    broken(&odoo, ReadRequest::full("res.partner")).await
}

#[tokio::test(start_paused = true)]
async fn faults_become_kinds_with_the_last_line_of_a_traceback() {
    const FRAMES: &str = "Traceback (most recent call last):\n  File \"/opt/odoo/odoo/http.py\", line 1788, in _serve_db\n    return service_model.retrying(self._serve_ir_http, self.env)\n";
    let mut messages = String::new();
    for (code, tail, kind) in [
        (1, "ValueError: Invalid field 'nosuch' on model 'res.partner'\n", ErrorKind::Rejected),
        (
            1,
            "psycopg2.errors.SerializationFailure: could not serialize access due to concurrent update\n",
            ErrorKind::Unavailable,
        ),
        (
            1,
            "psycopg2.OperationalError: connection to server at \"10.1.2.3\", port 54317 failed: FATAL:  database \"nosuchdb\" does not exist\n",
            ErrorKind::Config,
        ),
        (
            1,
            "psycopg2.OperationalError: connection to server at \"10.1.2.3\", port 54317 failed: Connection refused\n",
            ErrorKind::Unavailable,
        ),
        (1, "psycopg2.pool.PoolError: The Connection Pool Is Full\n", ErrorKind::Unavailable),
        (1, "KeyError: 'no.such'\n", ErrorKind::NotFound),
        (1, "KeyError: 'common/'\n", ErrorKind::Rejected),
        (1, "TypeError: cannot marshal None unless allow_none is enabled\n", ErrorKind::Decode),
        (
            1,
            "AttributeError: The method 'no_such' does not exist on the model 'res.partner'\n",
            ErrorKind::NotFound,
        ),
    ] {
        let text: &'static str = Box::leak(format!("{FRAMES}{tail}").into_boxed_str());
        let error = read_with(code, text).await;
        assert_eq!(error.kind(), kind, "{tail}");
        let shown = error.to_string();
        for leak in ["/opt/odoo", "10.1.2.3", "54317", "Traceback"] {
            assert!(!shown.contains(leak), "{shown}");
        }
        messages += &format!("{shown}\n");
    }
    for (code, text, kind) in [
        (2, "Object no.such doesn't exist", ErrorKind::NotFound),
        (
            2,
            "Record does not exist or has been deleted.\n(Record: crm.lead(45,), User: 2)",
            ErrorKind::NotFound,
        ),
        (2, "The operation cannot be completed: Contacts require a name", ErrorKind::Rejected),
        (
            2,
            "('You cannot delete contacts linked to an active user.', {'x': 1}, 'Go to users', None)",
            ErrorKind::Rejected,
        ),
        (2, "Invalid language code: nb_NO", ErrorKind::Config),
        (3, "Access Denied", ErrorKind::Unauthenticated),
        (3, "Too many login failures, please wait a bit before trying again.", ErrorKind::RateLimited),
        (
            4,
            "You are not allowed to access 'Lead/Opportunity' (crm.lead) records.\n\nContact your administrator to request access if necessary.",
            ErrorKind::Forbidden,
        ),
    ] {
        let error = read_with(code, text).await;
        assert_eq!(error.kind(), kind, "{text}");
        messages += &format!("{error}\n");
    }
    insta::assert_snapshot!(messages);
}

#[tokio::test(start_paused = true)]
async fn a_model_without_access_is_told_with_its_groups() {
    let mut messages = String::new();
    for way in WAYS {
        let (server, odoo) = account(way);
        server.deny(LOGIN, "crm.lead", Right::Read).unwrap();
        let error = broken(&odoo, ReadRequest::full("crm.lead")).await;
        assert_eq!(error.kind(), ErrorKind::Forbidden);
        messages += &format!("{error}\n");
        let error = broken(&odoo, ReadRequest::full("no.such")).await;
        assert_eq!(error.kind(), ErrorKind::NotFound);
        messages += &format!("{error}\n");
    }
    insta::assert_snapshot!(messages);
    let (_, odoo) = account((Version::V17, tieline_odoo_xmlrpc::Protocol::Auto));
    assert_eq!(odoo.read(ReadRequest::full("../../web")).err().unwrap().kind(), ErrorKind::NotFound);
}

#[tokio::test(start_paused = true)]
async fn a_page_that_breaks_off_says_where() {
    let mut messages = String::new();
    let row = "<value><struct><member><name>id</name><value><int>1</int></value></member></struct></value>";
    for broken_off in [
        "<value><struct><member><na",
        "<value><struct><member><name>id</name><value><int>x</int></value></member></struct></value></data></array>",
        "&nosuch;</data></array>",
    ] {
        let page = format!("<array><data>{row}{broken_off}");
        let (_, odoo) = answering(config(), move |path, body| {
            (
                200,
                greeting(path, body).unwrap_or_else(|| {
                    if body.contains("<string>fields_get<") {
                        fields(&[("id", "integer"), ("name", "char")])
                    } else if body.contains("<string>search<") {
                        returned("<array><data><value><int>1</int></value></data></array>")
                    } else {
                        returned(&page)
                    }
                }),
            )
        });
        let read = crate::common::batches(&odoo, ReadRequest::full("x.model")).await;
        // One record: it is left out, and its issue says why.
        match read {
            Ok(read) => messages += &format!("{}\n", read[0].issues[0]),
            Err(error) => messages += &format!("{error}\n"),
        }
    }
    insta::assert_snapshot!(messages);
}

#[test]
fn the_form_and_the_guide() {
    use tieline_core::ConnectorFactory;
    let factory = OdooFactory::default();
    let spec = factory.spec();
    assert!(spec.guide.starts_with("1. Sign in to Odoo"));
    assert!(spec.auth.iter().flat_map(|scheme| scheme.fields()).all(|field| field.secret));
    insta::assert_json_snapshot!("settings_schema", spec.config_schema());
}
