//! Records as types.

use futures_util::TryStreamExt;
use tieline_fortnox::{Article, Customer, Invoice, Supplier, Voucher};

use crate::common::*;

const INVOICE: &str = r#"{"Invoice":{"@url":"https:\/\/api.fortnox.se\/3\/invoices\/204","DocumentNumber":"204","CustomerNumber":"1001",
"InvoiceDate":"2026-01-10","DueDate":"","FinalPayDate":null,"Currency":"EUR","CurrencyRate":"11.235","CurrencyUnit":1,
"Total":12345678901234567.89,"TotalVAT":"112.13","Balance":"0","Net":"API_NORIGHT","Freight":"","Booked":true,"Cancelled":false,
"Credit":"false","CreditInvoiceReference":"0","VoucherNumber":"17","VoucherSeries":null,"Sent":"true","OCR":2049,
"InvoiceRows":[{"ArticleNumber":"A-10","DeliveredQuantity":"3","Price":149.50,"VAT":25,"ContributionPercent":"API_NORIGHT","RowId":1}]}}"#;

#[tokio::test(start_paused = true)]
async fn an_invoice_keeps_every_digit_however_it_is_written() {
    let (_, books) = answering(|_| (200, INVOICE.to_owned()));
    let invoice: Invoice = books.record_as("invoices", 204_u64).await.unwrap().unwrap();
    assert_eq!(invoice.number, "204");
    assert_eq!(invoice.invoice_date.unwrap().to_string(), "2026-01-10");
    assert_eq!((invoice.due_date, invoice.final_pay_date), (None, None));
    let digits = |amount: Option<rust_decimal::Decimal>| amount.map(|amount| amount.to_string());
    assert_eq!(digits(invoice.total).as_deref(), Some("12345678901234567.89"));
    assert_eq!(digits(invoice.total_vat).as_deref(), Some("112.13"));
    assert_eq!(digits(invoice.currency_rate).as_deref(), Some("11.235"));
    assert_eq!(digits(invoice.balance).as_deref(), Some("0"));
    assert_eq!((invoice.net, invoice.freight), (None, None));
    assert!(invoice.booked && invoice.sent && !invoice.credit && !invoice.cancelled);
    assert_eq!((invoice.voucher_number, invoice.voucher_series), (Some(17), None));
    assert_eq!(invoice.ocr.as_deref(), Some("2049"));
    assert_eq!(invoice.rows.len(), 1);
    assert_eq!(digits(invoice.rows[0].quantity).as_deref(), Some("3"));
    assert_eq!(digits(invoice.rows[0].price).as_deref(), Some("149.50"));
}

#[tokio::test(start_paused = true)]
async fn a_record_that_is_not_there_is_none() {
    let (transport, books) = answering(|_| error(404, "2000434", "Kan inte hitta fakturan."));
    assert_eq!(books.record_as::<Invoice>("invoices", "204").await.unwrap(), None);
    assert_eq!(books.record_as::<Customer>("customers", "1001").await.unwrap(), None);
    assert_eq!(books.record_as::<Supplier>("suppliers", "7").await.unwrap(), None);
    assert_eq!(books.record_as::<Article>("articles", "A-10").await.unwrap(), None);
    assert_eq!(books.record_as::<Voucher>("vouchers", "A/12/5").await.unwrap(), None);
    assert_eq!(asked(&transport).last().unwrap(), "GET /3/vouchers/A/12?financialyear=5");
}

#[tokio::test(start_paused = true)]
async fn a_shape_that_does_not_fit_is_named_without_its_value() {
    let (_, books) = answering(|_| {
        (200, r#"{"Voucher":{"VoucherSeries":"A","VoucherNumber":12,"Year":5,"VoucherRows":[{"Debit":"hundra"}]}}"#.to_owned())
    });
    let error = books.record_as::<Voucher>("vouchers", "A/12/5").await.unwrap_err();
    insta::assert_snapshot!(error, @"a record does not have the shape of the type that was asked for (decode, entity=vouchers, key=A/12/5, byte=19)");
}

#[tokio::test(start_paused = true)]
async fn all_records_as_a_type() {
    let rows = vec![r#"{"CustomerNumber":"1"}"#.to_owned(), r#"{"CustomerNumber":"2"}"#.to_owned()];
    let (_, books) = answering(move |line| match line.strip_prefix("GET /3/customers/") {
        Some(number) => (200, format!(r#"{{"Customer":{{"CustomerNumber":"{number}","Active":true}}}}"#)),
        None => page(line, "Customers", &rows),
    });
    let customers: Vec<Customer> = books.read_as("customers").unwrap().try_collect().await.unwrap();
    let numbers: Vec<&str> = customers.iter().map(|customer| customer.number.as_str()).collect();
    assert_eq!(numbers, ["1", "2"]);
    assert!(customers.iter().all(|customer| customer.active));
}
