//! Whom the company deals with, and in what.

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::lenient;

/// A customer.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Customer {
    /// Its number, which is its key.
    #[serde(rename = "CustomerNumber", deserialize_with = "lenient::always")]
    pub number: String,
    /// Its name.
    #[serde(rename = "Name", deserialize_with = "lenient::always")]
    pub name: String,
    /// `COMPANY` or `PRIVATE`.
    #[serde(rename = "Type", deserialize_with = "lenient::text")]
    pub kind: Option<String>,
    /// Its organisation number, or a person's number.
    #[serde(rename = "OrganisationNumber", deserialize_with = "lenient::text")]
    pub organisation_number: Option<String>,
    /// Its VAT number.
    #[serde(rename = "VATNumber", deserialize_with = "lenient::text")]
    pub vat_number: Option<String>,
    /// `SEVAT`, `SEREVERSEDVAT`, `EUVAT`, `EUREVERSEDVAT` or `EXPORT`.
    #[serde(rename = "VATType", deserialize_with = "lenient::text")]
    pub vat_type: Option<String>,
    /// Whether it is in use.
    #[serde(rename = "Active", deserialize_with = "lenient::flag")]
    pub active: bool,
    /// Its e-mail address.
    #[serde(rename = "Email", deserialize_with = "lenient::text")]
    pub email: Option<String>,
    /// Where its invoices are sent by e-mail.
    #[serde(rename = "EmailInvoice", deserialize_with = "lenient::text")]
    pub email_invoice: Option<String>,
    /// Its telephone number.
    #[serde(rename = "Phone1", deserialize_with = "lenient::text")]
    pub phone: Option<String>,
    /// The first line of its address.
    #[serde(rename = "Address1", deserialize_with = "lenient::text")]
    pub address1: Option<String>,
    /// The second line of its address.
    #[serde(rename = "Address2", deserialize_with = "lenient::text")]
    pub address2: Option<String>,
    /// Its postal code.
    #[serde(rename = "ZipCode", deserialize_with = "lenient::text")]
    pub zip_code: Option<String>,
    /// Its city.
    #[serde(rename = "City", deserialize_with = "lenient::text")]
    pub city: Option<String>,
    /// Its country, ISO 3166 in two letters.
    #[serde(rename = "CountryCode", deserialize_with = "lenient::text")]
    pub country_code: Option<String>,
    /// ISO 4217.
    #[serde(rename = "Currency", deserialize_with = "lenient::text")]
    pub currency: Option<String>,
    /// The code of its terms of payment.
    #[serde(rename = "TermsOfPayment", deserialize_with = "lenient::text")]
    pub terms_of_payment: Option<String>,
    /// The code of its price list.
    #[serde(rename = "PriceList", deserialize_with = "lenient::text")]
    pub price_list: Option<String>,
    /// Whom to name at the customer.
    #[serde(rename = "YourReference", deserialize_with = "lenient::text")]
    pub your_reference: Option<String>,
    /// Whom to name at the company.
    #[serde(rename = "OurReference", deserialize_with = "lenient::text")]
    pub our_reference: Option<String>,
    /// Its cost center.
    #[serde(rename = "CostCenter", deserialize_with = "lenient::text")]
    pub cost_center: Option<String>,
    /// Its project.
    #[serde(rename = "Project", deserialize_with = "lenient::text")]
    pub project: Option<String>,
    /// A discount on all of its invoices, in percent.
    #[serde(
        rename = "InvoiceDiscount",
        deserialize_with = "lenient::decimal",
        serialize_with = "tieline_core::exact::option::serialize"
    )]
    pub invoice_discount: Option<Decimal>,
    /// What another system calls it.
    #[serde(rename = "ExternalReference", deserialize_with = "lenient::text")]
    pub external_reference: Option<String>,
    /// A comment.
    #[serde(rename = "Comments", deserialize_with = "lenient::text")]
    pub comments: Option<String>,
}

/// A supplier.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Supplier {
    /// Its number, which is its key.
    #[serde(rename = "SupplierNumber", deserialize_with = "lenient::always")]
    pub number: String,
    /// Its name.
    #[serde(rename = "Name", deserialize_with = "lenient::always")]
    pub name: String,
    /// Its organisation number.
    #[serde(rename = "OrganisationNumber", deserialize_with = "lenient::text")]
    pub organisation_number: Option<String>,
    /// Its VAT number.
    #[serde(rename = "VATNumber", deserialize_with = "lenient::text")]
    pub vat_number: Option<String>,
    /// Whether it is in use.
    #[serde(rename = "Active", deserialize_with = "lenient::flag")]
    pub active: bool,
    /// Its e-mail address.
    #[serde(rename = "Email", deserialize_with = "lenient::text")]
    pub email: Option<String>,
    /// Its telephone number.
    #[serde(rename = "Phone1", deserialize_with = "lenient::text")]
    pub phone: Option<String>,
    /// The first line of its address.
    #[serde(rename = "Address1", deserialize_with = "lenient::text")]
    pub address1: Option<String>,
    /// The second line of its address.
    #[serde(rename = "Address2", deserialize_with = "lenient::text")]
    pub address2: Option<String>,
    /// Its postal code.
    #[serde(rename = "ZipCode", deserialize_with = "lenient::text")]
    pub zip_code: Option<String>,
    /// Its city.
    #[serde(rename = "City", deserialize_with = "lenient::text")]
    pub city: Option<String>,
    /// Its country, ISO 3166 in two letters.
    #[serde(rename = "CountryCode", deserialize_with = "lenient::text")]
    pub country_code: Option<String>,
    /// ISO 4217.
    #[serde(rename = "Currency", deserialize_with = "lenient::text")]
    pub currency: Option<String>,
    /// The code of its terms of payment.
    #[serde(rename = "TermsOfPayment", deserialize_with = "lenient::text")]
    pub terms_of_payment: Option<String>,
    /// Its bankgiro number.
    #[serde(rename = "BG", deserialize_with = "lenient::text")]
    pub bankgiro: Option<String>,
    /// Its plusgiro number.
    #[serde(rename = "PG", deserialize_with = "lenient::text")]
    pub plusgiro: Option<String>,
    /// Its IBAN.
    #[serde(rename = "IBAN", deserialize_with = "lenient::text")]
    pub iban: Option<String>,
    /// Its BIC.
    #[serde(rename = "BIC", deserialize_with = "lenient::text")]
    pub bic: Option<String>,
    /// What it calls the company.
    #[serde(rename = "OurCustomerNumber", deserialize_with = "lenient::text")]
    pub our_customer_number: Option<String>,
    /// The account that its invoices are booked to.
    #[serde(rename = "PreDefinedAccount", deserialize_with = "lenient::text")]
    pub account: Option<String>,
}

/// An article.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Article {
    /// Its number, which is its key.
    #[serde(rename = "ArticleNumber", deserialize_with = "lenient::always")]
    pub number: String,
    /// What it is.
    #[serde(rename = "Description", deserialize_with = "lenient::always")]
    pub description: String,
    /// `STOCK` or `SERVICE`.
    #[serde(rename = "Type", deserialize_with = "lenient::text")]
    pub kind: Option<String>,
    /// Whether it is in use.
    #[serde(rename = "Active", deserialize_with = "lenient::flag")]
    pub active: bool,
    /// The code of its unit.
    #[serde(rename = "Unit", deserialize_with = "lenient::text")]
    pub unit: Option<String>,
    /// Its price in the first price list.
    #[serde(
        rename = "SalesPrice",
        deserialize_with = "lenient::decimal",
        serialize_with = "tieline_core::exact::option::serialize"
    )]
    pub sales_price: Option<Decimal>,
    /// What it costs.
    #[serde(
        rename = "PurchasePrice",
        deserialize_with = "lenient::decimal",
        serialize_with = "tieline_core::exact::option::serialize"
    )]
    pub purchase_price: Option<Decimal>,
    /// In percent.
    #[serde(
        rename = "VAT",
        deserialize_with = "lenient::decimal",
        serialize_with = "tieline_core::exact::option::serialize"
    )]
    pub vat: Option<Decimal>,
    /// How much is in stock.
    #[serde(
        rename = "QuantityInStock",
        deserialize_with = "lenient::decimal",
        serialize_with = "tieline_core::exact::option::serialize"
    )]
    pub quantity_in_stock: Option<Decimal>,
    /// How much of it is not reserved.
    #[serde(
        rename = "DisposableQuantity",
        deserialize_with = "lenient::decimal",
        serialize_with = "tieline_core::exact::option::serialize"
    )]
    pub disposable_quantity: Option<Decimal>,
    /// Whether its stock is counted.
    #[serde(rename = "StockGoods", deserialize_with = "lenient::flag")]
    pub stock_goods: bool,
    /// Its EAN.
    #[serde(rename = "EAN", deserialize_with = "lenient::text")]
    pub ean: Option<String>,
    /// Who makes it.
    #[serde(rename = "Manufacturer", deserialize_with = "lenient::text")]
    pub manufacturer: Option<String>,
    /// What its maker calls it.
    #[serde(rename = "ManufacturerArticleNumber", deserialize_with = "lenient::text")]
    pub manufacturer_number: Option<String>,
    /// The supplier that it is bought from.
    #[serde(rename = "SupplierNumber", deserialize_with = "lenient::text")]
    pub supplier_number: Option<String>,
    /// The account that sales are booked to.
    #[serde(rename = "SalesAccount", deserialize_with = "lenient::integer")]
    pub sales_account: Option<i64>,
    /// A note.
    #[serde(rename = "Note", deserialize_with = "lenient::text")]
    pub note: Option<String>,
}
