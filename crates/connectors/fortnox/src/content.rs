//! Files: the SIE export of a financial year.

use bytes::Bytes;
use futures_util::stream;
use tieline_core::{Content, ContentRequest, Error, ErrorKind, Result, Text};
use tieline_kit::{Call, excerpt};

use crate::connector::Api;
use crate::endpoints::Endpoint;

/// The most bytes of an export.
const MOST: usize = 256 << 20;
/// The export with every voucher.
const WHOLE: &str = "4";

/// The SIE file of a financial year: of the key `5` with every voucher (type 4), of `5/1` that of type 1. Its text is in
/// code page 437. Fortnox writes it anew each time, so that an offset skips bytes and saves none.
///
/// Source: <https://apps.fortnox.se/apidocs#tag/fortnox_SIE>.
pub(crate) async fn content(api: &Api, request: &ContentRequest) -> Result<Content> {
    let endpoint = Endpoint::named(request.entity.as_str())?;
    let about = |error: Error| error.with_context("entity", endpoint.name);
    if endpoint.name != "financialyears" {
        let error = Error::unsupported(format!("reading files of Fortnox {}", endpoint.name));
        return Err(about(error.with_advice("financialyears have one: the SIE export")));
    }
    let key = request.key.as_str();
    let (year, kind) = key.split_once('/').unwrap_or((key, WHOLE));
    let fits = !year.is_empty() && year.bytes().all(|byte| byte.is_ascii_digit());
    if !fits || !matches!(kind, "1" | "2" | "3" | "4") {
        let shown = excerpt(key, 64);
        let error =
            Error::new(ErrorKind::NotFound, format!("{shown:?} is no SIE export of a financial year"));
        return Err(about(error.with_advice("give the id of a year such as 5, or 5/1 for the SIE type 1")));
    }
    let call = Call::get("/3/sie/{Type}").value(kind).query("financialyear", year);
    let answer = api.send_file(call, MOST).await.map_err(about)?;
    let length = u64::try_from(answer.body.len()).unwrap_or(u64::MAX);
    let begin = usize::try_from(request.offset.min(length)).unwrap_or(answer.body.len());
    let bytes: Bytes = answer.body.slice(begin..);
    let mut content = Content::new(Box::pin(stream::iter([Ok(bytes)])));
    content.media_type = Some(Text::new(answer.header("content-type").unwrap_or("text/plain")));
    content.length = Some(length);
    Ok(content)
}
