use serde_json::Value;
use tieline_sandbox::fortnox::Entity;

use super::{call, find, get, json, numbers, refused, still, walk};

#[test]
fn lists_hold_less_than_records_and_write_numbers_otherwise() {
    let sandbox = still();
    let list = get(&sandbox, "/3/invoices?limit=2");
    let meta = &list["MetaInformation"];
    assert_eq!(
        (&meta["@TotalResources"], &meta["@TotalPages"], &meta["@CurrentPage"]),
        (&60.into(), &30.into(), &1.into())
    );
    let row = &list["Invoices"][0];
    assert_eq!(row["CurrencyRate"], "1");
    assert!(row.get("InvoiceRows").is_none() && row.get("Address1").is_none());
    let number = row["DocumentNumber"].as_str().unwrap();
    let whole = get(&sandbox, &format!("/3/invoices/{number}"));
    let invoice = &whole["Invoice"];
    assert_eq!(invoice["CurrencyRate"], 1);
    assert_eq!(invoice["Credit"], "false");
    assert_eq!(invoice["CreditInvoiceReference"], "0");
    assert!(invoice["InvoiceRows"][0]["DeliveredQuantity"].is_string());
    assert!(invoice["InvoiceRows"][0]["Price"].is_number());
    assert_eq!(invoice["Total"], row["Total"]);
    assert_eq!(invoice["@url"], format!("https://api.fortnox.se/3/invoices/{number}"));

    let supplied = get(&sandbox, "/3/supplierinvoices/1");
    assert!(supplied["SupplierInvoice"]["Total"].is_string());
    let article = &get(&sandbox, "/3/articles?articlenumber=fri-1")["Articles"][0];
    assert_eq!((&article["SalesPrice"], &article["PurchasePrice"]), (&Value::Null, &"0".into()));
    assert_eq!(article["ReservedQuantity"], "API_NORIGHT");
    assert_eq!(get(&sandbox, "/3/articles/FRI-1")["Article"]["PurchasePrice"], 0);
}

#[test]
fn slashes_are_escaped_and_still_read_as_slashes() {
    let reply = call(&still(), "GET", "/3/invoices?limit=1", &Value::Null);
    let text = String::from_utf8(reply.body.to_vec()).unwrap();
    assert!(text.contains(r#""@url":"https:\/\/api.fortnox.se\/3\/invoices\/10001""#), "{text}");
    assert_eq!(json(&reply)["Invoices"][0]["@url"], "https://api.fortnox.se/3/invoices/10001");
}

#[test]
fn pages_are_counted_from_one_and_hold_at_most_500() {
    let sandbox = still();
    assert_eq!(get(&sandbox, "/3/invoices")["Invoices"].as_array().unwrap().len(), 60);
    let all = walk(&sandbox, Entity::Invoices, "limit=500");
    for limit in [1, 7, 60, 499] {
        assert_eq!(walk(&sandbox, Entity::Invoices, &format!("limit={limit}")), all);
    }
    let some = get(&sandbox, "/3/invoices?limit=10&offset=25");
    assert_eq!(some["Invoices"].as_array().unwrap(), &all[25..35]);
    let behind = get(&sandbox, "/3/invoices?limit=10&page=9");
    assert_eq!(behind["Invoices"].as_array().unwrap().len(), 0);
    let none = get(&sandbox, "/3/invoices?yourordernumber=nobody");
    assert_eq!(none["MetaInformation"]["@TotalPages"], 0);
    for wrong in ["limit=501", "limit=0", "limit=ten", "page=0", "page=-1", "Page=1", "sida=1"] {
        assert_eq!(refused(&sandbox, "GET", &format!("/3/invoices?{wrong}"), &Value::Null), (400, 2_000_588));
    }
}

#[test]
fn every_resource_lists_and_shows_its_records() {
    let sandbox = still();
    for entity in Entity::ALL {
        for key in sandbox.keys(entity) {
            let parts: Vec<&str> = key.split('/').collect();
            let path = match (entity, parts.as_slice()) {
                (Entity::Accounts, [number, year]) => format!("{number}?financialyear={year}"),
                (Entity::Vouchers, [series, number, year]) => {
                    format!("{series}/{number}?financialyear={year}")
                }
                _ => key.clone(),
            };
            let record = get(&sandbox, &format!("/3/{}/{path}", entity.path()));
            assert!(
                record[entity.singular()][entity.key_field()].is_string()
                    || record[entity.singular()][entity.key_field()].is_number()
            );
        }
        assert!(!walk(&sandbox, entity, "limit=500").is_empty());
    }
}

#[test]
fn lists_sort_by_what_they_know() {
    let sandbox = still();
    let totals = |query: &str| -> Vec<f64> {
        walk(&sandbox, Entity::Invoices, query).iter().map(|row| row["Total"].as_f64().unwrap()).collect()
    };
    assert!(totals("sortby=total").is_sorted());
    assert!(totals("sortby=total&sortorder=descending").iter().rev().is_sorted());
    let rows = walk(&sandbox, Entity::Invoices, "sortorder=descending");
    assert_eq!(numbers(&rows)[0], "10060");
    assert_eq!(walk(&sandbox, Entity::FinancialYears, "")[0]["Id"], 5);
    assert_eq!(walk(&sandbox, Entity::FinancialYears, "sortorder=ascending")[0]["Id"], 4);
    for wrong in ["sortby=balance", "sortby=Total", "sortorder=down"] {
        assert_eq!(refused(&sandbox, "GET", &format!("/3/invoices?{wrong}"), &Value::Null), (400, 2_000_588));
    }
}

#[test]
fn what_is_not_there_is_said_with_capitals() {
    let sandbox = still();
    for (path, code) in [
        ("invoices/1", 2_000_434),
        ("customers/nobody", 2_000_433),
        ("orders/9999", 2_000_439),
        ("projects/99", 2_001_161),
        ("articles/NO", 2_000_428),
        ("accounts/9999", 2_000_423),
    ] {
        let reply = call(&sandbox, "GET", &format!("/3/{path}"), &Value::Null);
        assert_eq!(reply.status, 404);
        let information = &json(&reply)["ErrorInformation"];
        assert_eq!((&information["Error"], &information["Code"]), (&1.into(), &code.into()));
        assert!(information["Message"].as_str().unwrap().starts_with("Kan inte hitta"));
    }
    assert_eq!(call(&sandbox, "GET", "/3/nothing", &Value::Null).status, 404);
    assert_eq!(call(&sandbox, "GET", "/2/invoices", &Value::Null).status, 404);
    assert_eq!(call(&sandbox, "GET", "/3/contracts", &Value::Null).status, 501);
}

#[test]
fn keys_come_percent_encoded_and_a_slash_at_the_end_is_free() {
    let sandbox = still();
    sandbox
        .create(Entity::Articles, serde_json::json!({"ArticleNumber": "A/Ö 1", "Description": "Snedstreck"}))
        .unwrap();
    let article = get(&sandbox, "/3/articles/A%2F%C3%96%201/");
    assert_eq!(article["Article"]["Description"], "Snedstreck");
}

#[test]
fn the_company_tells_its_number_twice() {
    let sandbox = still();
    let tenant = tieline_sandbox::fortnox::TENANT;
    assert_eq!(get(&sandbox, "/3/companyinformation")["CompanyInformation"]["DatabaseNumber"], tenant);
    assert_eq!(get(&sandbox, "/3/settings/company")["CompanySettings"]["DatabaseNumber"], tenant.to_string());
    assert_eq!(get(&sandbox, "/3/me")["MeInformation"]["SysAdmin"], true);
    assert_eq!(call(&sandbox, "POST", "/3/companyinformation", &Value::Null).status, 405);
}

#[test]
fn foreign_invoices_keep_their_own_currency() {
    let invoice = find(&still(), |row| row["CurrencyUnit"] == 100);
    assert_eq!(invoice["CurrencyRate"], if invoice["Currency"] == "NOK" { "96.71" } else { "151.83" });
}
