//! What the books are kept in: supplier invoices, payments, vouchers, accounts, years.

use super::field::{Field, Target, choice, date, flag, int, number, rows, text};

pub(crate) const SUPPLIER_INVOICE: &[Field] = &[
    choice("AccountingMethod", &["ACCRUAL", "CASH"]),
    number("AdministrationFee").as_text(),
    text("AuthorizerName", 1024).only_listed().own(),
    number("Balance").as_text().listed_as_text().own(),
    flag("Booked").listed().own(),
    flag("Cancel").only_listed().shows("Cancelled").own(),
    flag("Cancelled").own(),
    text("Comments", 1000),
    text("CostCenter", 1024).refers(Target::CostCenter).listed(),
    flag("Credit").listed().own(),
    int("CreditReference").own(),
    text("Currency", 1024).refers(Target::Currency).listed(),
    number("CurrencyRate").as_text().listed_as_text(),
    number("CurrencyUnit").listed(),
    flag("DisablePaymentFile"),
    date("DueDate").listed(),
    text("ExternalInvoiceNumber", 1024).listed(),
    text("ExternalInvoiceSeries", 1024).listed(),
    date("FinalPayDate").listed().own(),
    number("Freight").as_text(),
    text("GivenNumber", 1024).listed().own(),
    date("InvoiceDate").listed(),
    text("InvoiceNumber", 64).listed(),
    text("OCR", 1024),
    text("OurReference", 50),
    flag("PaymentPending").own(),
    text("Project", 1024).refers(Target::Project).listed(),
    number("RoundOffValue").as_text(),
    choice("SalesType", &["STOCK", "SERVICE"]),
    rows("SupplierInvoiceRows", SUPPLIER_INVOICE_ROWS),
    text("SupplierName", 1024).listed().own(),
    text("SupplierNumber", 1024).refers(Target::Supplier).listed(),
    number("Total").as_text().listed_as_text(),
    number("VAT").as_text(),
    choice("VATType", &["NORMAL", "EUINTERNAL", "REVERSE"]),
    int("VoucherNumber").own(),
    rows("Vouchers", VOUCHER_REFERENCES).listed().own(),
    text("VoucherSeries", 1024).own(),
    int("VoucherYear").own(),
    text("YourReference", 50),
];

pub(crate) const SUPPLIER_INVOICE_ROWS: &[Field] = &[
    int("Account").refers(Target::Account),
    text("AccountDescription", 1024).own(),
    text("ArticleNumber", 1024).refers(Target::Article),
    choice(
        "Code",
        &["TOT", "VAT", "FRT", "AFE", "ROV", "CND", "CNC", "PRD", "PRC", "SRD", "SRC", "PRE", "GWB", "ACC"],
    ),
    text("CostCenter", 1024).refers(Target::CostCenter),
    number("Credit"),
    number("CreditCurrency"),
    number("Debit"),
    number("DebitCurrency"),
    text("ItemDescription", 1024),
    number("Price"),
    text("Project", 1024).refers(Target::Project),
    int("Quantity"),
    text("StockLocationCode", 1024),
    text("StockPointCode", 1024),
    number("Total"),
    text("TransactionInformation", 100),
    text("Unit", 1024).refers(Target::Unit),
];

pub(crate) const INVOICE_PAYMENT: &[Field] = &[
    number("Amount").listed(),
    number("AmountCurrency"),
    flag("Booked").listed().own(),
    text("Currency", 3).refers(Target::Currency).listed(),
    number("CurrencyRate").listed(),
    number("CurrencyUnit").listed(),
    text("ExternalInvoiceReference1", 1024).own(),
    text("ExternalInvoiceReference2", 1024).own(),
    text("InvoiceCustomerName", 1024).own(),
    text("InvoiceCustomerNumber", 1024).own(),
    date("InvoiceDueDate").own(),
    int("InvoiceNumber").listed(),
    text("InvoiceOCR", 1024).own(),
    number("InvoiceTotal").as_text().own(),
    text("ModeOfPayment", 1024),
    int("ModeOfPaymentAccount").refers(Target::Account),
    text("Number", 1024).listed().own(),
    date("PaymentDate").listed(),
    text("Source", 1024).listed().own(),
    int("VoucherNumber").own(),
    text("VoucherSeries", 1024).own(),
    int("VoucherYear").own(),
    flag("WriteOffExist").only_listed().own(),
    rows("WriteOffs", WRITE_OFFS),
];

pub(crate) const WRITE_OFFS: &[Field] = &[
    int("AccountNumber").refers(Target::Account),
    number("Amount"),
    text("CostCenter", 1024).refers(Target::CostCenter),
    text("Currency", 3).refers(Target::Currency),
    text("Description", 1024),
    text("Project", 1024).refers(Target::Project),
    text("TransactionInformation", 1024),
];

pub(crate) const VOUCHER: &[Field] = &[
    int("ApprovalState").listed().own(),
    text("Comments", 1000).listed(),
    text("CostCenter", 1024).refers(Target::CostCenter),
    text("Description", 200).listed(),
    text("Project", 1024).refers(Target::Project),
    text("ReferenceNumber", 1024).listed().own(),
    choice(
        "ReferenceType",
        &[
            "INVOICE",
            "SUPPLIERINVOICE",
            "INVOICEPAYMENT",
            "SUPPLIERPAYMENT",
            "MANUAL",
            "CASHINVOICE",
            "ACCRUAL",
        ],
    )
    .listed()
    .own(),
    date("TransactionDate").listed(),
    int("VoucherNumber").listed().own(),
    rows("VoucherRows", VOUCHER_ROWS),
    text("VoucherSeries", 1024).listed().at_creation(),
    int("Year").listed().at_creation(),
];

pub(crate) const VOUCHER_ROWS: &[Field] = &[
    int("Account").refers(Target::Account),
    text("CostCenter", 1024).refers(Target::CostCenter),
    number("Credit"),
    number("Debit"),
    text("Description", 1024),
    text("Project", 1024).refers(Target::Project),
    number("Quantity"),
    flag("Removed").own(),
    text("TransactionInformation", 100),
];

pub(crate) const ACCOUNT: &[Field] = &[
    flag("Active").listed(),
    number("BalanceBroughtForward").listed(),
    number("BalanceCarriedForward").own(),
    text("CostCenter", 1024).refers(Target::CostCenter).listed(),
    choice("CostCenterSettings", &["ALLOWED", "MANDATORY", "NOTALLOWED"]).listed(),
    text("Description", 200).listed(),
    int("Number").listed().at_creation(),
    rows("OpeningQuantities", OPENING_QUANTITIES),
    text("Project", 1024).refers(Target::Project).listed(),
    choice("ProjectSettings", &["ALLOWED", "MANDATORY", "NOTALLOWED"]).listed(),
    choice("QuantitySettings", &["ALLOWED", "MANDATORY", "NOTALLOWED"]).own(),
    text("QuantityUnit", 1024).own(),
    int("SRU").listed(),
    text("TransactionInformation", 1024),
    choice("TransactionInformationSettings", &["ALLOWED", "MANDATORY", "NOTALLOWED"]),
    text("VATCode", 1024).listed(),
    int("Year").listed().own(),
];

pub(crate) const FINANCIAL_YEAR: &[Field] = &[
    text("AccountChartType", 1024).listed(),
    choice("AccountingMethod", &["ACCRUAL", "CASH"]).listed(),
    date("FromDate").listed(),
    int("Id").listed().own(),
    date("ToDate").listed(),
];

const VOUCHER_REFERENCES: &[Field] =
    &[int("Number"), text("ReferenceType", 40), text("Series", 10), int("Year")];

const OPENING_QUANTITIES: &[Field] = &[int("Balance"), text("Project", 20)];
