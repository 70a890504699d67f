//! The counters and histograms of calls.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use http::StatusCode;
use metrics::{
    Counter, CounterFn, Gauge, GaugeFn, Histogram, HistogramFn, Key, KeyName, Metadata, Recorder,
    SharedString, Unit,
};
use tieline_core::{Limit, LimitScope};
use tieline_http::memory::{MemoryTransport, answer};
use tieline_http::{RetryPolicy, metric_names};

use crate::{get, host, options, seconds};

/// Every value by the metric's name and labels.
#[derive(Clone, Default)]
struct Book(Arc<Mutex<BTreeMap<String, Vec<f64>>>>);

struct Line(Book, String);

impl Line {
    fn of(book: &Book, key: &Key) -> Arc<Self> {
        let labels: Vec<_> = key.labels().map(|label| format!("{}={}", label.key(), label.value())).collect();
        Arc::new(Self(book.clone(), format!("{} {}", key.name(), labels.join(" "))))
    }

    fn note(&self, value: f64) {
        self.0.0.lock().unwrap().entry(self.1.clone()).or_default().push(value);
    }
}

impl CounterFn for Line {
    fn increment(&self, value: u64) {
        self.note(f64::from(u32::try_from(value).unwrap()));
    }

    fn absolute(&self, value: u64) {
        CounterFn::increment(self, value);
    }
}

impl GaugeFn for Line {
    fn increment(&self, value: f64) {
        self.note(value);
    }

    fn decrement(&self, value: f64) {
        self.note(-value);
    }

    fn set(&self, value: f64) {
        self.note(value);
    }
}

impl HistogramFn for Line {
    fn record(&self, value: f64) {
        self.note(value);
    }
}

impl Recorder for Book {
    fn describe_counter(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> Counter {
        Counter::from_arc(Line::of(self, key))
    }

    fn register_gauge(&self, key: &Key, _: &Metadata<'_>) -> Gauge {
        Gauge::from_arc(Line::of(self, key))
    }

    fn register_histogram(&self, key: &Key, _: &Metadata<'_>) -> Histogram {
        Histogram::from_arc(Line::of(self, key))
    }
}

#[test]
fn calls_resends_and_waits_are_counted_without_values_of_records() {
    let book = Book::default();
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    metrics::with_local_recorder(&book, || {
        runtime.block_on(async {
            let provider = MemoryTransport::script([
                Ok(answer(StatusCode::SERVICE_UNAVAILABLE, &[("retry-after", "3")], "")),
                Ok(answer(StatusCode::OK, &[], "")),
                Ok(answer(StatusCode::NOT_FOUND, &[], "")),
            ]);
            let limit = Limit::new("burst", LimitScope::Account, 2, seconds(10.0));
            let retry = RetryPolicy::default().with_first_wait(seconds(0.0));
            let client = host(&provider).retry(retry).build().unwrap().client(options(vec![limit])).unwrap();
            client.send(get("/deals/4711").with_template("/deals/{id}")).await.unwrap();
            client.send(get("/deals/4712")).await.unwrap_err();
        });
    });
    let book = book.0.lock().unwrap();
    let sum = |name: &str| {
        let lines = book.iter().filter(|(line, _)| line.starts_with(&format!("{name} ")));
        lines.flat_map(|(_, values)| values).sum::<f64>()
    };
    let call = "tieline.provider=demo http.request.method=GET";
    let fine = format!(
        "{} {call} url.template=/deals/{{id}} http.response.status_code=200 error.type=",
        metric_names::DURATION
    );
    assert_eq!(book[&fine].iter().map(|seconds| seconds.round()).collect::<Vec<_>>(), [3.0], "{book:?}");
    let missing = format!(
        "{} {call} url.template= http.response.status_code=404 error.type=not_found",
        metric_names::DURATION
    );
    assert_eq!(book[&missing].len(), 1, "{book:?}");
    assert_eq!(sum(metric_names::RESENDS), 1.0);
    assert_eq!(sum(metric_names::LIMITER_WAIT).round(), 7.0);
    assert_eq!((sum(metric_names::ACTIVE), book.len()), (0.0, 5));
    assert!(!format!("{book:?}").contains("471"));
}
