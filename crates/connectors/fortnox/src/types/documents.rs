//! Invoices and vouchers.

use chrono::NaiveDate;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::lenient;

/// An invoice, or a credit note.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Invoice {
    /// Its number, which is its key.
    #[serde(rename = "DocumentNumber", deserialize_with = "lenient::always")]
    pub number: String,
    /// The customer.
    #[serde(rename = "CustomerNumber", deserialize_with = "lenient::always")]
    pub customer_number: String,
    /// The customer's name on the invoice.
    #[serde(rename = "CustomerName", deserialize_with = "lenient::text")]
    pub customer_name: Option<String>,
    /// The customer's organisation number.
    #[serde(rename = "OrganisationNumber", deserialize_with = "lenient::text")]
    pub organisation_number: Option<String>,
    /// `INVOICE`, `CASHINVOICE`, `AGREEMENTINVOICE`, `INTRESTINVOICE` or `SUMMARYINVOICE`.
    #[serde(rename = "InvoiceType", deserialize_with = "lenient::text")]
    pub kind: Option<String>,
    /// Its date.
    #[serde(rename = "InvoiceDate", deserialize_with = "lenient::date")]
    pub invoice_date: Option<NaiveDate>,
    /// When it is due.
    #[serde(rename = "DueDate", deserialize_with = "lenient::date")]
    pub due_date: Option<NaiveDate>,
    /// When it was paid in full.
    #[serde(rename = "FinalPayDate", deserialize_with = "lenient::date")]
    pub final_pay_date: Option<NaiveDate>,
    /// ISO 4217, of all its amounts.
    #[serde(rename = "Currency", deserialize_with = "lenient::text")]
    pub currency: Option<String>,
    /// What `currency_unit` of the currency are worth in SEK.
    #[serde(
        rename = "CurrencyRate",
        deserialize_with = "lenient::decimal",
        serialize_with = "tieline_core::exact::option::serialize"
    )]
    pub currency_rate: Option<Decimal>,
    /// How much of the currency the rate is for.
    #[serde(
        rename = "CurrencyUnit",
        deserialize_with = "lenient::decimal",
        serialize_with = "tieline_core::exact::option::serialize"
    )]
    pub currency_unit: Option<Decimal>,
    /// The sum without VAT.
    #[serde(
        rename = "Net",
        deserialize_with = "lenient::decimal",
        serialize_with = "tieline_core::exact::option::serialize"
    )]
    pub net: Option<Decimal>,
    /// The sum of the rows without VAT, before discounts.
    #[serde(
        rename = "Gross",
        deserialize_with = "lenient::decimal",
        serialize_with = "tieline_core::exact::option::serialize"
    )]
    pub gross: Option<Decimal>,
    /// The VAT.
    #[serde(
        rename = "TotalVAT",
        deserialize_with = "lenient::decimal",
        serialize_with = "tieline_core::exact::option::serialize"
    )]
    pub total_vat: Option<Decimal>,
    /// The sum with VAT; negative for a credit note.
    #[serde(
        rename = "Total",
        deserialize_with = "lenient::decimal",
        serialize_with = "tieline_core::exact::option::serialize"
    )]
    pub total: Option<Decimal>,
    /// What is to be paid, after tax reductions.
    #[serde(
        rename = "TotalToPay",
        deserialize_with = "lenient::decimal",
        serialize_with = "tieline_core::exact::option::serialize"
    )]
    pub total_to_pay: Option<Decimal>,
    /// What was rounded.
    #[serde(
        rename = "RoundOff",
        deserialize_with = "lenient::decimal",
        serialize_with = "tieline_core::exact::option::serialize"
    )]
    pub round_off: Option<Decimal>,
    /// What is not paid yet.
    #[serde(
        rename = "Balance",
        deserialize_with = "lenient::decimal",
        serialize_with = "tieline_core::exact::option::serialize"
    )]
    pub balance: Option<Decimal>,
    /// Freight, without VAT unless `vat_included`.
    #[serde(
        rename = "Freight",
        deserialize_with = "lenient::decimal",
        serialize_with = "tieline_core::exact::option::serialize"
    )]
    pub freight: Option<Decimal>,
    /// The invoice fee, without VAT unless `vat_included`.
    #[serde(
        rename = "AdministrationFee",
        deserialize_with = "lenient::decimal",
        serialize_with = "tieline_core::exact::option::serialize"
    )]
    pub administration_fee: Option<Decimal>,
    /// Whether the prices include VAT.
    #[serde(rename = "VATIncluded", deserialize_with = "lenient::flag")]
    pub vat_included: bool,
    /// Whether it is in the books, and so cannot change.
    #[serde(rename = "Booked", deserialize_with = "lenient::flag")]
    pub booked: bool,
    /// Whether it was cancelled.
    #[serde(rename = "Cancelled", deserialize_with = "lenient::flag")]
    pub cancelled: bool,
    /// Whether it is a credit note.
    #[serde(rename = "Credit", deserialize_with = "lenient::flag")]
    pub credit: bool,
    /// The credit note of an invoice, or the invoice of a credit note. `0` for none.
    #[serde(rename = "CreditInvoiceReference", deserialize_with = "lenient::text")]
    pub credit_reference: Option<String>,
    /// Whether it was sent.
    #[serde(rename = "Sent", deserialize_with = "lenient::flag")]
    pub sent: bool,
    /// The number that its payment names.
    #[serde(rename = "OCR", deserialize_with = "lenient::text")]
    pub ocr: Option<String>,
    /// The order that it was made from. `0` for none.
    #[serde(rename = "OrderReference", deserialize_with = "lenient::text")]
    pub order_reference: Option<String>,
    /// Whom it names at the company.
    #[serde(rename = "OurReference", deserialize_with = "lenient::text")]
    pub our_reference: Option<String>,
    /// Whom it names at the customer.
    #[serde(rename = "YourReference", deserialize_with = "lenient::text")]
    pub your_reference: Option<String>,
    /// The customer's order number.
    #[serde(rename = "YourOrderNumber", deserialize_with = "lenient::text")]
    pub your_order_number: Option<String>,
    /// What another system calls it: the marker of a create.
    #[serde(rename = "ExternalInvoiceReference1", deserialize_with = "lenient::text")]
    pub external_reference1: Option<String>,
    /// A second one.
    #[serde(rename = "ExternalInvoiceReference2", deserialize_with = "lenient::text")]
    pub external_reference2: Option<String>,
    /// Its cost center.
    #[serde(rename = "CostCenter", deserialize_with = "lenient::text")]
    pub cost_center: Option<String>,
    /// Its project.
    #[serde(rename = "Project", deserialize_with = "lenient::text")]
    pub project: Option<String>,
    /// The code of its terms of payment.
    #[serde(rename = "TermsOfPayment", deserialize_with = "lenient::text")]
    pub terms_of_payment: Option<String>,
    /// `SV` or `EN`.
    #[serde(rename = "Language", deserialize_with = "lenient::text")]
    pub language: Option<String>,
    /// What is printed on it.
    #[serde(rename = "Remarks", deserialize_with = "lenient::text")]
    pub remarks: Option<String>,
    /// What is not printed on it.
    #[serde(rename = "Comments", deserialize_with = "lenient::text")]
    pub comments: Option<String>,
    /// The series of its voucher.
    #[serde(rename = "VoucherSeries", deserialize_with = "lenient::text")]
    pub voucher_series: Option<String>,
    /// The number of its voucher.
    #[serde(rename = "VoucherNumber", deserialize_with = "lenient::integer")]
    pub voucher_number: Option<i64>,
    /// The financial year of its voucher.
    #[serde(rename = "VoucherYear", deserialize_with = "lenient::integer")]
    pub voucher_year: Option<i64>,
    /// Its rows.
    #[serde(rename = "InvoiceRows", deserialize_with = "lenient::rows")]
    pub rows: Vec<InvoiceRow>,
}

/// A row of an invoice.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct InvoiceRow {
    /// Its id within the company.
    #[serde(rename = "RowId", deserialize_with = "lenient::integer")]
    pub id: Option<i64>,
    /// The article.
    #[serde(rename = "ArticleNumber", deserialize_with = "lenient::text")]
    pub article_number: Option<String>,
    /// What it says.
    #[serde(rename = "Description", deserialize_with = "lenient::text")]
    pub description: Option<String>,
    /// How much was delivered.
    #[serde(
        rename = "DeliveredQuantity",
        deserialize_with = "lenient::decimal",
        serialize_with = "tieline_core::exact::option::serialize"
    )]
    pub quantity: Option<Decimal>,
    /// The code of the unit.
    #[serde(rename = "Unit", deserialize_with = "lenient::text")]
    pub unit: Option<String>,
    /// The price of one.
    #[serde(
        rename = "Price",
        deserialize_with = "lenient::decimal",
        serialize_with = "tieline_core::exact::option::serialize"
    )]
    pub price: Option<Decimal>,
    /// The discount, in percent or as an amount.
    #[serde(
        rename = "Discount",
        deserialize_with = "lenient::decimal",
        serialize_with = "tieline_core::exact::option::serialize"
    )]
    pub discount: Option<Decimal>,
    /// `PERCENT` or `AMOUNT`.
    #[serde(rename = "DiscountType", deserialize_with = "lenient::text")]
    pub discount_type: Option<String>,
    /// In percent.
    #[serde(
        rename = "VAT",
        deserialize_with = "lenient::decimal",
        serialize_with = "tieline_core::exact::option::serialize"
    )]
    pub vat: Option<Decimal>,
    /// The row's sum, with VAT when the invoice's prices include it.
    #[serde(
        rename = "Total",
        deserialize_with = "lenient::decimal",
        serialize_with = "tieline_core::exact::option::serialize"
    )]
    pub total: Option<Decimal>,
    /// The row's sum without VAT.
    #[serde(
        rename = "TotalExcludingVAT",
        deserialize_with = "lenient::decimal",
        serialize_with = "tieline_core::exact::option::serialize"
    )]
    pub total_excluding_vat: Option<Decimal>,
    /// The account that it is booked to.
    #[serde(rename = "AccountNumber", deserialize_with = "lenient::integer")]
    pub account: Option<i64>,
    /// Its cost center.
    #[serde(rename = "CostCenter", deserialize_with = "lenient::text")]
    pub cost_center: Option<String>,
    /// Its project.
    #[serde(rename = "Project", deserialize_with = "lenient::text")]
    pub project: Option<String>,
}

/// A voucher: an entry of the books.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Voucher {
    /// Its series.
    #[serde(rename = "VoucherSeries", deserialize_with = "lenient::always")]
    pub series: String,
    /// Its number within series and year.
    #[serde(rename = "VoucherNumber", deserialize_with = "lenient::integer")]
    pub number: Option<i64>,
    /// The id of its financial year.
    #[serde(rename = "Year", deserialize_with = "lenient::integer")]
    pub year: Option<i64>,
    /// Its date.
    #[serde(rename = "TransactionDate", deserialize_with = "lenient::date")]
    pub date: Option<NaiveDate>,
    /// What it is about.
    #[serde(rename = "Description", deserialize_with = "lenient::text")]
    pub description: Option<String>,
    /// A comment.
    #[serde(rename = "Comments", deserialize_with = "lenient::text")]
    pub comments: Option<String>,
    /// What it books: `INVOICE`, `INVOICEPAYMENT`, `SUPPLIERINVOICE`, `MANUAL` and others.
    #[serde(rename = "ReferenceType", deserialize_with = "lenient::text")]
    pub reference_type: Option<String>,
    /// The number of what it books.
    #[serde(rename = "ReferenceNumber", deserialize_with = "lenient::text")]
    pub reference_number: Option<String>,
    /// Its cost center.
    #[serde(rename = "CostCenter", deserialize_with = "lenient::text")]
    pub cost_center: Option<String>,
    /// Its project.
    #[serde(rename = "Project", deserialize_with = "lenient::text")]
    pub project: Option<String>,
    /// Its rows, whose debit and credit are equal.
    #[serde(rename = "VoucherRows", deserialize_with = "lenient::rows")]
    pub rows: Vec<VoucherRow>,
}

/// A row of a voucher.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct VoucherRow {
    /// The account.
    #[serde(rename = "Account", deserialize_with = "lenient::integer")]
    pub account: Option<i64>,
    /// The account's name.
    #[serde(rename = "Description", deserialize_with = "lenient::text")]
    pub description: Option<String>,
    /// In the company's currency.
    #[serde(
        rename = "Debit",
        deserialize_with = "lenient::decimal",
        serialize_with = "tieline_core::exact::option::serialize"
    )]
    pub debit: Option<Decimal>,
    /// In the company's currency.
    #[serde(
        rename = "Credit",
        deserialize_with = "lenient::decimal",
        serialize_with = "tieline_core::exact::option::serialize"
    )]
    pub credit: Option<Decimal>,
    /// A quantity, where the account counts one.
    #[serde(
        rename = "Quantity",
        deserialize_with = "lenient::decimal",
        serialize_with = "tieline_core::exact::option::serialize"
    )]
    pub quantity: Option<Decimal>,
    /// Its cost center.
    #[serde(rename = "CostCenter", deserialize_with = "lenient::text")]
    pub cost_center: Option<String>,
    /// Its project.
    #[serde(rename = "Project", deserialize_with = "lenient::text")]
    pub project: Option<String>,
    /// What else is said of it.
    #[serde(rename = "TransactionInformation", deserialize_with = "lenient::text")]
    pub information: Option<String>,
    /// Whether a later correction struck it out.
    #[serde(rename = "Removed", deserialize_with = "lenient::flag")]
    pub removed: bool,
}
