//! Suppliers and what they charge.

use chrono::{Days, TimeDelta};

use super::names::{PEOPLE, PLACES, SUPPLIERS};
use super::{DAYS, Soil};
use crate::fortnox::ledger::bookkeep_supplier_invoice;
use crate::fortnox::schema::Entity;
use crate::fortnox::state::State;
use crate::{Json, Object};

pub(super) fn suppliers(state: &mut State, soil: &mut Soil) {
    for (index, (name, giro, account)) in SUPPLIERS.iter().enumerate() {
        let (town, street, code) = soil.chance.pick(PLACES);
        let record = Object::default()
            .with("SupplierNumber", (index + 1).to_string())
            .with("Name", *name)
            .with("Active", index != 5)
            .with("Address1", format!("{street} {}", soil.chance.below(60) + 1))
            .with("ZipCode", code)
            .with("City", town)
            .with("CountryCode", "SE")
            .with("Country", "Sverige")
            .with("Currency", "SEK")
            .with("BG", *giro)
            .with("Bank", "Exempelbanken")
            .with("DisablePaymentFile", false)
            .with(
                "OrganisationNumber",
                format!("559{:03}-{:04}", soil.chance.below(1000), soil.chance.below(10_000)),
            )
            .with("PreDefinedAccount", account.to_string())
            .with("TermsOfPayment", "30")
            .with("YourReference", soil.chance.pick(PEOPLE))
            .with("Phone1", format!("08-465 004 {:02}", soil.chance.below(100)))
            .with("VATType", "SEVAT");
        let made = soil.now - TimeDelta::days(200 + soil.chance.below(400));
        state.put(Entity::Suppliers, record, made);
    }
}

pub(super) fn invoices(state: &mut State, soil: &mut Soil, count: u32) {
    let count = i64::from(count);
    for index in 0..count {
        let days_ago = DAYS - 1 - index * (DAYS - 3) / count.max(1);
        let day = soil.day(days_ago);
        let at = usize::try_from(soil.chance.below(8)).unwrap_or_default();
        let Some((name, _, account)) = SUPPLIERS.get(at) else { continue };
        let net = 400 + soil.chance.below(18_000);
        // A quarter of the net, in hundredths.
        let (whole, rest) = (net / 4, net % 4 * 25);
        let vat = Json::decimal(format!("{whole}.{rest:02}"));
        let total = Json::decimal(format!("{}.{rest:02}", net + whole));
        let row = |account: i64, code: &'static str, debit: Json, credit: Json| -> Json {
            Object::default()
                .with("Account", account)
                .with("Code", code)
                .with("Debit", debit)
                .with("Credit", credit)
                .with("Total", 0_i64)
                .into()
        };
        let zero = || Json::Int(0);
        let paid = days_ago > 40 && !soil.chance.percent(8);
        let due = day.checked_add_days(Days::new(30)).unwrap_or(day);
        let record = Object::default()
            .with("GivenNumber", (index + 1).to_string())
            .with("SupplierNumber", (at + 1).to_string())
            .with("SupplierName", *name)
            .with("InvoiceNumber", format!("{}-{}", 2200 + at, 31_000 + index))
            .with("InvoiceDate", day.to_string())
            .with("DueDate", due.to_string())
            .with("Currency", "SEK")
            .with("CurrencyRate", 1_i64)
            .with("CurrencyUnit", 1_i64)
            .with("Total", total.clone())
            .with("VAT", vat.clone())
            .with("Freight", zero())
            .with("AdministrationFee", zero())
            .with("RoundOffValue", zero())
            .with("Balance", if paid { zero() } else { total.clone() })
            .with("FinalPayDate", if paid { due.to_string().into() } else { Json::Null })
            .with("Booked", false)
            .with("Cancelled", days_ago > 10 && index % 31 == 30)
            .with("Credit", false)
            .with("CreditReference", 0_i64)
            .with("PaymentPending", !paid && days_ago % 5 == 0)
            .with("DisablePaymentFile", false)
            .with("SalesType", "STOCK")
            .with("VATType", "NORMAL")
            .with("AccountingMethod", "ACCRUAL")
            .with(
                "SupplierInvoiceRows",
                vec![
                    row(2440, "TOT", zero(), total),
                    row(2641, "VAT", vat, zero()),
                    row(*account, "", net.into(), zero()),
                ],
            );
        let made = soil.at_work(day);
        let key = state.put(Entity::SupplierInvoices, record, made);
        if days_ago > 6 {
            // A cancelled one is refused, as it should be.
            let _booked = bookkeep_supplier_invoice(state, &key, made);
        }
    }
}
