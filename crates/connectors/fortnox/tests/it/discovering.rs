//! What a company offers.

use tieline_core::{Connector, DiscoverRequest, ErrorKind};

use crate::common::*;

#[tokio::test(start_paused = true)]
async fn the_catalog_in_short() {
    let (transport, books) = with_invoices(0);
    let catalog = books.discover(DiscoverRequest::schemas()).await.unwrap();
    assert!(transport.requests().is_empty(), "Fortnox has no fields of a company's own");
    let lines: Vec<String> = catalog
        .entities
        .iter()
        .map(|entity| {
            let can = entity.capabilities;
            let words = [
                (can.changes, "changes"),
                (can.keys_only, "keys"),
                (can.projection, "fields"),
                (can.create, "create"),
                (can.update, "update"),
                (can.delete, "delete"),
                (entity.marker.is_some(), "marker"),
            ];
            let words: Vec<&str> = words.into_iter().filter(|(can, _)| *can).map(|(_, word)| word).collect();
            let actions: Vec<&str> = entity.actions.iter().map(|action| action.name.as_str()).collect();
            let writable = entity.fields.iter().filter(|field| field.is_writable()).count();
            format!(
                "{}: {} fields, {writable} writable; {}; {}",
                entity.name,
                entity.fields.len(),
                words.join(" "),
                actions.join(" ")
            )
        })
        .collect();
    insta::assert_snapshot!(lines.join("\n"));
}

#[tokio::test(start_paused = true)]
async fn fields_have_names_for_people() {
    let (_, books) = with_invoices(0);
    let catalog = books.discover(DiscoverRequest::schemas().only("invoices")).await.unwrap();
    let invoices = catalog.entity("invoices").unwrap();
    let titles: Vec<String> =
        ["/InvoiceDate", "/TotalVAT", "/VATIncluded", "/OCR", "/EUQuarterlyReport", "/YourOrderNumber"]
            .iter()
            .map(|wanted| {
                invoices.fields.iter().find(|field| field.path.as_str() == *wanted).unwrap().title.clone()
            })
            .collect();
    insta::assert_snapshot!(titles.join(", "), @"Invoice date, Total VAT, VAT included, OCR, EU quarterly report, Your order number");
    let project = invoices.fields.iter().find(|field| field.path.as_str() == "/Project").unwrap();
    assert_eq!(project.references[0].as_str(), "projects");
    assert_eq!(
        books.discover(DiscoverRequest::names().only("invoise")).await.unwrap_err().kind(),
        ErrorKind::NotFound
    );
}
