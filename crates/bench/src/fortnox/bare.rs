//! The bare side: structs that name what is read and borrow it.

use bytes::Bytes;
use chrono::NaiveDate;
use rust_decimal::Decimal;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::Books;
use super::answers::Answers;
use crate::Result;

#[derive(Deserialize)]
struct Page<'a> {
    #[serde(borrow, rename = "Invoices")]
    invoices: Vec<Row<'a>>,
}

#[derive(Deserialize)]
struct Row<'a> {
    #[serde(rename = "DocumentNumber")]
    number: &'a str,
}

#[derive(Deserialize)]
struct Detail<'a> {
    #[serde(borrow, rename = "Invoice")]
    invoice: Invoice<'a>,
}

#[derive(Deserialize)]
struct Invoice<'a> {
    #[serde(rename = "DocumentNumber")]
    number: &'a str,
    #[serde(rename = "InvoiceDate")]
    date: NaiveDate,
    #[serde(borrow, rename = "Total")]
    total: &'a RawValue,
}

/// Reads the list for its numbers, and each invoice for what is wanted of it.
pub(crate) fn read(answers: &Answers) -> Result<Books> {
    let mut listed = 0;
    for page in answers.pages() {
        let page: Page<'_> = serde_json::from_slice(page)?;
        listed += page.invoices.iter().filter(|row| !row.number.is_empty()).count();
    }
    let mut books = Books::default();
    for detail in answers.details() {
        read_one(detail, &mut books)?;
    }
    if listed < books.invoices {
        return Err("the list is shorter than the invoices".into());
    }
    Ok(books)
}

fn read_one(detail: &Bytes, books: &mut Books) -> Result<()> {
    let Detail { invoice } = serde_json::from_slice(detail)?;
    let total = Decimal::from_str_exact(invoice.total.get())?;
    books.take(invoice.number, invoice.date, total);
    Ok(())
}
