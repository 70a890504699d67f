//! What each resource is called, what it holds, and what its list can be asked for.

use super::field::Field;
use super::{articles, invoices, ledger, parties, sales};

/// What sets a resource apart.
pub(super) struct Traits {
    pub(super) path: &'static str,
    pub(super) singular: &'static str,
    pub(super) plural: &'static str,
    pub(super) key: &'static str,
    pub(super) scope: &'static str,
    pub(super) fields: &'static [Field],
    pub(super) required: &'static [&'static str],
    /// The parameters that only this resource knows, each with the field that it looks into.
    pub(super) filters: &'static [(&'static str, &'static str)],
    /// The values of `filter`.
    pub(super) named: &'static [&'static str],
    /// The values of `sortby`, each with its field.
    pub(super) sorts: &'static [(&'static str, &'static str)],
    /// The field that `fromdate`, `todate` and a financial year are about.
    pub(super) date: Option<&'static str>,
}

pub(super) const CUSTOMERS: Traits = Traits {
    path: "customers",
    singular: "Customer",
    plural: "Customers",
    key: "CustomerNumber",
    scope: "customer",
    fields: parties::CUSTOMER,
    required: &["Name"],
    filters: &[
        ("customernumber", "CustomerNumber"),
        ("name", "Name"),
        ("zipcode", "ZipCode"),
        ("city", "City"),
        ("email", "Email"),
        ("phone", "Phone1"),
        ("organisationnumber", "OrganisationNumber"),
        ("gln", "GLN"),
        ("glndelivery", "GLNDelivery"),
    ],
    named: &["active", "inactive"],
    sorts: &[("customernumber", "CustomerNumber"), ("name", "Name")],
    date: None,
};

pub(super) const SUPPLIERS: Traits = Traits {
    path: "suppliers",
    singular: "Supplier",
    plural: "Suppliers",
    key: "SupplierNumber",
    scope: "supplier",
    fields: parties::SUPPLIER,
    required: &["Name"],
    filters: &[],
    named: &[],
    sorts: &[],
    date: None,
};

pub(super) const ARTICLES: Traits = Traits {
    path: "articles",
    singular: "Article",
    plural: "Articles",
    key: "ArticleNumber",
    scope: "article",
    fields: articles::ARTICLE,
    required: &["Description"],
    filters: &[
        ("articlenumber", "ArticleNumber"),
        ("description", "Description"),
        ("ean", "EAN"),
        ("suppliernumber", "SupplierNumber"),
        ("manufacturer", "Manufacturer"),
        ("manufacturerarticlenumber", "ManufacturerArticleNumber"),
        ("webshop", "WebshopArticle"),
    ],
    named: &["active", "inactive"],
    sorts: &[
        ("articlenumber", "ArticleNumber"),
        ("quantityinstock", "QuantityInStock"),
        ("reservedquantity", "ReservedQuantity"),
        ("stockvalue", "StockValue"),
    ],
    date: None,
};

pub(super) const INVOICES: Traits = Traits {
    path: "invoices",
    singular: "Invoice",
    plural: "Invoices",
    key: "DocumentNumber",
    scope: "invoice",
    fields: invoices::INVOICE,
    required: &["CustomerNumber"],
    filters: &[
        ("costcenter", "CostCenter"),
        ("customername", "CustomerName"),
        ("customernumber", "CustomerNumber"),
        ("documentnumber", "DocumentNumber"),
        ("fromfinalpaydate", "FinalPayDate"),
        ("tofinalpaydate", "FinalPayDate"),
        ("notcompleted", "NotCompleted"),
        ("ocr", "OCR"),
        ("ourreference", "OurReference"),
        ("project", "Project"),
        ("sent", "Sent"),
        ("externalinvoicereference1", "ExternalInvoiceReference1"),
        ("externalinvoicereference2", "ExternalInvoiceReference2"),
        ("yourreference", "YourReference"),
        ("invoicetype", "InvoiceType"),
        ("articlenumber", "InvoiceRows.ArticleNumber"),
        ("articledescription", "InvoiceRows.Description"),
        ("currency", "Currency"),
        ("accountnumberfrom", "InvoiceRows.AccountNumber"),
        ("accountnumberto", "InvoiceRows.AccountNumber"),
        ("yourordernumber", "YourOrderNumber"),
        ("credit", "Credit"),
        ("label", "Labels.Id"),
    ],
    named: &["cancelled", "fullypaid", "unpaid", "unpaidoverdue", "unbooked"],
    sorts: &[
        ("customername", "CustomerName"),
        ("customernumber", "CustomerNumber"),
        ("documentnumber", "DocumentNumber"),
        ("invoicedate", "InvoiceDate"),
        ("ocr", "OCR"),
        ("total", "Total"),
    ],
    date: Some("InvoiceDate"),
};

pub(super) const INVOICE_PAYMENTS: Traits = Traits {
    path: "invoicepayments",
    singular: "InvoicePayment",
    plural: "InvoicePayments",
    key: "Number",
    scope: "payment",
    fields: ledger::INVOICE_PAYMENT,
    required: &["InvoiceNumber"],
    filters: &[("invoicenumber", "InvoiceNumber")],
    named: &[],
    sorts: &[("paymentdate", "PaymentDate")],
    date: None,
};

pub(super) const SUPPLIER_INVOICES: Traits = Traits {
    path: "supplierinvoices",
    singular: "SupplierInvoice",
    plural: "SupplierInvoices",
    key: "GivenNumber",
    scope: "supplierinvoice",
    fields: ledger::SUPPLIER_INVOICE,
    required: &["SupplierNumber"],
    filters: &[],
    named: &[
        "cancelled",
        "fullypaid",
        "unpaid",
        "unpaidoverdue",
        "unbooked",
        "pendingpayment",
        "authorizepending",
    ],
    sorts: &[],
    date: None,
};

pub(super) const ORDERS: Traits = Traits {
    path: "orders",
    singular: "Order",
    plural: "Orders",
    key: "DocumentNumber",
    scope: "order",
    fields: sales::ORDER,
    required: &["CustomerNumber"],
    filters: &[
        ("customername", "CustomerName"),
        ("customernumber", "CustomerNumber"),
        ("documentnumber", "DocumentNumber"),
        ("externalinvoicereference1", "ExternalInvoiceReference1"),
        ("externalinvoicereference2", "ExternalInvoiceReference2"),
        ("costcenter", "CostCenter"),
        ("project", "Project"),
        ("sent", "Sent"),
        ("notcompleted", "NotCompleted"),
        ("ourreference", "OurReference"),
        ("yourreference", "YourReference"),
        ("ordertype", "OrderType"),
        ("label", "Labels.Id"),
    ],
    named: &["cancelled", "expired", "invoicecreated", "invoicenotcreated"],
    sorts: &[
        ("customername", "CustomerName"),
        ("customernumber", "CustomerNumber"),
        ("orderdate", "OrderDate"),
        ("documentnumber", "DocumentNumber"),
        ("total", "Total"),
    ],
    date: Some("OrderDate"),
};

pub(super) const OFFERS: Traits = Traits {
    path: "offers",
    singular: "Offer",
    plural: "Offers",
    key: "DocumentNumber",
    scope: "offer",
    fields: sales::OFFER,
    required: &["CustomerNumber"],
    filters: &[
        ("customername", "CustomerName"),
        ("customernumber", "CustomerNumber"),
        ("documentnumber", "DocumentNumber"),
        ("costcenter", "CostCenter"),
        ("project", "Project"),
        ("sent", "Sent"),
        ("notcompleted", "NotCompleted"),
        ("ourreference", "OurReference"),
        ("yourreference", "YourReference"),
        ("label", "Labels.Id"),
    ],
    named: &["cancelled", "expired", "completed", "notcompleted", "ordercreated", "ordernotcreated"],
    sorts: &[
        ("customername", "CustomerName"),
        // The API description spells these two with capitals, unlike all others.
        ("customerName", "CustomerName"),
        ("id", "DocumentNumber"),
        ("transactiondate", "OfferDate"),
        ("transactionDate", "OfferDate"),
        ("total", "Total"),
    ],
    date: Some("OfferDate"),
};

pub(super) const PROJECTS: Traits = Traits {
    path: "projects",
    singular: "Project",
    plural: "Projects",
    key: "ProjectNumber",
    scope: "project",
    fields: articles::PROJECT,
    required: &["Description"],
    filters: &[],
    named: &[],
    sorts: &[],
    date: None,
};

pub(super) const COST_CENTERS: Traits = Traits {
    path: "costcenters",
    singular: "CostCenter",
    plural: "CostCenters",
    key: "Code",
    scope: "costcenter",
    fields: articles::COST_CENTER,
    required: &["Code", "Description"],
    filters: &[],
    named: &[],
    sorts: &[],
    date: None,
};

pub(super) const ACCOUNTS: Traits = Traits {
    path: "accounts",
    singular: "Account",
    plural: "Accounts",
    key: "Number",
    scope: "bookkeeping",
    fields: ledger::ACCOUNT,
    required: &["Number", "Description"],
    filters: &[("sru", "SRU")],
    named: &[],
    sorts: &[("number", "Number")],
    date: None,
};

pub(super) const VOUCHERS: Traits = Traits {
    path: "vouchers",
    singular: "Voucher",
    plural: "Vouchers",
    key: "VoucherNumber",
    scope: "bookkeeping",
    fields: ledger::VOUCHER,
    required: &["Description", "TransactionDate", "VoucherSeries"],
    filters: &[],
    named: &[],
    sorts: &[],
    date: Some("TransactionDate"),
};

pub(super) const FINANCIAL_YEARS: Traits = Traits {
    path: "financialyears",
    singular: "FinancialYear",
    plural: "FinancialYears",
    key: "Id",
    scope: "bookkeeping",
    fields: ledger::FINANCIAL_YEAR,
    required: &["FromDate", "ToDate"],
    filters: &[("date", "FromDate")],
    named: &[],
    sorts: &[],
    date: None,
};
