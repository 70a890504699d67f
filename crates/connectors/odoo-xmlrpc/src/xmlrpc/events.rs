//! quick-xml's events reduced to what XML-RPC has.

use std::borrow::Cow;
use std::io::BufRead as _;

use quick_xml::Reader;
use quick_xml::errors::SyntaxError;
use quick_xml::events::{BytesDecl, BytesStart, Event};
use tieline_core::{Error, ErrorKind, Result};

use super::MAX_BYTES;
use super::text::{is_space, reference};

/// A web page, JSON, a proxy's words.
pub(super) const SOMETHING_ELSE: &str = "is something else: it does not begin with <methodResponse>";

/// Tags are well nested by the reader's own check, so that a close needs no name.
#[derive(Debug)]
pub(super) enum Token<'a> {
    Open(Tag),
    Close,
    /// Character data without references.
    Text(Cow<'a, str>),
    Cdata(Cow<'a, str>),
    /// A reference's character.
    Char(char),
    End,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tag {
    MethodResponse,
    Params,
    Param,
    Fault,
    Value,
    Struct,
    Member,
    Name,
    Array,
    Data,
    Integer,
    Boolean,
    Double,
    String,
    DateTime,
    Base64,
    Nil,
    Other,
}

pub(super) struct Events<'a> {
    text: &'a str,
    reader: Reader<&'a [u8]>,
    /// Where the last token began.
    at: usize,
    /// Bytes of a byte order mark before the text.
    mark: usize,
    /// An empty element was opened and is yet to be closed.
    closing: bool,
    /// An element was seen, so that a declaration comes too late.
    begun: bool,
}

impl<'a> Events<'a> {
    pub(super) fn new(answer: &'a [u8]) -> Result<Self> {
        if answer.len() > MAX_BYTES {
            return Err(broken("is longer than is read", MAX_BYTES));
        }
        let text = simdutf8::compat::from_utf8(answer)
            .map_err(|error| broken("is not UTF-8", error.valid_up_to()))?;
        let (text, mark) = match text.strip_prefix('\u{feff}') {
            Some(rest) => (rest, '\u{feff}'.len_utf8()),
            None => (text, 0),
        };
        Ok(Self { text, reader: Reader::from_str(text), at: 0, mark, closing: false, begun: false })
    }

    pub(super) fn next(&mut self) -> Result<Token<'a>> {
        if std::mem::take(&mut self.closing) {
            return Ok(Token::Close);
        }
        loop {
            self.at = self.position();
            let event = match self.reader.read_event() {
                Ok(event) => event,
                Err(error) => return Err(self.not_xml(&error)),
            };
            return Ok(match event {
                Event::Start(start) => self.open(&start),
                Event::Empty(start) => {
                    self.closing = true;
                    self.open(&start)
                }
                Event::End(_) => Token::Close,
                Event::Text(text) => Token::Text(text.into_inner()),
                Event::CData(text) => Token::Cdata(text.into_inner()),
                Event::GeneralRef(name) => match reference(&name) {
                    Some(c) => Token::Char(c),
                    None => return Err(self.error("has a reference that XML does not define")),
                },
                Event::Decl(declaration) => {
                    self.declaration(&declaration)?;
                    continue;
                }
                Event::Comment(_) | Event::PI(_) => continue,
                Event::DocType(_) => {
                    return Err(self.error("has a document type declaration, which is refused"));
                }
                Event::Eof => Token::End,
            });
        }
    }

    fn open(&mut self, start: &BytesStart<'_>) -> Token<'a> {
        self.begun = true;
        let name = start.local_name();
        Token::Open(match name.as_ref() {
            "value" => Tag::Value,
            "string" => Tag::String,
            "int" | "i4" | "i8" | "i1" | "i2" | "biginteger" => Tag::Integer,
            "boolean" => Tag::Boolean,
            "double" | "float" | "bigdecimal" => Tag::Double,
            "name" => Tag::Name,
            "member" => Tag::Member,
            "struct" => Tag::Struct,
            "array" => Tag::Array,
            "data" => Tag::Data,
            "nil" => Tag::Nil,
            "dateTime.iso8601" | "dateTime" => Tag::DateTime,
            "base64" => Tag::Base64,
            "methodResponse" => Tag::MethodResponse,
            "params" => Tag::Params,
            "param" => Tag::Param,
            "fault" => Tag::Fault,
            _ => Tag::Other,
        })
    }

    fn declaration(&self, declaration: &BytesDecl<'_>) -> Result<()> {
        if self.begun {
            return Err(self.error("has an XML declaration in the middle"));
        }
        match declaration.encoding() {
            None => Ok(()),
            Some(Ok(name))
                if ["utf-8", "utf8", "us-ascii"].iter().any(|known| name.eq_ignore_ascii_case(known)) =>
            {
                Ok(())
            }
            Some(_) => Err(self.error("declares another encoding than UTF-8")),
        }
    }

    /// The next tag. Between elements there is nothing but whitespace.
    pub(super) fn tag(&mut self) -> Result<Token<'a>> {
        loop {
            match self.next()? {
                Token::Text(text) if text.chars().all(is_space) => {}
                Token::Text(_) | Token::Cdata(_) | Token::Char(_) => {
                    return Err(self.error(if self.begun {
                        "has text between elements"
                    } else {
                        SOMETHING_ELSE
                    }));
                }
                token => return Ok(token),
            }
        }
    }

    /// The start of an element that must come next.
    pub(super) fn expect(&mut self, tag: Tag) -> Result<()> {
        match self.tag()? {
            Token::Open(found) if found == tag => Ok(()),
            found => Err(self.unexpected(&found)),
        }
    }

    /// The end of the element that is open.
    pub(super) fn close(&mut self) -> Result<()> {
        match self.tag()? {
            Token::Close => Ok(()),
            found => Err(self.unexpected(&found)),
        }
    }

    /// What is still to be read, for a reader that takes whole elements off it; only right after a tag.
    pub(super) fn rest(&self) -> &'a str {
        if self.closing {
            return "";
        }
        self.text.get(self.position()..).unwrap_or_default()
    }

    /// Takes off whole elements, which leaves the reader's nesting as it is.
    pub(super) fn skip(&mut self, bytes: usize) {
        if bytes > 0 {
            self.reader.stream().consume(bytes);
        }
    }

    fn position(&self) -> usize {
        usize::try_from(self.reader.buffer_position()).unwrap_or(usize::MAX)
    }

    /// What is wrong with the last token, and where it began.
    pub(super) fn error(&self, problem: &'static str) -> Error {
        broken(problem, self.at.saturating_add(self.mark))
    }

    /// Another token than XML-RPC has here.
    pub(super) fn unexpected(&self, found: &Token<'_>) -> Error {
        self.error(match found {
            Token::End => "ends in the middle",
            Token::Close => "lacks an element",
            _ => "has an element that XML-RPC does not have there",
        })
    }

    /// The reader's own words may quote content.
    fn not_xml(&self, error: &quick_xml::Error) -> Error {
        match error {
            quick_xml::Error::Syntax(SyntaxError::InvalidBangMarkup) => self.error("is not well-formed XML"),
            quick_xml::Error::Syntax(_) => self.error("ends in the middle"),
            _ => self.error("is not well-formed XML"),
        }
    }
}

fn broken(problem: &'static str, byte: usize) -> Error {
    Error::new(ErrorKind::Decode, format!("the XML-RPC answer {problem}")).with_context("byte", byte)
}
