//! Lists, details, and when each is asked for.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use tieline_core::{
    Connector, ErrorKind, Filter, Key, Lookup, LookupRequest, PartitionsRequest, PassEnd, ReadMode,
    ReadRequest, State,
};

use crate::common::*;

#[tokio::test(start_paused = true)]
async fn a_list_is_enough_for_fields_that_it_has() {
    let (transport, books) = with_invoices(3);
    let fields = ["/DocumentNumber", "/Total", "/InvoiceDate"].map(path);
    let batches = batches(&books, ReadRequest::full("invoices").with_fields(fields)).await.unwrap();
    assert_eq!(
        asked(&transport),
        ["GET /3/invoices?sortby=documentnumber&sortorder=ascending&offset=0&limit=500"]
    );
    assert_eq!(words(&batches), ["+1", "+2", "+3"]);
    assert_eq!(records(&batches)["2"], invoice_row(2));
    assert_eq!(batches[0].end, Some(PassEnd::Complete));
    assert_eq!(batches[0].progress.unwrap().total, Some(3));
    let accept = transport.requests()[0].headers()["accept"].clone();
    assert_eq!(accept, "application/json");
}

#[tokio::test(start_paused = true)]
async fn details_are_asked_for_when_a_field_is_only_there() {
    for request in [
        ReadRequest::full("invoices"),
        ReadRequest::full("invoices").with_fields(["/Total", "/InvoiceRows/0/Price"].map(path)),
    ] {
        let (transport, books) = with_invoices(3);
        let batches = batches(&books, request).await.unwrap();
        assert_eq!(asked(&transport)[1..], ["GET /3/invoices/1", "GET /3/invoices/2", "GET /3/invoices/3"]);
        // The record is Fortnox's own text, without its wrapper, and no digit is lost.
        assert_eq!(records(&batches)["3"], invoice("3"));
    }
}

#[tokio::test(start_paused = true)]
async fn a_pass_over_keys_asks_for_no_details() {
    let (transport, books) = with_invoices(700);
    let batches = batches(&books, ReadRequest::keys("invoices")).await.unwrap();
    assert_eq!(transport.requests().len(), 2);
    let words = words(&batches);
    assert_eq!((words.len(), words[0].as_str(), words[699].as_str()), (700, "=1", "=700"));
    assert!(batches.iter().all(|batch| batch.pass == ReadMode::Keys));
    assert_eq!(batches.last().unwrap().end, Some(PassEnd::Complete));
}

#[tokio::test(start_paused = true)]
async fn pages_follow_on_with_an_anchor_and_batches_of_details_stay_small() {
    let (transport, books) = with_invoices(1203);
    let batches = batches(&books, ReadRequest::full("invoices")).await.unwrap();
    let lists: Vec<String> = asked(&transport).into_iter().filter(|line| line.contains('?')).collect();
    let offsets: Vec<_> = lists.iter().map(|line| param(line, "offset").unwrap()).collect();
    assert_eq!(&offsets[..3], ["0", "99", "199"]);
    assert!(batches.iter().all(|batch| batch.len() <= 100));
    let mut words = words(&batches);
    words.dedup();
    assert_eq!(words.len(), 1203);
    assert_eq!(transport.requests().len(), 1203 + lists.len());
}

#[tokio::test(start_paused = true)]
async fn a_read_goes_on_after_any_batch_without_asking_twice() {
    let (_, books) = with_invoices(1203);
    let whole = batches(&books, ReadRequest::full("invoices")).await.unwrap();
    for cut in [0, 3, 4, whole.len() - 2] {
        let (transport, books) = with_invoices(1203);
        let state = State::from_text(&whole[cut].state.to_text().unwrap()).unwrap();
        let rest = batches(&books, ReadRequest::full("invoices").with_state(Some(state))).await.unwrap();
        let read: usize = whole[..=cut].iter().map(|batch| batch.len()).sum();
        assert_eq!(words(&rest).len(), 1203 - read);
        let details = asked(&transport).iter().filter(|line| !line.contains('?')).count();
        assert_eq!(details, 1203 - read);
        assert_eq!(rest.last().unwrap().progress.unwrap().done, 1203);
    }
}

#[tokio::test(start_paused = true)]
async fn a_deletion_in_front_of_the_walk_skips_nobody() {
    let customers: Mutex<Vec<usize>> = Mutex::new((1..=30).collect());
    let (_, books) = answering(move |line| {
        let mut customers = customers.lock().unwrap();
        let rows: Vec<String> =
            customers.iter().map(|n| format!(r#"{{"CustomerNumber":"{n}","Name":"K{n}"}}"#)).collect();
        // Two go while each page is under way.
        customers.drain(..2);
        page(line, "Customers", &rows)
    });
    let request = ReadRequest::full("customers").with_fields([path("/Name")]).with_page_size(10);
    let batches = batches(&books, request).await.unwrap();
    let records = records(&batches);
    for number in 11..=30 {
        assert!(records.contains_key(&number.to_string()), "{number} of {records:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn changes_are_asked_for_in_swedish_time_from_fortnoxs_own_clock() {
    let (transport, books) = with_invoices(1);
    let first = batches(&books, ReadRequest::changes("invoices")).await.unwrap();
    assert_eq!(first[0].pass, ReadMode::Full);
    insta::assert_snapshot!(
        first[0].state.to_text().unwrap(),
        @r#"{"v":1,"body":{"reading":"68168bb21cb7d7f9","marks":[{"text":"2026-11-03T08:00:00Z"}],"covered":"2026-11-03T08:00:00Z"}}"#
    );
    let state = Some(first[0].state.clone());
    let second = batches(&books, ReadRequest::changes("invoices").with_state(state)).await.unwrap();
    assert_eq!(second[0].pass, ReadMode::Changes);
    // 08:00 by Fortnox's clock, five minutes before, in Sweden.
    assert_eq!(param(&asked(&transport)[2], "lastmodified"), Some("2026-11-03%2008%3A55%3A00"));
}

#[tokio::test(start_paused = true)]
async fn a_record_that_goes_between_list_and_detail_is_gone() {
    let rows: Vec<String> = (1..=3).map(invoice_row).collect();
    for (status, code) in [(404, "2000434"), (400, "2000434"), (404, "9999999")] {
        let rows = rows.clone();
        let (_, books) = answering(move |line| match line.strip_prefix("GET /3/invoices/") {
            Some("2") => error(status, code, "Kan inte hitta fakturan."),
            Some(number) => (200, format!(r#"{{"Invoice":{}}}"#, invoice(number))),
            None => page(line, "Invoices", &rows),
        });
        let batches = batches(&books, ReadRequest::full("invoices")).await.unwrap();
        assert_eq!(words(&batches), ["+1", "-2", "+3"]);
        assert_eq!(batches[0].end, Some(PassEnd::Complete));
    }
}

/// A code that is not listed, and a 403 that says nothing of the connection: the record is named, and asked for again.
#[tokio::test(start_paused = true)]
async fn one_record_that_cannot_be_shown_keeps_no_other_away() {
    for (status, code) in [(400, "2009999"), (403, "2009998")] {
        let rows: Vec<String> = (1..=3).map(invoice_row).collect();
        let refuses = Arc::new(AtomicBool::new(true));
        let refused = Arc::clone(&refuses);
        let (transport, books) = answering(move |line| match line.strip_prefix("GET /3/invoices/") {
            Some("2") if refused.load(Ordering::Relaxed) => error(status, code, "Okänt."),
            Some(number) => (200, format!(r#"{{"Invoice":{}}}"#, invoice(number))),
            None if line.contains("lastmodified") => page(line, "Invoices", &[]),
            None => page(line, "Invoices", &rows),
        });
        let first = batches(&books, ReadRequest::full("invoices")).await.unwrap();
        assert_eq!(words(&first), ["+1", "+3"]);
        assert_eq!(first[0].end, Some(PassEnd::Partial));
        assert_eq!(
            first[0].issues[0].to_string(),
            format!(
                "invoices 2 (left out): its detail was refused (code {code}): it is asked for again by the next read"
            )
        );
        let keys = ["1", "2", "3"].map(Key::from);
        let found = books.lookup(LookupRequest::keys("invoices", keys)).await.unwrap().answers;
        assert!(
            matches!(&found[..], [Lookup::Record(_), Lookup::Forbidden(_), Lookup::Record(_)]),
            "{found:?}"
        );
        refuses.store(false, Ordering::Relaxed);
        let request = ReadRequest::changes("invoices").with_state(Some(first[0].state.clone()));
        let next = batches(&books, request).await.unwrap();
        assert_eq!(
            (words(&next), next[0].end),
            (vec!["+2".to_owned()], Some(PassEnd::Complete)),
            "{:?}",
            asked(&transport)
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_licence_that_goes_away_ends_that_entity_alone() {
    let rows: Vec<String> = (1..=3).map(invoice_row).collect();
    let (_, books) = answering(move |line| match line.strip_prefix("GET /3/invoices/") {
        Some("1") => (200, format!(r#"{{"Invoice":{}}}"#, invoice("1"))),
        Some(_) => error(403, "2001101", "Det finns ingen aktiv licens för önskat scope."),
        None if line.contains("/invoices") => page(line, "Invoices", &rows),
        None => page(line, "CostCenters", &[r#"{"Code":"S1","Description":"Stockholm"}"#.to_owned()]),
    });
    let refused = broken(&books, ReadRequest::full("invoices")).await;
    assert_eq!(refused.kind(), ErrorKind::Forbidden);
    assert!(refused.advice().unwrap().contains("licence"), "{refused}");
    let others = batches(&books, ReadRequest::full("costcenters")).await.unwrap();
    assert_eq!(words(&others), ["+S1"]);
}

/// What a list without documented `lastmodified` does with one that lies ahead.
async fn suppliers(ahead: (u16, String)) -> Vec<String> {
    let (transport, books) = answering(move |line| match param(line, "lastmodified") {
        Some(time) if time.starts_with("2026-11-05") => ahead.clone(),
        Some(_) => page(line, "Suppliers", &[]),
        None => page(line, "Suppliers", &[r#"{"SupplierNumber":"7","Name":"Bo"}"#.to_owned()]),
    });
    let request = || ReadRequest::changes("suppliers").with_fields([path("/Name")]);
    let first = batches(&books, request()).await.unwrap();
    let state = first.last().unwrap().state.clone();
    let second = batches(&books, request().with_state(Some(state))).await.unwrap();
    let third = batches(&books, request().with_state(Some(second[0].state.clone()))).await.unwrap();
    let tries = asked(&transport).iter().filter(|line| line.contains("2026-11-05")).count();
    assert_eq!(tries, 1, "it is asked once");
    let told = |batches: &[tieline_core::Batch]| {
        let batch = batches.last().unwrap();
        let issues: Vec<String> = batch.issues.iter().map(ToString::to_string).collect();
        format!("{:?} {:?} {}", batch.pass, batch.end.unwrap(), issues.join("; "))
    };
    vec![told(&first), told(&second), told(&third), first[0].state.to_text().unwrap()]
}

#[tokio::test(start_paused = true)]
async fn whether_an_undocumented_list_knows_changes_is_tried_once() {
    let honoured = page("GET /?limit=1", "Suppliers", &[]);
    let ignored = page("GET /?limit=1", "Suppliers", &[r#"{"SupplierNumber":"7"}"#.to_owned()]);
    let refused = error(400, "2000588", "Ogiltig parameter i anropet.");
    let all = [suppliers(honoured).await, suppliers(ignored).await, suppliers(refused).await];
    insta::assert_snapshot!(all.concat().join("\n"));
}

#[tokio::test(start_paused = true)]
async fn a_documented_list_that_refuses_all_the_same_is_read_in_full() {
    let rows: Vec<String> = (1..=3).map(invoice_row).collect();
    let (_, books) = answering(move |line| match param(line, "lastmodified") {
        Some(_) => error(400, "2000588", "Ogiltig parameter i anropet."),
        None => page(line, "Invoices", &rows),
    });
    let request = || ReadRequest::changes("invoices").with_fields([path("/Total")]);
    let first = batches(&books, request()).await.unwrap();
    let state = Some(first[0].state.clone());
    let second = batches(&books, request().with_state(state)).await.unwrap();
    assert_eq!(second[0].pass, ReadMode::Full);
    assert_eq!(words(&second).len(), 3);
    assert_eq!(second[0].issues.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn vouchers_are_read_year_by_year() {
    let (transport, books) = answering(|line| {
        let years =
            [3, 5].map(|id| format!(r#"{{"Id":{id},"FromDate":"2026-01-01","ToDate":"2026-12-31"}}"#));
        let row = |series: &str, number: u32, year: &str| {
            format!(r#"{{"VoucherSeries":"{series}","VoucherNumber":{number},"Year":{year}}}"#)
        };
        match (line, param(line, "financialyear")) {
            (line, None) => page(line, "FinancialYears", &years),
            (line, Some(year)) if line.contains("/3/vouchers?") => {
                page(line, "Vouchers", &[row("A", 1, year), row("B/C", 1, year)])
            }
            (line, Some(year)) => {
                let series = if line.contains("B%2FC") { "B/C" } else { "A" };
                (200, format!(r#"{{"Voucher":{}}}"#, row(series, 1, year)))
            }
        }
    });
    let years = books.partitions(PartitionsRequest::new("vouchers")).await.unwrap().partitions;
    let names: Vec<&str> = years.iter().map(|year| year.partition.as_str()).collect();
    assert_eq!(names, ["3", "5"]);
    let before = transport.requests().len();
    let request = ReadRequest::full("vouchers").with_partition(years[1].partition.clone());
    let whole = batches(&books, request).await.unwrap();
    assert_eq!(words(&whole), ["+A/1/5", "+B~1C/1/5"]);
    let asked = asked(&transport).split_off(before);
    assert_eq!(asked[0], "GET /3/vouchers?financialyear=5&offset=0&limit=100");
    assert_eq!(asked[1], "GET /3/vouchers/A/1?financialyear=5");
    assert_eq!(asked[2], "GET /3/vouchers/B%2FC/1?financialyear=5");
    assert!(asked.last().unwrap().contains("lastmodified"), "{asked:?}");
}

/// A gateway answers each detail: nothing is gone on its word.
#[tokio::test(start_paused = true)]
async fn a_gateways_404_deletes_no_record() {
    let rows: Vec<String> = (1..=3).map(invoice_row).collect();
    for body in ["<html><body>404</body></html>", "", r#"{"message":"no Route matched with those values"}"#] {
        let rows = rows.clone();
        let (_, books) = answering(move |line| match line.strip_prefix("GET /3/invoices/") {
            Some(_) => (404, body.to_owned()),
            None => page(line, "Invoices", &rows),
        });
        let error = broken(&books, ReadRequest::full("invoices")).await;
        assert_ne!(error.kind(), ErrorKind::NotFound, "{body}");
        let lookup = books.lookup(LookupRequest::keys("invoices", [Key::from("1")])).await;
        assert!(lookup.is_err(), "{body}");
    }
}

#[tokio::test(start_paused = true)]
async fn one_filter_is_fortnoxs_the_others_are_compared_here() {
    let rows = [("1", "Ada", "SEK"), ("2", "Adam", "SEK"), ("3", "Ada", "EUR")]
        .map(|(n, name, currency)| {
            format!(r#"{{"DocumentNumber":"{n}","CustomerName":"{name}","Currency":"{currency}"}}"#)
        })
        .to_vec();
    let (transport, books) = answering(move |line| page(line, "Invoices", &rows));
    let request = ReadRequest::full("invoices")
        .with_fields([path("/Currency")])
        .with_filter(Filter::equals(path("/CustomerName"), json("\"Ada\"")))
        .with_filter(Filter::equals(path("/Currency"), json("\"SEK\"")))
        .with_filter(Filter::equals(path("/fromdate"), json("\"2026-01-01\"")));
    let found = batches(&books, request.clone()).await.unwrap();
    assert_eq!(words(&found), ["+1"]);
    // Who asked for some learns nothing of the others.
    assert_eq!(found[0].end, Some(PassEnd::Partial));
    let line = &asked(&transport)[0];
    assert_eq!((param(line, "customername"), param(line, "fromdate")), (Some("Ada"), Some("2026-01-01")));
    assert_eq!(param(line, "currency"), None);
    // And goes on with the same filters only.
    let other = ReadRequest::full("invoices").with_state(Some(found[0].state.clone()));
    assert_eq!(books.read(other).err().unwrap().kind(), ErrorKind::StateInvalid);
}

#[tokio::test(start_paused = true)]
async fn invoices_are_read_by_fortnoxs_own_filter() {
    let (transport, books) = with_invoices(1);
    for (field, value, word) in [
        ("/filter", "\"unpaid\"", "unpaid"),
        ("/Cancelled", "true", "cancelled"),
        ("/Booked", "false", "unbooked"),
    ] {
        let request = ReadRequest::full("invoices").with_fields([path("/Total")]);
        batches(&books, request.with_filter(Filter::equals(path(field), json(value)))).await.unwrap();
        assert_eq!(param(asked(&transport).last().unwrap(), "filter"), Some(word));
    }
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_read_is_refused_unsent() {
    let (transport, books) = with_invoices(1);
    let full = || ReadRequest::full("invoices");
    let texts: Vec<String> = [
        ReadRequest::full("invoice"),
        full().with_fields([path("/Totall")]),
        full().with_filter(Filter::equals(path("/Totall"), json("1"))),
        full().with_filter(Filter::equals(path("/Net"), json("1"))),
        full().with_filter(Filter::equals(path("/filter"), json("\"paid\""))),
        full().with_filter(Filter::equals(path("/fromdate"), json("\"10/1/2026\""))),
        full()
            .with_filter(Filter::equals(path("/filter"), json("\"unpaid\"")))
            .with_filter(Filter::equals(path("/YourReference"), json("\"x\""))),
        full().with_partition("5".into()),
        ReadRequest::full("customers").with_fields(["/Phone", "/VATNumber"].map(path)),
    ]
    .into_iter()
    .map(|request| books.read(request).err().unwrap().to_string())
    .collect();
    insta::assert_snapshot!(texts.join("\n"));
    assert!(transport.requests().is_empty());
}
