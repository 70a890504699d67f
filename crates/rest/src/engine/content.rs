//! The bytes of a file, streamed. A redirect to storage is followed without the credential.

use http::Method;
use tieline_core::http::Redirects;
use tieline_core::{Content, ContentRequest, Error, Result};

use super::client::Client;
use super::lookup::key_words;
use super::partitions::parents_of;
use super::plan::entity;

pub(crate) async fn content(client: &Client, request: ContentRequest) -> Result<Content> {
    let found = entity(&client.description, request.entity.as_str())?;
    let variant = request.variant.as_ref().map_or("", |variant| variant.as_str());
    let asked = found.content.iter().find(|(name, _)| name == variant).map(|(_, request)| request);
    let asked = asked.ok_or_else(|| {
        let error = Error::unsupported(format!("file content of {}", request.entity));
        let known: Vec<&str> =
            found.content.iter().map(|(name, _)| name.as_str()).filter(|name| !name.is_empty()).collect();
        if known.is_empty() {
            error
        } else {
            error.with_advice(format!("there are the variants {}", known.join(", ")))
        }
    })?;
    let mut words = client.words();
    if let Some(partition) = &request.partition {
        words.parents = parents_of(partition.as_str());
    }
    key_words(found, &request.key, &mut words)?;
    let mut built = client.build(asked, &words, true)?.with_range(request.offset, request.length);
    if matches!(*built.method(), Method::GET | Method::HEAD) {
        built = built.with_redirects(Redirects::FollowWithoutCredential);
    }
    client.open(built).await?.into_content(request.offset, request.length)
}
