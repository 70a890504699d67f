//! Microsoft Graph: delta links are the state, removed items leave a folder rather than the drive, files have bytes,
//! and subscriptions end unless they are renewed.

use bytes::Bytes;
use tieline_core::http::{HttpRequest, RequestAuth};

use super::*;

#[derive(Debug)]
pub(super) struct Graph;

paper_connector! { Graph {
    async fn discover(&self, _: DiscoverRequest) -> Result<Catalog> {
        Ok(Catalog::new(vec![Entity::new("driveItems", "Files")]))
    }

    fn read(&self, _: ReadRequest) -> Result<BatchStream> {
        let left = Change::Delete(Deletion::new("f1").with_scope(DeletionScope::Partition));
        let link = "https://graph.microsoft.com/v1.0/drives/d1/delta?token=abc";
        let batch = Batch::new("driveItems", vec![left], State::new(1, link)?);
        Ok(batches(vec![batch.with_partition(Some("folder-1".into())).with_end(PassEnd::Complete)]))
    }

    async fn content(&self, request: ContentRequest) -> Result<Content> {
        // The download address is signed already: the credential must not go there.
        let download = HttpRequest::get("https://cdn.example.test/f1?sig=x".parse().unwrap());
        let download = download.with_auth(RequestAuth::None);
        assert_eq!(download.auth(), RequestAuth::None);
        let rest = Bytes::from_static(b"hello").slice(request.offset as usize..);
        Ok(Content::new(Box::pin(stream::iter([Ok(rest)]))))
    }

    async fn subscriptions(&self, request: SubscriptionsRequest) -> Result<Subscriptions> {
        Ok(Subscriptions::new(match request {
            SubscriptionsRequest::Renew { before, .. } => {
                vec![Subscription::new("sub-1").with_ends_at(before + chrono::Duration::days(2))]
            }
            _ => Vec::new(),
        }))
    }
} }

#[tokio::test]
async fn a_broken_download_resumes() {
    let request = ContentRequest::new("driveItems", "f1").with_range(2, None);
    let content = Graph.content(request).await.unwrap();
    let bytes: Vec<_> = content.bytes.map(|chunk| chunk.unwrap()).collect().await;
    assert_eq!(bytes.concat(), b"llo");
    let renew = SubscriptionsRequest::renew(chrono::DateTime::UNIX_EPOCH);
    assert_eq!(Graph.subscriptions(renew).await.unwrap().active.len(), 1);
}
