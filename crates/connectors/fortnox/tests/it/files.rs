//! The SIE export.

use bytes::BytesMut;
use futures_util::TryStreamExt;
use tieline_core::{Connector, ContentRequest, ErrorKind};

use crate::common::*;

const SIE: &str = "#FLAGGA 0\r\n#FORMAT PC8\r\n#SIETYP 4\r\n";

#[tokio::test(start_paused = true)]
async fn a_year_is_exported_whole_or_from_a_byte_on() {
    let (transport, books) = answering(|_| (200, SIE.to_owned()));
    for (key, offset, path) in [
        ("5", 0, "GET /3/sie/4?financialyear=5"),
        ("5/1", 11, "GET /3/sie/1?financialyear=5"),
        ("5/4", 4000, "GET /3/sie/4?financialyear=5"),
    ] {
        let mut request = ContentRequest::new("financialyears", key);
        request.offset = offset;
        let content = books.content(request).await.unwrap();
        assert_eq!(content.length, Some(SIE.len() as u64));
        let bytes: BytesMut = content.bytes.try_collect().await.unwrap();
        assert_eq!(bytes, SIE.as_bytes()[SIE.len().min(offset as usize)..]);
        assert_eq!(asked(&transport).last().unwrap(), path);
    }
}

#[tokio::test(start_paused = true)]
async fn what_has_no_file_is_refused_unsent() {
    let (transport, books) = answering(|_| (200, SIE.to_owned()));
    for (entity, key, kind) in [
        ("invoices", "1", ErrorKind::Unsupported),
        ("financialyears", "5/9", ErrorKind::NotFound),
        ("financialyears", "x", ErrorKind::NotFound),
        ("sie", "4", ErrorKind::NotFound),
    ] {
        let error = books.content(ContentRequest::new(entity, key)).await.unwrap_err();
        assert_eq!(error.kind(), kind, "{error}");
        assert!(error.advice().is_some());
    }
    assert!(transport.requests().is_empty());
}
