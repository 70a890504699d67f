//! What is paid and booked.

use super::Shape::{Date, Decimal, DecimalText, Flag, Int, Ref, Rows, Text, Word};
use super::{Field, detail_ro, detail_rw, list_only, list_ro, list_rw, part, part_ro};

pub(crate) const INVOICE_PAYMENTS: &[Field] = &[
    list_ro("Number", Text),
    list_rw("Amount", Decimal),
    list_ro("Booked", Flag),
    list_rw("Currency", Text),
    list_rw("CurrencyRate", Decimal),
    list_rw("CurrencyUnit", Decimal),
    list_rw("InvoiceNumber", Int),
    list_rw("PaymentDate", Date),
    list_ro("Source", Text),
    list_only("WriteOffExist", Flag),
    detail_rw("AmountCurrency", Decimal),
    detail_ro("ExternalInvoiceReference1", Text),
    detail_ro("ExternalInvoiceReference2", Text),
    detail_ro("InvoiceCustomerName", Text),
    detail_ro("InvoiceCustomerNumber", Ref("customers")),
    detail_ro("InvoiceDueDate", Date),
    detail_ro("InvoiceOCR", Text),
    detail_ro("InvoiceTotal", Decimal),
    detail_rw("ModeOfPayment", Text),
    detail_rw("ModeOfPaymentAccount", Int),
    detail_ro("VoucherNumber", Int),
    detail_ro("VoucherSeries", Text),
    detail_ro("VoucherYear", Int),
    detail_rw("WriteOffs", Rows(WRITE_OFFS)),
];

pub(crate) const SUPPLIER_INVOICES: &[Field] = &[
    list_ro("GivenNumber", Text),
    list_only("AuthorizerName", Text),
    list_ro("Balance", DecimalText),
    list_ro("Booked", Flag),
    list_only("Cancel", Flag),
    list_rw("CostCenter", Ref("costcenters")),
    list_ro("Credit", Flag),
    list_rw("Currency", Text),
    list_rw("CurrencyRate", DecimalText),
    list_rw("CurrencyUnit", Decimal),
    list_rw("DueDate", Date),
    list_rw("ExternalInvoiceNumber", Text),
    list_rw("ExternalInvoiceSeries", Text),
    list_ro("FinalPayDate", Date),
    list_rw("InvoiceDate", Date),
    list_rw("InvoiceNumber", Text),
    list_rw("Project", Ref("projects")),
    list_ro("SupplierName", Text),
    list_rw("SupplierNumber", Ref("suppliers")),
    list_rw("Total", DecimalText),
    list_ro("Vouchers", Rows(BOOKED_AS)),
    detail_rw("AccountingMethod", Word(&["ACCRUAL", "CASH"])),
    detail_rw("AdministrationFee", DecimalText),
    detail_ro("Cancelled", Flag),
    detail_rw("Comments", Text),
    detail_ro("CreditReference", Int),
    detail_rw("DisablePaymentFile", Flag),
    detail_rw("Freight", DecimalText),
    detail_rw("OCR", Text),
    detail_rw("OurReference", Text),
    detail_ro("PaymentPending", Flag),
    detail_rw("RoundOffValue", DecimalText),
    detail_rw("SalesType", Word(&["STOCK", "SERVICE"])),
    detail_rw("SupplierInvoiceRows", Rows(SUPPLIER_INVOICE_ROWS)),
    detail_rw("VAT", DecimalText),
    detail_rw("VATType", Word(&["NORMAL", "EUINTERNAL", "REVERSE"])),
    detail_ro("VoucherNumber", Int),
    detail_ro("VoucherSeries", Text),
    detail_ro("VoucherYear", Int),
    detail_rw("YourReference", Text),
];

pub(crate) const ACCOUNTS: &[Field] = &[
    list_rw("Number", Int),
    list_rw("Active", Flag),
    list_rw("BalanceBroughtForward", Decimal),
    list_rw("CostCenter", Ref("costcenters")),
    list_rw("CostCenterSettings", Word(&["ALLOWED", "MANDATORY", "NOTALLOWED"])),
    list_rw("Description", Text),
    list_rw("Project", Ref("projects")),
    list_rw("ProjectSettings", Word(&["ALLOWED", "MANDATORY", "NOTALLOWED"])),
    list_rw("SRU", Int),
    list_rw("VATCode", Text),
    list_ro("Year", Int),
    detail_ro("BalanceCarriedForward", Decimal),
    detail_rw("OpeningQuantities", Rows(OPENING_QUANTITIES)),
    detail_ro("QuantitySettings", Word(&["ALLOWED", "MANDATORY", "NOTALLOWED"])),
    detail_ro("QuantityUnit", Text),
    detail_rw("TransactionInformation", Text),
    detail_rw("TransactionInformationSettings", Word(&["ALLOWED", "MANDATORY", "NOTALLOWED"])),
];

pub(crate) const VOUCHERS: &[Field] = &[
    list_ro("VoucherNumber", Int),
    list_ro("ApprovalState", Int),
    list_rw("Comments", Text),
    list_rw("Description", Text),
    list_ro("ReferenceNumber", Text),
    list_ro(
        "ReferenceType",
        Word(&[
            "INVOICE",
            "SUPPLIERINVOICE",
            "INVOICEPAYMENT",
            "SUPPLIERPAYMENT",
            "MANUAL",
            "CASHINVOICE",
            "ACCRUAL",
        ]),
    ),
    list_rw("TransactionDate", Date),
    list_rw("VoucherSeries", Text),
    list_rw("Year", Int),
    detail_rw("CostCenter", Ref("costcenters")),
    detail_rw("Project", Ref("projects")),
    detail_rw("VoucherRows", Rows(VOUCHER_ROWS)),
];

pub(crate) const FINANCIAL_YEARS: &[Field] = &[
    list_ro("Id", Int),
    list_rw("AccountChartType", Text),
    list_rw("AccountingMethod", Word(&["ACCRUAL", "CASH"])),
    list_rw("FromDate", Date),
    list_rw("ToDate", Date),
];

pub(crate) const COMPANY: &[Field] = &[
    list_ro("DatabaseNumber", Int),
    list_ro("Address", Text),
    list_ro("City", Text),
    list_ro("CompanyName", Text),
    list_ro("CountryCode", Text),
    list_ro("OrganizationNumber", Text),
    list_ro("VisitAddress", Text),
    list_ro("VisitCity", Text),
    list_ro("VisitCountryCode", Text),
    list_ro("VisitZipCode", Text),
    list_ro("ZipCode", Text),
];

const WRITE_OFFS: &[Field] = &[
    part("AccountNumber", Int),
    part("Amount", Decimal),
    part("CostCenter", Ref("costcenters")),
    part("Currency", Text),
    part("Description", Text),
    part("Project", Ref("projects")),
    part("TransactionInformation", Text),
];

const BOOKED_AS: &[Field] =
    &[part("Number", Int), part("ReferenceType", Text), part("Series", Text), part("Year", Int)];

const SUPPLIER_INVOICE_ROWS: &[Field] = &[
    part("Account", Int),
    part_ro("AccountDescription", Text),
    part("ArticleNumber", Ref("articles")),
    part(
        "Code",
        Word(&[
            "TOT", "VAT", "FRT", "AFE", "ROV", "CND", "CNC", "PRD", "PRC", "SRD", "SRC", "PRE", "GWB", "ACC",
        ]),
    ),
    part("CostCenter", Ref("costcenters")),
    part("Credit", Decimal),
    part("CreditCurrency", Decimal),
    part("Debit", Decimal),
    part("DebitCurrency", Decimal),
    part("ItemDescription", Text),
    part("Price", Decimal),
    part("Project", Ref("projects")),
    part("Quantity", Decimal),
    part("StockLocationCode", Text),
    part("StockPointCode", Text),
    part_ro("Total", Decimal),
    part("TransactionInformation", Text),
    part("Unit", Text),
];

const OPENING_QUANTITIES: &[Field] = &[part("Balance", Decimal), part("Project", Ref("projects"))];

const VOUCHER_ROWS: &[Field] = &[
    part("Account", Int),
    part("CostCenter", Ref("costcenters")),
    part("Credit", Decimal),
    part("Debit", Decimal),
    part_ro("Description", Text),
    part("Project", Ref("projects")),
    part("Quantity", Decimal),
    part_ro("Removed", Flag),
    part("TransactionInformation", Text),
];
