//! The SIE export.

use bytes::BytesMut;
use futures_util::TryStreamExt;
use tieline_core::{Connector, ContentRequest, ErrorKind};

use crate::common::*;

const SIE: &str = "#FLAGGA 0\r\n#FORMAT PC8\r\n#SIETYP 4\r\n";

#[tokio::test(start_paused = true)]
async fn a_year_is_exported_whole_or_from_a_byte_on() {
    let (transport, books) = answering(|_| (200, SIE.to_owned()));
    for (variant, offset, path) in
        [(None, 0, "GET /3/sie/4?financialyear=5"), (Some("type1"), 11, "GET /3/sie/1?financialyear=5")]
    {
        let mut request = ContentRequest::new("financialyears", "5");
        request.variant = variant.map(Into::into);
        request.offset = offset;
        let content = books.content(request).await.unwrap();
        let bytes: BytesMut = content.bytes.try_collect().await.unwrap();
        assert_eq!(bytes, SIE.as_bytes()[SIE.len().min(offset as usize)..]);
        assert_eq!(asked(&transport).last().unwrap(), path);
    }
}

#[tokio::test(start_paused = true)]
async fn what_has_no_file_is_refused_unsent() {
    let (transport, books) = answering(|_| (200, SIE.to_owned()));
    for (entity, key, kind) in [("customers", "1", ErrorKind::Unsupported), ("sie", "4", ErrorKind::NotFound)]
    {
        let error = books.content(ContentRequest::new(entity, key)).await.unwrap_err();
        assert_eq!(error.kind(), kind, "{error}");
    }
    assert!(transport.requests().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_document_is_had_as_pdf_and_its_preview_changes_nothing() {
    let (transport, books) = answering(|_| (200, "%PDF-1.7".to_owned()));
    for entity in ["invoices", "orders", "offers"] {
        for (variant, path) in [(None, "preview"), (Some("print"), "print")] {
            let mut request = ContentRequest::new(entity, "204");
            request.variant = variant.map(Into::into);
            let content = books.content(request).await.unwrap();
            let bytes: BytesMut = content.bytes.try_collect().await.unwrap();
            assert_eq!(&bytes[..], b"%PDF-1.7");
            assert_eq!(*asked(&transport).last().unwrap(), format!("GET /3/{entity}/204/{path}"));
            let accept = transport.requests().last().unwrap().headers()["accept"].clone();
            assert_eq!(accept, "application/pdf");
        }
    }
}
