//! What a company chooses from: prices, terms, units, series; and its files.

use super::Shape::{Date, Decimal, Flag, Int, Ref, Text};
use super::{Field, list_ro, list_rw};

pub(crate) const VOUCHER_SERIES: &[Field] = &[
    list_rw("Code", Text),
    list_rw("Description", Text),
    list_rw("Manual", Flag),
    list_ro("NextVoucherNumber", Int),
    list_rw("Year", Int),
];

pub(crate) const CURRENCIES: &[Field] = &[
    list_rw("Code", Text),
    list_rw("BuyRate", Decimal),
    list_rw("Date", Date),
    list_rw("Description", Text),
    list_rw("IsAutomatic", Flag),
    list_rw("SellRate", Decimal),
    list_rw("Unit", Decimal),
];

pub(crate) const PRICE_LISTS: &[Field] = &[
    list_rw("Code", Text),
    list_rw("Comments", Text),
    list_rw("Description", Text),
    list_rw("PreSelected", Flag),
];

pub(crate) const PRICES: &[Field] = &[
    list_rw("PriceList", Ref("pricelists")),
    list_rw("ArticleNumber", Ref("articles")),
    list_rw("Date", Date),
    list_rw("FromQuantity", Decimal),
    list_rw("Percent", Decimal),
    list_rw("Price", Decimal),
];

pub(crate) const TERMS: &[Field] = &[list_rw("Code", Text), list_rw("Description", Text)];

pub(crate) const DELIVERIES: &[Field] =
    &[list_rw("Code", Text), list_rw("Description", Text), list_rw("DescriptionEnglish", Text)];

pub(crate) const UNITS: &[Field] =
    &[list_rw("Code", Text), list_rw("CodeEnglish", Text), list_rw("Description", Text)];

pub(crate) const MODES: &[Field] =
    &[list_rw("Code", Text), list_rw("AccountNumber", Text), list_rw("Description", Text)];

pub(crate) const LOCKED_PERIOD: &[Field] = &[list_ro("EndDate", Date)];

pub(crate) const FILES: &[Field] = &[
    list_ro("Id", Text),
    list_ro("ArchiveFileId", Text),
    list_ro("Comments", Text),
    list_ro("Name", Text),
    list_ro("Path", Text),
    list_ro("Size", Int),
];

pub(crate) const VOUCHER_FILES: &[Field] = &[
    list_rw("FileId", Text),
    list_ro("VoucherDescription", Text),
    list_rw("VoucherNumber", Text),
    list_rw("VoucherSeries", Text),
    list_rw("VoucherYear", Int),
];

pub(crate) const SUPPLIER_INVOICE_FILES: &[Field] = &[
    list_rw("FileId", Text),
    list_ro("Name", Text),
    list_rw("SupplierInvoiceNumber", Ref("supplierinvoices")),
    list_ro("SupplierName", Text),
];
