use serde_json::{Value, json};
use tieline_sandbox::fortnox::Entity;

use super::{call, find, get, json as read, refused, send, still};

#[test]
fn an_invoice_is_made_in_its_wrapper_with_its_sums_and_defaults() {
    let sandbox = still();
    let body = json!({"Invoice": {
        "CustomerNumber": "1002", "InvoiceDate": "2026-10-30", "ExternalInvoiceReference1": "EXT-77",
        "InvoiceRows": [{"ArticleNumber": "HRD-700", "DeliveredQuantity": "3", "Price": 149.5}],
    }});
    let invoice = send(&sandbox, "POST", "/3/invoices", &body);
    assert_eq!(invoice["DocumentNumber"], "10061");
    assert_eq!((&invoice["Net"], &invoice["TotalVAT"]), (&json!(448.5), &json!(112.13)));
    assert_eq!((&invoice["Total"], &invoice["RoundOff"]), (&json!(561), &json!(0.37)));
    assert_eq!((&invoice["Balance"], &invoice["Booked"]), (&json!(561), &json!(false)));
    assert_eq!(invoice["CustomerName"], get(&sandbox, "/3/customers/1002")["Customer"]["Name"]);
    let row = &invoice["InvoiceRows"][0];
    assert_eq!(
        (&row["Description"], &row["AccountNumber"], &row["VAT"]),
        (&json!("Handdator tålig"), &json!(3001), &json!(25))
    );
    assert_eq!(invoice["OCR"].as_str().unwrap().len(), 6);
    let days =
        get(&sandbox, "/3/customers/1002")["Customer"]["TermsOfPayment"].as_str().unwrap().parse().unwrap();
    let due = chrono::NaiveDate::from_ymd_opt(2026, 10, 30).unwrap() + chrono::TimeDelta::days(days);
    assert_eq!(invoice["DueDate"], due.to_string());
    assert_eq!(get(&sandbox, "/3/invoices/10061")["Invoice"], invoice);
}

#[test]
fn a_change_leaves_alone_what_it_does_not_name() {
    let sandbox = still();
    let before = get(&sandbox, "/3/customers/1001")["Customer"].clone();
    let after = send(&sandbox, "PUT", "/3/customers/1001", &json!({"Customer": {"Comments": "Ny"}}));
    let mut expected = before;
    expected["Comments"] = json!("Ny");
    assert_eq!(after, expected);
}

#[test]
fn nothing_does_not_clear_a_text_and_the_magic_word_does() {
    let sandbox = still();
    let comment = |value: Value| {
        send(&sandbox, "PUT", "/3/customers/1001", &json!({"Customer": {"Comments": value}}))["Comments"]
            .clone()
    };
    assert_eq!(comment(json!("Ring först")), "Ring först");
    assert_eq!(comment(json!("")), "Ring först");
    assert_eq!(comment(Value::Null), "Ring först");
    assert_eq!(comment(json!("API_BLANK")), Value::Null);
}

#[test]
fn bodies_are_looked_through() {
    let sandbox = still();
    let customer = |fields: Value| refused(&sandbox, "POST", "/3/customers", &json!({ "Customer": fields }));
    for (fields, code) in [
        (json!({"Name": "Ada", "Nickname": "A"}), 2_001_399),
        (json!({"Name": "Ada", "@url": "x"}), 2_001_399),
        (json!({"Name": "Ada", "Country": "Sverige"}), 2_001_399),
        (json!({"Name": "Ada", "Phone": "08"}), 2_001_399),
        (json!({"Name": "Ada 🎉"}), 2_000_359),
        (json!({"Name": "Ada \"the\" <b>"}), 2_000_359),
        (json!({"Name": ["Ada"]}), 2_000_106),
        (json!({"Name": "Ada", "InvoiceDiscount": "much"}), 2_000_108),
        (json!({"Name": "Ada", "Active": "maybe"}), 2_000_134),
        (json!({"Name": "Ada", "CustomerNumber": "1001"}), 2_000_637),
        (json!({"Name": "Ada", "TermsOfPayment": "31"}), 2_000_429),
        (json!({"Name": "Ada", "SalesAccount": "9999"}), 2_000_423),
        (json!({"Name": "Ada", "Project": "99"}), 2_001_161),
        (json!({"Email": "ada@example.test"}), 2_001_392),
    ] {
        assert_eq!(customer(fields.clone()), (400, code), "{fields}");
    }
    let body = |text: &str| {
        let request = http::Request::post("/3/customers")
            .header("authorization", format!("Bearer {}", sandbox.token()))
            .header("accept", "application/json")
            .header("content-type", "application/json");
        let reply = sandbox.handle(request.body(bytes::Bytes::from(text.to_owned())).unwrap());
        read(&reply)["ErrorInformation"]["code"].as_i64().unwrap()
    };
    assert_eq!(body("{\"Customer\": "), 2_002_115);
    assert_eq!(body(""), 2_001_392);
    assert_eq!(body("[]"), 2_001_392);
    assert_eq!(body("{\"Customers\": {\"Name\": \"Ada\"}}"), 2_001_392);
    assert_eq!(body("{\"Name\": \"Ada\"}"), 2_001_392);
    let message = call(&sandbox, "POST", "/3/customers", &json!({"Customer": {"Name": "Ada 🎉"}}));
    assert_eq!(
        read(&message)["ErrorInformation"]["message"],
        "Värdet innehåller ej tillåtna tecken. (Ada 🎉)"
    );
}

#[test]
fn letters_of_all_languages_and_the_listed_signs_pass() {
    let sandbox = still();
    let name = "Åke & Søn – Łódź: 100 % (½ price!) @home; ’quote’ #1, é/ü = €5 ©™\nΑθήνα";
    let made = send(&sandbox, "POST", "/3/customers", &json!({"Customer": {"Name": name}}));
    assert_eq!(made["Name"], name);
    for sign in ["'", "\"", "<", ">", "[", "{", "|", "~", "\t", "…", "→"] {
        let body = json!({"Customer": {"Name": format!("Ada {sign}")}});
        assert_eq!(refused(&sandbox, "POST", "/3/customers", &body), (400, 2_000_359), "{sign}");
    }
}

#[test]
fn documents_look_at_what_they_name() {
    let sandbox = still();
    let invoice = |fields: Value| refused(&sandbox, "POST", "/3/invoices", &json!({ "Invoice": fields }));
    let row = |row: Value| invoice(json!({"CustomerNumber": "1001", "InvoiceRows": [row]}));
    assert_eq!(invoice(json!({"CustomerNumber": "9"})), (400, 2_000_433));
    assert_eq!(invoice(json!({"CustomerNumber": "1001", "Total": 5})), (400, 2_001_399));
    assert_eq!(invoice(json!({"CustomerNumber": "1001", "DocumentNumber": "X1"})), (400, 2_000_108));
    assert_eq!(invoice(json!({"CustomerNumber": "1001", "DocumentNumber": "10001"})), (400, 2_000_637));
    assert_eq!(row(json!({"ArticleNumber": "NO"})), (400, 2_000_428));
    assert_eq!(row(json!({"AccountNumber": 9999})), (400, 2_000_423));
    assert_eq!(row(json!({"Unit": "furlong"})), (400, 2_000_432));
    assert_eq!(row(json!({"Total": 5})), (400, 2_001_399));
    assert_eq!(row(json!({"DeliveredQuantity": "three"})), (400, 2_000_108));
    // A record that is read and sent back as it is names what only Fortnox writes.
    let whole = get(&sandbox, "/3/invoices/10060");
    assert_eq!(refused(&sandbox, "PUT", "/3/invoices/10060", &whole), (400, 2_001_399));
}

#[test]
fn rows_follow_their_order_or_their_ids() {
    let sandbox = still();
    let rows = |method: &str, path: &str, rows: Value| {
        let body = json!({"Invoice": {"CustomerNumber": "1001", "InvoiceRows": rows}});
        send(&sandbox, method, path, &body)["InvoiceRows"].as_array().unwrap().clone()
    };
    let made = rows(
        "POST",
        "/3/invoices",
        json!([
            {"Description": "en", "Price": 1, "DeliveredQuantity": 1},
            {"Description": "två", "Price": 2, "DeliveredQuantity": 1},
            {"Description": "tre", "Price": 3, "DeliveredQuantity": 1},
        ]),
    );
    let texts = |rows: &[Value]| {
        rows.iter().map(|row| (row["Description"].clone(), row["Price"].clone())).collect::<Vec<_>>()
    };
    let by_order = rows("PUT", "/3/invoices/10061", json!([{"Price": 10}, {}]));
    assert_eq!(texts(&by_order), [(json!("en"), json!(10)), (json!("två"), json!(2))]);
    assert!(by_order[0]["RowId"].as_i64() > made[2]["RowId"].as_i64(), "every change gives new ids");
    let second = by_order[1]["RowId"].clone();
    let by_id =
        rows("PUT", "/3/invoices/10061", json!([{"Description": "ny", "Price": 4}, {"RowId": second}]));
    assert_eq!(texts(&by_id), [(json!("ny"), json!(4)), (json!("två"), json!(2))]);
    let stale = json!({"Invoice": {"InvoiceRows": [{"RowId": second}]}});
    assert_eq!(refused(&sandbox, "PUT", "/3/invoices/10061", &stale).0, 400);
}

#[test]
fn what_is_in_the_books_stays() {
    let sandbox = still();
    let booked = find(&sandbox, |row| row["Booked"] == true);
    let path = format!("/3/invoices/{}", booked["DocumentNumber"].as_str().unwrap());
    assert_eq!(refused(&sandbox, "PUT", &path, &json!({"Invoice": {"Comments": "x"}})).0, 400);
    assert_eq!(refused(&sandbox, "PUT", &format!("{path}/cancel"), &Value::Null).0, 400);
    assert_eq!(refused(&sandbox, "PUT", &format!("{path}/bookkeep"), &Value::Null).0, 400);
    for path in ["/3/invoices/10001", "/3/suppliers/1", "/3/vouchers/A/1"] {
        assert!(matches!(call(&sandbox, "DELETE", path, &Value::Null).status.as_u16(), 404 | 405));
    }
}

#[test]
fn deleted_numbers_stay_reserved_and_what_is_used_stays() {
    let sandbox = still();
    let ada = send(
        &sandbox,
        "POST",
        "/3/customers",
        &json!({"Customer": {"Name": "Ada", "CustomerNumber": "ADA-1"}}),
    );
    assert_eq!((&ada["Active"], &ada["Currency"]), (&json!(true), &json!("SEK")));
    let gone = call(&sandbox, "DELETE", "/3/customers/ADA-1", &Value::Null);
    assert_eq!((gone.status.as_u16(), gone.body.len()), (204, 0));
    assert_eq!(refused(&sandbox, "GET", "/3/customers/ADA-1", &Value::Null), (404, 2_000_433));
    let again = json!({"Customer": {"Name": "Ada", "CustomerNumber": "ADA-1"}});
    assert_eq!(refused(&sandbox, "POST", "/3/customers", &again), (400, 2_000_637));
    let busy = find(&sandbox, |_| true)["CustomerNumber"].as_str().unwrap().to_owned();
    assert_eq!(refused(&sandbox, "DELETE", &format!("/3/customers/{busy}"), &Value::Null).0, 400);
    let next = send(&sandbox, "POST", "/3/customers", &json!({"Customer": {"Name": "Nästa"}}));
    assert_eq!(next["CustomerNumber"], (1001 + sandbox.count(Entity::Customers) - 1).to_string());
}

#[test]
fn an_article_can_fail_for_an_account_that_nobody_touched() {
    let sandbox = still();
    let change = json!({"Article": {"Note": "Ny text"}});
    assert_eq!(refused(&sandbox, "PUT", "/3/articles/GML-1", &change), (400, 2_000_423));
    send(&sandbox, "PUT", "/3/articles/HRD-700", &change);
    let healed = json!({"Article": {"Note": "Ny text", "SalesAccount": 3001}});
    assert_eq!(send(&sandbox, "PUT", "/3/articles/GML-1", &healed)["SalesAccount"], 3001);
}

#[test]
fn every_resource_that_can_be_made_is() {
    let sandbox = still();
    for (path, body) in [
        ("suppliers", json!({"Supplier": {"Name": "Ny AB", "BG": "5050-1055"}})),
        ("articles", json!({"Article": {"Description": "Ny"}})),
        ("projects", json!({"Project": {"Description": "Nytt"}})),
        ("costcenters", json!({"CostCenter": {"Code": "NY", "Description": "Nytt"}})),
        ("accounts", json!({"Account": {"Number": 3055, "Description": "Nytt"}})),
        ("accounts?financialyear=4", json!({"Account": {"Number": 3055, "Description": "Nytt"}})),
        ("financialyears", json!({"FinancialYear": {"FromDate": "2027-01-01", "ToDate": "2027-12-31"}})),
        ("supplierinvoices", json!({"SupplierInvoice": {"SupplierNumber": "1", "Total": "125"}})),
        (
            "offers",
            json!({"Offer": {"CustomerNumber": "1001", "OfferRows": [{"ArticleNumber": "TJN-090", "Quantity": "2"}]}}),
        ),
        (
            "orders",
            json!({"Order": {"CustomerNumber": "1001", "OrderRows": [{"ArticleNumber": "TJN-090", "OrderedQuantity": "2"}]}}),
        ),
    ] {
        let made = send(&sandbox, "POST", &format!("/3/{path}"), &body);
        for (wanted, value) in body.as_object().unwrap().values().next().unwrap().as_object().unwrap() {
            assert!(value.is_array() || &made[wanted] == value, "{path}: {made}");
        }
    }
    let twice = json!({"FinancialYear": {"FromDate": "2026-06-01", "ToDate": "2027-05-31"}});
    assert_eq!(refused(&sandbox, "POST", "/3/financialyears", &twice).0, 400);
}
