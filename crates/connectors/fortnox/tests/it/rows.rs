//! Rows that are set are the rows that stand afterwards, what a company chooses from, and its files.

use std::sync::{Arc, Mutex};

use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use tieline_core::{Attachment, Clock, Connector, ContentRequest, FieldPatch, ReadRequest, WriteOp};
use tieline_fortnox::FortnoxConfig;
use tieline_sandbox::fortnox::{Entity, Fortnox as Model};
use tieline_sandbox::{InProcess, Sandbox};

use crate::common::*;

#[derive(Debug)]
struct SandboxClock(Arc<Sandbox<Model>>);

impl Clock for SandboxClock {
    fn now(&self) -> DateTime<Utc> {
        self.0.now()
    }
}

/// Fortnox matches rows by their order, and keeps of a row what is not sent; or it replaces them.
#[tokio::test(start_paused = true)]
async fn a_row_that_is_another_one_keeps_nothing_of_the_one_before() {
    let builder = || Model::builder().invoices(1).token("eyJ0ZXN0IjoxfQ");
    for sandbox in [builder().build(), builder().with_replaced_rows().build()] {
        rows_are_replaced(sandbox).await;
    }
}

async fn rows_are_replaced(sandbox: Arc<Sandbox<Model>>) {
    let clock = Arc::new(SandboxClock(Arc::clone(&sandbox)));
    let transport = Arc::new(InProcess::new(Arc::clone(&sandbox)));
    let books = over(transport, clock, FortnoxConfig::new());
    let (customer, article) =
        (sandbox.keys(Entity::Customers)[0].clone(), sandbox.keys(Entity::Articles)[0].clone());
    for (entity, name, rows, quantity) in [
        (Entity::Invoices, "invoices", "InvoiceRows", "DeliveredQuantity"),
        (Entity::Orders, "orders", "OrderRows", "OrderedQuantity"),
        (Entity::Offers, "offers", "OfferRows", "Quantity"),
    ] {
        let old = json!([
            { "ArticleNumber": article, quantity: "3", "Price": 100, "Discount": 50, "DiscountType": "PERCENT" },
            { "Description": "rad två", quantity: "1", "Price": 7 },
        ]);
        let key = sandbox.create(entity, json!({ "CustomerNumber": customer, rows: old })).unwrap();
        let new = json!([{ "Description": "Konsulttid", quantity: "1", "Price": 900 }]);
        let outcome = one(&books, name, update(&key, &[(&format!("/{rows}"), set(&new.to_string()))])).await;
        assert_eq!(word(&outcome), format!("applied {key}"));
        let record: Value =
            serde_json::from_str(&sandbox.record(entity, &key).unwrap().get(rows).unwrap().to_string())
                .unwrap();
        assert_eq!(record.as_array().unwrap().len(), 1, "{record}");
        let row = &record[0];
        assert_eq!(row["Description"], "Konsulttid", "{name}");
        assert_eq!(row["Total"].to_string().trim_matches('"').parse::<f64>().unwrap(), 900.0, "{row}");
        assert!(!row.to_string().contains(&article), "{row}");
    }
}

#[tokio::test(start_paused = true)]
async fn rows_that_cover_the_ones_that_stand_are_sent_once() {
    let standing =
        r#"{"Invoice":{"DocumentNumber":"204","InvoiceRows":[{"RowId":1,"Description":"a","Price":1}]}}"#;
    let (transport, books) = answering(move |_| (200, standing.to_owned()));
    let covering = r#"[{"Description":"b","Price":2},{"Description":"c"}]"#;
    let by_id = r#"[{"RowId":1,"Price":3}]"#;
    for rows in [covering, by_id, "[]"] {
        one(&books, "invoices", update("204", &[("/InvoiceRows", set(rows))])).await;
    }
    one(&books, "invoices", update("204", &[("/InvoiceRows", FieldPatch::Clear)])).await;
    insta::assert_snapshot!(sent(&transport), @r#"
    GET /3/invoices/204
    PUT /3/invoices/204 {"Invoice":{"InvoiceRows":[{"Description":"b","Price":2},{"Description":"c"}]}}
    PUT /3/invoices/204 {"Invoice":{"InvoiceRows":[{"Price":3,"RowId":1}]}}
    PUT /3/invoices/204 {"Invoice":{"InvoiceRows":[]}}
    PUT /3/invoices/204 {"Invoice":{"InvoiceRows":[]}}
    "#);
}

#[tokio::test(start_paused = true)]
async fn another_row_is_written_in_two_steps_and_each_can_be_sent_again() {
    let rows = Mutex::new(r#"[{"RowId":1,"ArticleNumber":"A-10","Price":100}]"#.to_owned());
    let (transport, books) = answering(move |line| {
        let mut rows = rows.lock().unwrap();
        let body = format!(r#"{{"Invoice":{{"DocumentNumber":"204","InvoiceRows":{rows}}}}}"#);
        if line.starts_with("PUT") {
            *rows = r#"[{"RowId":3,"Description":"b"}]"#.to_owned();
            let both = r#"[{"RowId":2,"ArticleNumber":"A-10"},{"RowId":3,"Description":"b"}]"#;
            return (200, format!(r#"{{"Invoice":{{"DocumentNumber":"204","InvoiceRows":{both}}}}}"#));
        }
        (200, body)
    });
    let change = [("/InvoiceRows", set(r#"[{"Description":"b"}]"#)), ("/OurReference", set("\"Ada\""))];
    assert_eq!(word(&one(&books, "invoices", update("204", &change)).await), "applied 204");
    insta::assert_snapshot!(sent(&transport), @r#"
    GET /3/invoices/204
    PUT /3/invoices/204 {"Invoice":{"InvoiceRows":[{"RowId":1},{"Description":"b"}]}}
    PUT /3/invoices/204 {"Invoice":{"InvoiceRows":[{"RowId":3}],"OurReference":"Ada"}}
    "#);
}

#[tokio::test(start_paused = true)]
async fn what_a_company_chooses_from_is_read_and_written() {
    for (entity, path, many, row, key) in [
        ("units", "units", "Units", r#"{"Code":"st","Description":"styck"}"#, "st"),
        (
            "termsofpayments",
            "termsofpayments",
            "TermsOfPayments",
            r#"{"Code":"30","Description":"30 dagar"}"#,
            "30",
        ),
        (
            "voucherseries",
            "voucherseries",
            "VoucherSeriesCollection",
            r#"{"Code":"A","Description":"Redovisning"}"#,
            "A",
        ),
        (
            "prices",
            "prices",
            "Prices",
            r#"{"PriceList":"A","ArticleNumber":"A/1","FromQuantity":0,"Price":1.10}"#,
            "A/A~11/0",
        ),
    ] {
        let (transport, books) = answering(move |line| page(line, many, &[row.to_owned()]));
        let found = batches(&books, ReadRequest::full(entity)).await.unwrap();
        assert_eq!(words(&found), [format!("+{key}")]);
        assert_eq!(asked(&transport)[0], format!("GET /3/{path}?offset=0&limit=500"));
    }
    let (transport, books) =
        answering(|_| (200, r#"{"SupplierInvoicePayment":{"Number":7},"Price":{}}"#.to_owned()));
    one(&books, "supplierinvoicepayments", create(r#"{"InvoiceNumber":"12","Amount":"100.50"}"#)).await;
    one(&books, "supplierinvoicepayments", invoke("bookkeep", "7")).await;
    one(&books, "prices", update("A/A~11/0", &[("/Price", set("2.20"))])).await;
    insta::assert_snapshot!(sent(&transport), @r#"
    POST /3/supplierinvoicepayments {"SupplierInvoicePayment":{"Amount":100.50,"InvoiceNumber":"12"}}
    PUT /3/supplierinvoicepayments/7/bookkeep
    PUT /3/prices/A/A%2F1/0 {"Price":{"Price":2.20}}
    "#);
    for (body, keys) in [
        (r#"{"LockedPeriod":{"EndDate":"2026-01-31"}}"#, vec!["+2026-01-31"]),
        (r#"{"LockedPeriod":{}}"#, vec![]),
    ] {
        let (_, books) = answering(move |_| (200, body.to_owned()));
        assert_eq!(words(&batches(&books, ReadRequest::full("lockedperiod")).await.unwrap()), keys);
    }
}

#[tokio::test(start_paused = true)]
async fn a_file_is_listed_read_put_in_and_connected() {
    let (transport, books) = answering(|line| match line.split(['?', ' ']).nth(1).unwrap() {
        "/3/inbox" if line.starts_with("GET") => (
            200,
            r#"{"Folder":{"Id":"root","Files":[{"Id":"f-1","Name":"kvitto.pdf","Size":3}]}}"#.to_owned(),
        ),
        "/3/inbox" => (201, r#"{"File":{"Id":"f-2","Name":"kvitto.pdf"}}"#.to_owned()),
        "/3/voucherfileconnections" => {
            (201, r#"{"VoucherFileConnection":{"FileId":"f-2","VoucherNumber":"12"}}"#.to_owned())
        }
        _ => (200, "pdf".to_owned()),
    });
    assert_eq!(words(&batches(&books, ReadRequest::full("inbox")).await.unwrap()), ["+f-1"]);
    books.content(ContentRequest::new("inbox", "f-1")).await.unwrap();
    let upload = WriteOp::invoke("upload", json_of(r#"{"folder":"inbox_v"}"#)).with_file(Attachment::new(
        "file",
        "kvitto.pdf",
        &b"pdf"[..],
    ));
    assert_eq!(word(&one(&books, "inbox", upload).await), "applied f-2");
    let connection = r#"{"FileId":"f-2","VoucherNumber":"12","VoucherSeries":"A"}"#;
    let outcome = one(&books, "voucherfileconnections", create(connection)).await;
    assert_eq!(word(&outcome), "applied f-2");
    let requests = transport.requests();
    let upload = requests.iter().find(|request| request.method() == "POST").unwrap();
    assert_eq!(upload.uri().path_and_query().unwrap(), "/3/inbox?folderId=inbox_v");
    let kind = upload.headers()["content-type"].to_str().unwrap();
    assert!(kind.starts_with("multipart/form-data"), "{kind}");
}

fn json_of(text: &str) -> tieline_core::RawJson {
    tieline_core::RawJson::parse(text).unwrap()
}
