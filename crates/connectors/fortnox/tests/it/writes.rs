//! Creates, updates, deletes and actions.

use tieline_core::{ErrorKind, FieldPatch, Outcome, WriteOp};

use crate::common::*;

/// Takes everything that it is sent.
fn taking() -> (tieline_http::memory::MemoryTransport, std::sync::Arc<tieline_fortnox::RestConnector>) {
    answering(|line| {
        let (method, path) = line.split_once(' ').unwrap();
        let path = path.split('?').next().unwrap();
        let body = match path.split('/').nth(2).unwrap() {
            "customers" => r#"{"Customer":{"CustomerNumber":"1001","Name":"Ada"}}"#,
            "accounts" => r#"{"Account":{"Number":1931,"Year":5}}"#,
            "vouchers" => r#"{"Voucher":{"VoucherSeries":"A","VoucherNumber":12,"Year":5}}"#,
            "orders" if path.ends_with("createinvoice") => r#"{"Invoice":{"DocumentNumber":"301"}}"#,
            "offers" if path.ends_with("createorder") => r#"{"Order":{"DocumentNumber":"88"}}"#,
            "offers" if path.ends_with("createinvoice") => {
                r#"{"Order":{"DocumentNumber":"88","InvoiceReference":"301"}}"#
            }
            "offers" => r#"{"Offer":{"DocumentNumber":"5"}}"#,
            "invoicepayments" => r#"{"InvoicePayment":{"Number":"3"}}"#,
            _ => r#"{"Invoice":{"DocumentNumber":"204","Booked":true}}"#,
        };
        match method {
            "DELETE" => (204, String::new()),
            "POST" => (201, body.to_owned()),
            _ => (200, body.to_owned()),
        }
    })
}

#[tokio::test(start_paused = true)]
async fn what_is_sent() {
    let (transport, books) = taking();
    let rows = r#"[{"ArticleNumber":"A-10","DeliveredQuantity":"3","Price":149.50,"VAT":25}]"#;
    let mut words = Vec::new();
    for (entity, op) in [
        (
            "invoices",
            marked_create(
                &format!(r#"{{"CustomerNumber":"1001","InvoiceRows":{rows},"Project":null}}"#),
                "op-1",
            ),
        ),
        (
            "customers",
            create(
                r#"{"Name":"Ada Demo AB","CountryCode":"SE","InvoiceDiscount":12345678901234567.89,"InvoiceFreight":12.50}"#,
            ),
        ),
        ("accounts", create(r#"{"Number":1931,"Description":"Bank 2","Year":5}"#)),
        (
            "vouchers",
            create(
                r#"{"Description":"Periodisering","TransactionDate":"2026-01-31","VoucherSeries":"A","Year":5,"VoucherRows":[{"Account":"1930","Debit":"100.10"},{"Account":3001,"Credit":100.10}]}"#,
            ),
        ),
        (
            "customers",
            update(
                "1001",
                &[
                    ("/City", set("\"Lund\"")),
                    ("/Comments", FieldPatch::Clear),
                    ("/YourReference", set("null")),
                ],
            ),
        ),
        (
            "invoices",
            update(
                "204",
                &[
                    ("/InvoiceRows", FieldPatch::Clear),
                    ("/Freight", set("\"0\"")),
                    ("/YourReference", set("\"7\"")),
                ],
            ),
        ),
        ("invoices", update("204", &[("/SomethingNew", FieldPatch::Raw(json("[1.10]")))])),
        ("customers", update("1001", &[])),
        ("customers", delete("1001")),
        ("accounts", delete("1930/5")),
        ("invoices", invoke("bookkeep", "204")),
        ("invoices", invoke("email", "204")),
        ("invoices", invoke("credit", "204")),
        ("orders", invoke("createinvoice", "88")),
        ("offers", invoke("createorder", "5")),
        ("offers", invoke("createinvoice", "5")),
        ("invoicepayments", invoke("bookkeep", "3")),
    ] {
        let outcome = one(&books, entity, op).await;
        words.push(word(&outcome));
    }
    let all = format!("{}\n\n{}", sent(&transport), words.join("\n"));
    insta::assert_snapshot!(all);
    assert!(transport.requests().iter().all(|request| {
        request.method() == "GET" || request.headers()["content-type"] == "application/json"
    }));
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_right_is_refused_unsent() {
    let (transport, books) = taking();
    let versioned = WriteOp::update("1001", tieline_core::Patch::default()).with_if_version(Some("1".into()));
    let input = WriteOp::invoke("email", json(r#"{"to":"x"}"#)).with_key(Some("204".into()));
    let keyless = WriteOp::invoke("email", json("{}"));
    let mut texts = Vec::new();
    for (entity, op) in [
        ("customers", create("[]")),
        ("customers", create(r#"{"City":"Lund"}"#)),
        ("customers", create(r#"{"Name":""}"#)),
        ("customers", create(r#"{"Name":"Ada","Citty":"Lund"}"#)),
        ("customers", create(r#"{"Name":"Ada 🙂"}"#)),
        ("customers", create(r#"{"Name":7}"#)),
        ("customers", create(r#"{"Name":"Ada","Active":"yes"}"#)),
        ("customers", create(r#"{"Name":"Ada","InvoiceDiscount":"ten"}"#)),
        ("invoices", create(r#"{"CustomerNumber":"1","Total":100}"#)),
        ("invoices", create(r#"{"CustomerNumber":"1","Booked":true}"#)),
        ("invoices", create(r#"{"CustomerNumber":"1","InvoiceRows":[{"Prise":1}]}"#)),
        ("invoices", create(r#"{"CustomerNumber":"1","InvoiceRows":[{"Total":1}]}"#)),
        ("invoices", create(r#"{"CustomerNumber":"1","InvoiceRows":[7]}"#)),
        (
            "invoices",
            create(r#"{"CustomerNumber":"1","InvoiceRows":[{"Description":"a"},{"Description":"<b>"}]}"#),
        ),
        ("invoices", marked_create(r#"{"CustomerNumber":"1","ExternalInvoiceReference1":"mine"}"#, "op-1")),
        ("invoices", marked_create(r#"{"CustomerNumber":"1"}"#, " op-1")),
        ("invoices", marked_create(r#"{"CustomerNumber":"1"}"#, "100%")),
        ("customers", update("1001", &[("/CustomerNumber", set("\"7\""))])),
        ("customers", update("1001", &[("/Name", FieldPatch::Clear)])),
        ("customers", update("1001", &[("/InvoiceDiscount", FieldPatch::Clear)])),
        ("customers", update("1001", &[("/Active", FieldPatch::Clear)])),
        ("customers", update("1001", &[("/DefaultTemplates/Invoice", set("\"x\""))])),
        ("invoices", update("204", &[("/InvoiceRows", FieldPatch::Add(json("{}")))])),
        ("invoices", update("x", &[("/Comments", set("\"x\""))])),
        ("customers", versioned),
        ("vouchers", update("A/1/5", &[])),
        ("vouchers", delete("A/1/5")),
        ("invoices", delete("204")),
        ("accounts", create(r#"{"Number":1931,"Description":"Bank","Year":"x"}"#)),
        ("invoices", invoke("bookeep", "204")),
        ("customers", invoke("email", "1001")),
        ("invoices", input),
        ("invoices", keyless),
    ] {
        let outcome = one(&books, entity, op).await;
        assert!(matches!(outcome, Outcome::Rejected(_)), "{outcome:?}");
        texts.push(word(&outcome));
    }
    insta::assert_snapshot!(texts.join("\n"));
    assert!(transport.requests().is_empty());
}

#[tokio::test(start_paused = true)]
async fn what_fortnox_refuses() {
    let mut texts = Vec::new();
    for (status, code, op) in [
        (400, "2000637", create(r#"{"CustomerNumber":"1","Name":"Ada"}"#)),
        (400, "2001399", create(r#"{"Name":"Ada"}"#)),
        (403, "2000663", create(r#"{"Name":"Ada"}"#)),
        (404, "2000433", delete("7")),
        (400, "2000433", delete("7")),
        (404, "2000433", update("7", &[("/City", set("\"Lund\""))])),
        (500, "1000003", create(r#"{"Name":"Ada"}"#)),
        (500, "1000003", update("7", &[("/City", set("\"Lund\""))])),
    ] {
        let (_, books) = answering(move |_| error(status, code, "Fel."));
        texts.push(word(&one(&books, "customers", op).await));
    }
    insta::assert_snapshot!(texts.join("\n"));
}

#[tokio::test(start_paused = true)]
async fn an_action_is_never_sent_twice_whatever_becomes_of_it() {
    for action in ["email", "bookkeep", "credit", "cancel", "einvoice"] {
        for status in [500, 502, 503, 504] {
            let (transport, books) = answering(move |_| (status, String::new()));
            let outcome = one(&books, "invoices", invoke(action, "204")).await;
            assert!(matches!(outcome, Outcome::Unknown(_)), "{action} {status}: {}", word(&outcome));
            assert_eq!(transport.requests().len(), 1, "{action} {status}");
        }
        let (transport, books) = answering(|_| (200, "<html>".to_owned()));
        let outcome = one(&books, "invoices", invoke(action, "204")).await;
        assert!(matches!(outcome, Outcome::Unknown(_)), "{action}: {}", word(&outcome));
        assert_eq!(transport.requests().len(), 1);
    }
    // What was done shows, though the answer holds no document.
    let (_, books) = answering(|_| (200, "{}".to_owned()));
    assert_eq!(word(&one(&books, "invoices", invoke("email", "204")).await), "applied 204");
    assert_eq!(word(&one(&books, "orders", invoke("createinvoice", "88")).await), "applied");
}

#[tokio::test(start_paused = true)]
async fn a_create_whose_answer_says_nothing_is_a_question() {
    for body in ["{}", r#"{"Invoice":{}}"#, "[]", "{"] {
        let (transport, books) = answering(move |_| (201, body.to_owned()));
        let outcome = one(&books, "invoices", create(r#"{"CustomerNumber":"1"}"#)).await;
        assert!(matches!(outcome, Outcome::Unknown(_)), "{body}: {}", word(&outcome));
        assert_eq!(transport.requests().len(), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn a_create_without_a_place_for_its_marker_says_so() {
    let (_, books) = taking();
    let outcomes = written(&books, "customers", vec![marked_create(r#"{"Name":"Ada"}"#, "op-1")]).await;
    assert!(outcomes[0].unmarked);
    let outcomes = written(&books, "orders", vec![marked_create(r#"{"CustomerNumber":"1"}"#, "op-1")]).await;
    assert!(!outcomes[0].unmarked);
    let error = tieline_core::Connector::write(
        &*books,
        tieline_core::WriteRequest::new("companyinformation", Vec::new()),
    );
    assert_eq!(error.err().unwrap().kind(), ErrorKind::Unsupported);
}
