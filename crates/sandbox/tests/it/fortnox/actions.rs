use serde_json::{Value, json};
use tieline_sandbox::fortnox::Entity;

use super::{call, find, get, refused, send, still};

fn draft(sandbox: &tieline_sandbox::Sandbox<tieline_sandbox::fortnox::Fortnox>) -> String {
    let rows = json!([{"ArticleNumber": "HRD-700", "DeliveredQuantity": "2"}]);
    let fields = json!({"CustomerNumber": "1002", "InvoiceRows": rows, "InvoiceDate": "2026-11-01"});
    format!("/3/invoices/{}", sandbox.create(Entity::Invoices, fields).unwrap())
}

#[test]
fn booking_an_invoice_makes_a_voucher() {
    let sandbox = still();
    let invoice = send(&sandbox, "PUT", &format!("{}/bookkeep", draft(&sandbox)), &Value::Null);
    assert_eq!(
        (&invoice["Booked"], &invoice["VoucherSeries"], &invoice["VoucherYear"]),
        (&json!(true), &json!("B"), &json!(5))
    );
    let voucher = get(&sandbox, &format!("/3/vouchers/B/{}?financialyear=5", invoice["VoucherNumber"]));
    assert_eq!(voucher["Voucher"]["ReferenceNumber"], invoice["DocumentNumber"]);
    let debit = &voucher["Voucher"]["VoucherRows"][0];
    assert_eq!((&debit["Account"], &debit["Debit"]), (&json!(1510), &invoice["Total"]));
}

#[test]
fn a_credit_note_takes_everything_back_and_both_name_each_other() {
    let sandbox = still();
    let path = draft(&sandbox);
    send(&sandbox, "PUT", &format!("{path}/bookkeep"), &Value::Null);
    let original = send(&sandbox, "PUT", &format!("{path}/credit"), &Value::Null);
    let number = original["CreditInvoiceReference"].as_str().unwrap();
    let credit = get(&sandbox, &format!("/3/invoices/{number}"))["Invoice"].clone();
    assert_eq!(credit["Credit"], "true");
    assert_eq!(credit["CreditInvoiceReference"], original["DocumentNumber"]);
    assert_eq!(credit["Total"].as_i64().unwrap(), -original["Total"].as_i64().unwrap());
    assert_eq!(credit["InvoiceRows"][0]["DeliveredQuantity"], "-2");
    assert_eq!((&credit["Booked"], &credit["Sent"]), (&json!(false), &json!(false)));
    assert_eq!(refused(&sandbox, "PUT", &format!("{path}/credit"), &Value::Null).0, 400);
    assert_eq!(refused(&sandbox, "PUT", "/3/invoices/1/credit", &Value::Null), (404, 2_000_434));
}

#[test]
fn a_draft_can_be_cancelled() {
    let sandbox = still();
    let path = draft(&sandbox);
    let invoice = send(&sandbox, "PUT", &format!("{path}/cancel"), &Value::Null);
    assert_eq!((&invoice["Cancelled"], &invoice["Balance"]), (&json!(true), &json!(0)));
    assert_eq!(refused(&sandbox, "PUT", &format!("{path}/bookkeep"), &Value::Null).0, 400);
}

#[test]
fn gets_that_send_or_print_change_the_document() {
    let sandbox = still();
    let path = draft(&sandbox);
    let sent = || get(&sandbox, &path)["Invoice"]["Sent"].clone();
    let preview = call(&sandbox, "GET", &format!("{path}/preview"), &Value::Null);
    assert_eq!(preview.headers["content-type"], "application/pdf");
    assert!(preview.body.starts_with(b"%PDF-"));
    assert_eq!(sent(), false);
    assert_eq!(get(&sandbox, &format!("{path}/email"))["Invoice"]["Sent"], true);
    assert_eq!(sent(), true);
    let other = draft(&sandbox);
    call(&sandbox, "GET", &format!("{other}/print"), &Value::Null);
    assert_eq!(get(&sandbox, &other)["Invoice"]["Sent"], true);
    send(&sandbox, "PUT", &format!("{path}/bookkeep"), &Value::Null);
    for count in 1..3 {
        call(&sandbox, "GET", &format!("{path}/printreminder"), &Value::Null);
        let invoice = get(&sandbox, &path)["Invoice"].clone();
        assert_eq!(
            (&invoice["Reminders"], &invoice["LastRemindDate"]),
            (&json!(count), &json!("2026-11-02"))
        );
    }
    // Nobody to send it to.
    let silent = sandbox.create(Entity::Customers, json!({"Name": "Tyst"})).unwrap();
    let mute = sandbox.create(Entity::Invoices, json!({"CustomerNumber": silent})).unwrap();
    assert_eq!(refused(&sandbox, "GET", &format!("/3/invoices/{mute}/email"), &Value::Null).0, 400);
}

#[test]
fn offers_become_orders_and_orders_become_invoices_once() {
    let sandbox = still();
    let rows = json!([{"ArticleNumber": "TJN-090", "Quantity": "8", "Discount": 10}]);
    let offer = sandbox.create(Entity::Offers, json!({"CustomerNumber": "1002", "OfferRows": rows})).unwrap();
    let order = send(&sandbox, "PUT", &format!("/3/offers/{offer}/createorder"), &Value::Null);
    assert_eq!(
        (&order["OfferReference"], &order["OrderRows"][0]["OrderedQuantity"]),
        (&json!(offer), &json!("8"))
    );
    let number = order["DocumentNumber"].as_str().unwrap();
    let invoice = send(&sandbox, "PUT", &format!("/3/orders/{number}/createinvoice"), &Value::Null);
    assert_eq!(
        (&invoice["OrderReference"], &invoice["InvoiceRows"][0]["DeliveredQuantity"]),
        (&json!(number), &json!("8"))
    );
    assert_eq!((&invoice["Total"], &invoice["Balance"]), (&json!(12150), &json!(12150)));
    assert_eq!(
        get(&sandbox, &format!("/3/orders/{number}"))["Order"]["InvoiceReference"],
        invoice["DocumentNumber"]
    );
    assert_eq!(refused(&sandbox, "PUT", &format!("/3/orders/{number}/createinvoice"), &Value::Null).0, 400);
    assert_eq!(refused(&sandbox, "PUT", &format!("/3/offers/{offer}/createorder"), &Value::Null).0, 400);
}

#[test]
fn a_payment_settles_an_invoice_when_it_is_booked() {
    let sandbox = still();
    let path = draft(&sandbox);
    let number: i64 = path.rsplit('/').next().unwrap().parse().unwrap();
    let body = json!({"InvoicePayment": {"InvoiceNumber": number, "AmountCurrency": 10000, "PaymentDate": "2026-11-02"}});
    assert_eq!(refused(&sandbox, "POST", "/3/invoicepayments", &body).0, 400, "it is not in the books yet");
    let total = send(&sandbox, "PUT", &format!("{path}/bookkeep"), &Value::Null)["Total"].as_i64().unwrap();
    let first = send(&sandbox, "POST", "/3/invoicepayments", &body);
    let balance = || get(&sandbox, &path)["Invoice"]["Balance"].as_i64().unwrap();
    assert_eq!(balance(), total);
    let bookkeep = |payment: &Value| {
        let number = payment["Number"].as_str().unwrap();
        send(&sandbox, "PUT", &format!("/3/invoicepayments/{number}/bookkeep"), &Value::Null)
    };
    assert_eq!(bookkeep(&first)["VoucherSeries"], "C");
    assert_eq!(balance(), total - 10_000);
    let rest =
        send(&sandbox, "POST", "/3/invoicepayments", &json!({"InvoicePayment": {"InvoiceNumber": number}}));
    assert_eq!(rest["Amount"].as_i64(), Some(total - 10_000));
    bookkeep(&rest);
    let invoice = get(&sandbox, &path)["Invoice"].clone();
    assert_eq!((&invoice["Balance"], &invoice["FinalPayDate"]), (&json!(0), &json!("2026-11-02")));
    let unknown = json!({"InvoicePayment": {"InvoiceNumber": 7}});
    assert_eq!(refused(&sandbox, "POST", "/3/invoicepayments", &unknown), (400, 2_000_434));
    let number = first["Number"].as_str().unwrap();
    assert_eq!(refused(&sandbox, "DELETE", &format!("/3/invoicepayments/{number}"), &Value::Null).0, 400);
}

#[test]
fn supplier_invoices_are_booked_when_they_balance() {
    let sandbox = still();
    let make = |debit: i64| {
        let rows = json!([{"Account": 2440, "Credit": 125}, {"Account": 2641, "Debit": 25}, {"Account": 5410, "Debit": debit}]);
        let fields = json!({"SupplierNumber": "1", "InvoiceDate": "2026-11-01", "Total": "125", "SupplierInvoiceRows": rows});
        format!("/3/supplierinvoices/{}", sandbox.create(Entity::SupplierInvoices, fields).unwrap())
    };
    assert_eq!(refused(&sandbox, "PUT", &format!("{}/bookkeep", make(90)), &Value::Null), (400, 2_000_755));
    let path = make(100);
    assert_eq!(
        send(&sandbox, "PUT", &format!("{path}/approvalpayment"), &Value::Null)["PaymentPending"],
        true
    );
    let booked = send(&sandbox, "PUT", &format!("{path}/bookkeep"), &Value::Null);
    assert_eq!((&booked["Booked"], &booked["Vouchers"][0]["Series"]), (&json!(true), &json!("D")));
    let credited = send(&sandbox, "PUT", &format!("{path}/credit"), &Value::Null);
    let credit = get(&sandbox, &format!("/3/supplierinvoices/{}", credited["CreditReference"]));
    assert_eq!(
        (&credit["SupplierInvoice"]["Total"], &credit["SupplierInvoice"]["Credit"]),
        (&json!("-125"), &json!(true))
    );
    assert_eq!(send(&sandbox, "PUT", &format!("{}/cancel", make(100)), &Value::Null)["Cancelled"], true);
}

#[test]
fn an_unknown_action_is_no_route() {
    let sandbox = still();
    let number = find(&sandbox, |_| true)["DocumentNumber"].as_str().unwrap().to_owned();
    for (method, path) in [("PUT", "dance"), ("GET", "dance"), ("PUT", "email"), ("PUT", "createorder")] {
        let reply = call(&sandbox, method, &format!("/3/invoices/{number}/{path}"), &Value::Null);
        assert_eq!(reply.status, 404, "{method} {path}");
    }
}
