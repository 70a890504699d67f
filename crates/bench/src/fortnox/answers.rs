//! Fortnox's answers for a year of invoices: the pages of the list, and each invoice with its rows.

use std::fmt::Write;
use std::sync::Arc;

use bytes::Bytes;

/// The rows of a page: as many as there are details in a batch.
const PAGE: usize = 100;

/// The answers, made once. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Answers {
    /// The rows of the list.
    rows: Arc<Vec<String>>,
    details: Arc<Vec<Bytes>>,
    pages: Arc<Vec<Bytes>>,
}

impl Answers {
    pub(crate) fn new(invoices: usize) -> Self {
        let rows: Vec<String> = (1..=invoices).map(row).collect();
        let details = (1..=invoices).map(|number| Bytes::from(detail(number))).collect();
        let mut answers =
            Self { rows: Arc::new(rows), details: Arc::new(details), pages: Arc::new(Vec::new()) };
        // What a walk with anchors asks for, one row of each page having been in the one before.
        let pages = (0..invoices.max(1)).step_by(PAGE - 1).map(|offset| answers.render(offset)).collect();
        answers.pages = Arc::new(pages);
        answers
    }

    pub(crate) fn count(&self) -> usize {
        self.details.len()
    }

    pub(crate) fn bytes(&self) -> usize {
        self.details.iter().chain(self.pages.iter()).map(Bytes::len).sum()
    }

    pub(crate) fn details(&self) -> impl Iterator<Item = &Bytes> {
        self.details.iter()
    }

    pub(crate) fn pages(&self) -> impl Iterator<Item = &Bytes> {
        self.pages.iter()
    }

    /// The invoice of that number.
    pub(crate) fn detail(&self, number: usize) -> Option<Bytes> {
        self.details.get(number.checked_sub(1)?).cloned()
    }

    /// The page that begins at that offset.
    pub(crate) fn page(&self, offset: usize) -> Option<Bytes> {
        self.pages.get(offset / (PAGE - 1)).filter(|_| offset.is_multiple_of(PAGE - 1)).cloned()
    }

    fn render(&self, offset: usize) -> Bytes {
        let rows: Vec<&str> = self.rows.iter().skip(offset).take(PAGE).map(String::as_str).collect();
        let meta = format!(
            r#"{{"@TotalResources":{},"@TotalPages":{},"@CurrentPage":{}}}"#,
            self.rows.len(),
            self.rows.len().div_ceil(PAGE),
            offset / PAGE + 1
        );
        format!(r#"{{"MetaInformation":{meta},"Invoices":[{}]}}"#, rows.join(",")).into()
    }
}

fn date(number: usize) -> String {
    format!("2026-{:02}-{:02}", number % 12 + 1, number % 28 + 1)
}

fn total(number: usize) -> String {
    format!("{}.{:02}", number * 37 % 90_000 + 100, number % 100)
}

/// An invoice as a list shows it.
fn row(number: usize) -> String {
    let (date, total) = (date(number), total(number));
    format!(
        r#"{{"@url":"https:\/\/api.fortnox.se\/3\/invoices\/{number}","Balance":0,"Booked":true,"Cancelled":false,"CostCenter":"","Currency":"SEK","CurrencyRate":"1","CurrencyUnit":1,"CustomerName":"Kund {} AB","CustomerNumber":"{}","DocumentNumber":"{number}","DueDate":"{date}","ExternalInvoiceReference1":"","ExternalInvoiceReference2":"","InvoiceDate":"{date}","InvoiceType":"INVOICE","NoxFinans":false,"OCR":"{number}9","Project":"","Sent":true,"TermsOfPayment":"30","Total":{total},"VoucherNumber":{number},"VoucherSeries":"B","VoucherYear":5,"WayOfDelivery":"","FinalPayDate":"{date}"}}"#,
        number % 200,
        1000 + number % 200
    )
}

/// An invoice with its rows, as Fortnox shows it alone.
fn detail(number: usize) -> String {
    let (date, total) = (date(number), total(number));
    let mut rows = String::new();
    for at in 0..number % 7 + 2 {
        let comma = if at == 0 { "" } else { "," };
        let _ = write!(
            rows,
            r#"{comma}{{"AccountNumber":3001,"ArticleNumber":"A-{at}","ContributionPercent":"41.50","ContributionValue":"103.75","CostCenter":null,"DeliveredQuantity":"{}.00","Description":"Artikel {at}, m\u00e5tt 20 \u00d7 30 cm","Discount":0,"DiscountType":"PERCENT","HouseWork":false,"HouseWorkHoursToReport":null,"HouseWorkType":null,"Price":{}.5,"PriceExcludingVAT":{}.5,"Project":"","RowId":{},"StockPointCode":null,"Total":{}.5,"TotalExcludingVAT":{}.5,"Unit":"st","VAT":25,"VATCode":null}}"#,
            at + 1,
            100 + at,
            100 + at,
            number * 10 + at,
            100 + at,
            100 + at
        );
    }
    format!(
        r#"{{"Invoice":{{"@url":"https:\/\/api.fortnox.se\/3\/invoices\/{number}","@urlTaxReductionList":"https:\/\/api.fortnox.se\/3\/taxreductions?filter=invoices&referencenumber={number}","Address1":"Storgatan {}","Address2":"","AdministrationFee":0,"AdministrationFeeVAT":0,"Balance":0,"BasisTaxReduction":0,"Booked":true,"Cancelled":false,"City":"Malm\u00f6","Comments":"","ContractReference":0,"ContributionPercent":41.5,"ContributionValue":518.75,"CostCenter":"","Country":"Sverige","Credit":"false","CreditInvoiceReference":"0","Currency":"SEK","CurrencyRate":1,"CurrencyUnit":1,"CustomerName":"Kund {} AB","CustomerNumber":"{}","DeliveryAddress1":"","DeliveryAddress2":"","DeliveryCity":"","DeliveryCountry":"","DeliveryDate":null,"DeliveryName":"","DeliveryZipCode":"","DocumentNumber":"{number}","DueDate":"{date}","EDIInformation":{{"EDIGlobalLocationNumber":"","EDIGlobalLocationNumberDelivery":"","EDIInvoiceExtra1":"","EDIInvoiceExtra2":"","EDIOurElectronicReference":"","EDIYourElectronicReference":"","EDIStatus":""}},"EmailInformation":{{"EmailAddressFrom":null,"EmailAddressTo":"faktura{number}@example.test","EmailAddressCC":"","EmailAddressBCC":"","EmailSubject":"Faktura {{no}} bifogas","EmailBody":" "}},"EUQuarterlyReport":false,"ExternalInvoiceReference1":"","ExternalInvoiceReference2":"","Freight":0,"FreightVAT":0,"Gross":{total},"HouseWork":false,"InvoiceDate":"{date}","InvoicePeriodStart":"","InvoicePeriodEnd":"","InvoicePeriodReference":"","InvoiceRows":[{rows}],"InvoiceType":"INVOICE","Labels":[],"Language":"SV","LastRemindDate":null,"Net":{total},"NotCompleted":false,"NoxFinans":false,"OCR":"{number}9","OfferReference":"0","OrderReference":"0","OrganisationNumber":"556000-{:04}","OurReference":"Ada","OutboundDate":"{date}","PaymentWay":"","Phone1":"","Phone2":"","PriceList":"A","PrintTemplate":"st","Project":"","Remarks":"","Reminders":0,"RoundOff":0,"Sent":true,"TaxReduction":null,"TermsOfDelivery":"","TermsOfPayment":"30","TimeBasisReference":0,"Total":{total},"TotalToPay":{total},"TotalVAT":112.13,"VATIncluded":false,"VoucherNumber":{number},"VoucherSeries":"B","VoucherYear":5,"WarehouseReady":true,"WayOfDelivery":"","YourOrderNumber":"","YourReference":"Bo","ZipCode":"211 34","AccountingMethod":"ACCRUAL","TaxReductionType":"none","FinalPayDate":"{date}"}}}}"#,
        number % 90,
        number % 200,
        1000 + number % 200,
        number % 10_000
    )
}
