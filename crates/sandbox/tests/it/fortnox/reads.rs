use super::{get, still};

#[test]
fn lists_hold_less_than_records_and_write_numbers_otherwise() {
    let sandbox = still();
    let list = get(&sandbox, "/3/invoices?limit=2");
    assert_eq!(list["MetaInformation"]["@TotalResources"], 60);
    assert_eq!(list["MetaInformation"]["@TotalPages"], 30);
    assert_eq!(list["MetaInformation"]["@CurrentPage"], 1);
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
    assert_eq!(invoice["Total"], row["Total"]);
}
