use std::collections::VecDeque;
use std::hash::{BuildHasher, RandomState};
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use futures_core::Stream;

use super::{Body, BodyStream, StreamedBody};
use crate::{Error, ErrorKind, Result};

/// Builds a body in `multipart/form-data` (RFC 7578). Files are streamed: nothing of a [`StreamedBody`] is kept in
/// memory, and the body can be sent again when all of its files can.
///
/// ```
/// use tieline_core::http::Multipart;
///
/// let body = Multipart::new()
///     .text("folder", "invoices")
///     .file("file", "march.pdf", "application/pdf", "%PDF-1.7".as_bytes())
///     .build()?;
/// assert!(body.content_type().unwrap_or_default().starts_with("multipart/form-data; boundary="));
/// # Ok::<(), tieline_core::Error>(())
/// ```
#[derive(Debug)]
#[must_use]
pub struct Multipart {
    kind: &'static str,
    parts: Vec<Part>,
    failure: Option<Error>,
}

#[derive(Debug)]
struct Part {
    head: String,
    content: FileContent,
}

/// The content of a file in a [`Multipart`] body: bytes, or a stream.
#[derive(Clone, Debug)]
pub struct FileContent(Content);

#[derive(Clone, Debug)]
enum Content {
    Bytes(Bytes),
    Stream(StreamedBody),
}

impl<T: Into<Bytes>> From<T> for FileContent {
    fn from(bytes: T) -> Self {
        Self(Content::Bytes(bytes.into()))
    }
}

impl FileContent {
    /// A content that is produced while it is sent.
    pub fn streamed(stream: StreamedBody) -> Self {
        Self(Content::Stream(stream))
    }

    fn length(&self) -> Option<u64> {
        match &self.0 {
            Content::Bytes(bytes) => u64::try_from(bytes.len()).ok(),
            Content::Stream(stream) => stream.length(),
        }
    }

    fn segment(&self) -> Result<Segment> {
        Ok(match &self.0 {
            Content::Bytes(bytes) => Segment::Bytes(bytes.clone()),
            Content::Stream(stream) => match stream.open()?.into_parts() {
                Ok(bytes) => Segment::Bytes(bytes),
                Err(stream) => Segment::Stream(stream),
            },
        })
    }
}

impl Default for Multipart {
    fn default() -> Self {
        Self { kind: "form-data", parts: Vec::new(), failure: None }
    }
}

impl Multipart {
    /// A form without parts.
    pub fn new() -> Self {
        Self::default()
    }

    /// A `multipart/related` body (RFC 2387), whose parts have a media type and no name: metadata and a file in one
    /// request, as Google's uploads take them. Add its parts with [`part`](Self::part).
    pub fn related() -> Self {
        Self { kind: "related", ..Self::default() }
    }

    /// Adds a field of text.
    pub fn text(self, name: &str, value: impl Into<String>) -> Self {
        let head = format!("Content-Disposition: form-data; name=\"{}\"\r\n", quoted(name));
        self.push(head, value.into().into())
    }

    /// Adds a file with its name and media type.
    pub fn file(
        self,
        name: &str,
        file_name: &str,
        media_type: &str,
        content: impl Into<FileContent>,
    ) -> Self {
        let head = format!(
            "Content-Disposition: form-data; name=\"{}\"; filename=\"{}\"\r\n",
            quoted(name),
            quoted(file_name)
        );
        self.typed(head, media_type, content.into())
    }

    /// Adds a part that has a media type and no name.
    pub fn part(self, media_type: &str, content: impl Into<FileContent>) -> Self {
        self.typed(String::new(), media_type, content.into())
    }

    /// Returns the body.
    ///
    /// # Errors
    ///
    /// `Config` for a media type that a header cannot carry.
    pub fn build(self) -> Result<Body> {
        if let Some(failure) = self.failure {
            return Err(failure);
        }
        let boundary = boundary();
        let content_type = format!("multipart/{}; boundary={boundary}", self.kind);
        let mut pieces: Vec<FileContent> = Vec::with_capacity(self.parts.len() * 2 + 1);
        let mut before = format!("--{boundary}\r\n");
        for part in self.parts {
            before.push_str(&part.head);
            before.push_str("\r\n");
            pieces.push(before.into());
            pieces.push(part.content);
            before = format!("\r\n--{boundary}\r\n");
        }
        let end = match before.strip_suffix("\r\n") {
            Some(line) => format!("{line}--\r\n"),
            None => before,
        };
        pieces.push(end.into());

        if pieces.iter().all(|piece| matches!(piece.0, Content::Bytes(_))) {
            let mut whole = Vec::new();
            for piece in &pieces {
                if let Content::Bytes(bytes) = &piece.0 {
                    whole.extend_from_slice(bytes);
                }
            }
            return Ok(Body::from(whole).with_content_type(content_type));
        }
        let length = pieces.iter().try_fold(0_u64, |sum, piece| sum.checked_add(piece.length()?));
        let once = pieces.iter().any(|piece| matches!(&piece.0, Content::Stream(stream) if stream.is_once()));
        let stream = if once {
            StreamedBody::once(length, chain(&pieces)?)
        } else {
            StreamedBody::replayable(length, move || chain(&pieces))
        };
        Ok(Body::from(stream).with_content_type(content_type))
    }

    fn typed(mut self, mut head: String, media_type: &str, content: FileContent) -> Self {
        if media_type.is_empty() || media_type.chars().any(char::is_control) {
            self.failure = Some(Error::new(ErrorKind::Config, "the media type of a part is not one"));
            return self;
        }
        head.push_str("Content-Type: ");
        head.push_str(media_type);
        head.push_str("\r\n");
        self.push(head, content)
    }

    fn push(mut self, head: String, content: FileContent) -> Self {
        self.parts.push(Part { head, content });
        self
    }
}

/// Escapes a name as browsers do: quotes and line ends in percent.
fn quoted(name: &str) -> String {
    let mut escaped = String::with_capacity(name.len());
    for c in name.chars() {
        match c {
            '"' => escaped.push_str("%22"),
            '\r' => escaped.push_str("%0D"),
            '\n' => escaped.push_str("%0A"),
            c if c.is_control() => escaped.push('_'),
            c => escaped.push(c),
        }
    }
    escaped
}

/// 128 random bits: no content holds them by chance.
fn boundary() -> String {
    let random = || RandomState::new().hash_one(0_u8);
    format!("tieline-{:016x}{:016x}", random(), random())
}

enum Segment {
    Bytes(Bytes),
    Stream(BodyStream),
}

fn chain(pieces: &[FileContent]) -> Result<BodyStream> {
    let segments = pieces.iter().map(FileContent::segment).collect::<Result<_>>()?;
    Ok(Box::pin(Chain(segments)))
}

/// Segments, one after another.
struct Chain(VecDeque<Segment>);

impl Stream for Chain {
    type Item = Result<Bytes>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        loop {
            match self.0.front_mut() {
                None => return Poll::Ready(None),
                Some(Segment::Bytes(bytes)) => {
                    let bytes = std::mem::take(bytes);
                    self.0.pop_front();
                    return Poll::Ready(Some(Ok(bytes)));
                }
                Some(Segment::Stream(stream)) => match stream.as_mut().poll_next(context) {
                    Poll::Ready(None) => {
                        self.0.pop_front();
                    }
                    Poll::Ready(Some(Err(error))) => {
                        self.0.clear();
                        return Poll::Ready(Some(Err(error)));
                    }
                    other => return other,
                },
            }
        }
    }
}
