//! Paper adapters: providers of very different manners, written against the traits as types with canned data. They
//! prove that the traits can say what these providers do; they are no connectors.

mod airbyte;
mod business_central;
mod chatwoot;
mod gmail;
mod google_sheets;
mod graph;
mod hubspot;
mod salesforce;
mod sessions;
mod shopify;
mod slack;

use std::sync::Arc;

use async_trait::async_trait;
use futures_util::{StreamExt, stream};
use tieline_core::*;

/// A connector with its own methods, and with what all paper adapters answer alike.
macro_rules! paper_connector {
    ($name:ident { $($methods:tt)* }) => {
        #[async_trait]
        impl Connector for $name {
            async fn check(&self, _: CheckRequest) -> Result<Account> {
                Ok(Account::new("paper"))
            }
            async fn lookup(&self, request: LookupRequest) -> Result<Lookups> {
                match request.by {
                    LookupBy::Keys(keys) => Ok(Lookups::new(keys.into_iter().map(Lookup::Missing).collect())),
                    _ => Err(Error::unsupported("looking up by field")),
                }
            }
            $($methods)*
        }
    };
}
pub(crate) use paper_connector;

fn batches(batches: Vec<Batch>) -> BatchStream {
    Box::pin(stream::iter(batches.into_iter().map(Ok)))
}

fn upsert(key: &str, json: &str) -> Change {
    Change::Upsert(Record::new(key, RawJson::parse(json).unwrap()))
}

async fn collect(stream: BatchStream) -> Vec<Batch> {
    stream.map(|batch| batch.unwrap()).collect().await
}

/// A wrapper as hosts write them: forwards every method and names what it wraps.
#[derive(Debug)]
struct Wrapper(Arc<dyn Connector>);

#[async_trait]
impl Connector for Wrapper {
    async fn check(&self, request: CheckRequest) -> Result<Account> {
        self.0.check(request).await
    }
    async fn discover(&self, request: DiscoverRequest) -> Result<Catalog> {
        self.0.discover(request).await
    }
    fn read(&self, request: ReadRequest) -> Result<BatchStream> {
        self.0.read(request)
    }
    async fn lookup(&self, request: LookupRequest) -> Result<Lookups> {
        self.0.lookup(request).await
    }
    fn write(&self, request: WriteRequest) -> Result<OutcomeStream> {
        self.0.write(request)
    }
    async fn partitions(&self, request: PartitionsRequest) -> Result<Partitions> {
        self.0.partitions(request).await
    }
    async fn choices(&self, request: ChoicesRequest) -> Result<Choices> {
        self.0.choices(request).await
    }
    async fn subscriptions(&self, request: SubscriptionsRequest) -> Result<Subscriptions> {
        self.0.subscriptions(request).await
    }
    fn poll(&self, request: PollRequest) -> Result<OutcomeStream> {
        self.0.poll(request)
    }
    async fn content(&self, request: ContentRequest) -> Result<Content> {
        self.0.content(request).await
    }
    fn inner(&self) -> Option<&dyn Connector> {
        Some(&*self.0)
    }
}

#[tokio::test]
async fn a_wrapper_leads_back_to_the_typed_connector() {
    let wrapped: Arc<dyn Connector> = Arc::new(Wrapper(Arc::new(Wrapper(Arc::new(slack::Slack)))));
    assert!(wrapped.downcast::<slack::Slack>().is_some());
    assert!(wrapped.downcast::<gmail::Gmail>().is_none());
    assert!(wrapped.downcast::<Wrapper>().is_some());
    assert_eq!(wrapped.check(CheckRequest::default()).await.unwrap().name, "paper");
}
