//! Lines of standard input, in bounded pieces. A piece holds what is there already, so that a program on the other side
//! of the pipe gets an answer to each line before it has to write the next.

use std::io::{BufRead, BufReader, Read};

use tieline::{Error, ErrorKind, Result};
use tokio::sync::mpsc;

use crate::encoding::{self, mark_len};

/// The most bytes of a line.
pub(crate) const LONGEST_LINE: usize = 8 << 20;
const BUFFER: usize = 64 << 10;
/// The most lines of a piece.
const LINES: usize = 50;

/// A line with its number, counted from 1.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Numbered {
    pub(crate) number: u64,
    pub(crate) content: Content,
}

#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Content {
    /// Without its line end.
    Line(Vec<u8>),
    /// Longer than any operation; its bytes are dropped.
    TooLong,
}

type Piece = std::io::Result<Vec<Numbered>>;

/// Reads standard input on a thread of its own, which may wait for ever without holding anything up.
pub(crate) fn pieces() -> mpsc::Receiver<Piece> {
    let (send, receive) = mpsc::channel(1);
    std::thread::spawn(move || {
        let mut input = Input::new(std::io::stdin());
        while let Some(piece) = input.piece().transpose() {
            let failed = piece.is_err();
            if send.blocking_send(piece).is_err() || failed {
                break;
            }
        }
    });
    receive
}

/// Why a line is no operation that is longer than any.
pub(crate) fn too_long(number: u64) -> Error {
    Error::new(ErrorKind::Rejected, format!("line {number} is longer than {LONGEST_LINE} bytes"))
        .with_advice("write one operation on each line; nothing was sent for this one")
}

/// All of standard input as text, up to `largest` bytes, without the byte order mark before it.
pub(crate) fn whole(largest: u64) -> Result<String> {
    let cannot = |why: &str| Error::new(ErrorKind::Config, format!("standard input {why}"));
    let mut bytes = Vec::new();
    let read = std::io::stdin().lock().take(largest.saturating_add(1)).read_to_end(&mut bytes);
    read.map_err(|error| cannot("cannot be read").with_source(error))?;
    if bytes.len() as u64 > largest {
        return Err(cannot(&format!("is larger than {largest} bytes")).with_advice("give less at once"));
    }
    if encoding::is_utf16(&bytes) {
        return Err(cannot(encoding::UTF16).with_advice(encoding::UTF16_ADVICE));
    }
    bytes.drain(..mark_len(&bytes));
    String::from_utf8(bytes).map_err(|_| cannot("is not UTF-8"))
}

struct Input<R> {
    reader: BufReader<R>,
    number: u64,
}

impl<R: Read> Input<R> {
    fn new(reader: R) -> Self {
        Self { reader: BufReader::with_capacity(BUFFER, reader), number: 0 }
    }

    /// Waits for a line, then takes those that have arrived with it. `None` at the end. Blank lines are passed over.
    fn piece(&mut self) -> std::io::Result<Option<Vec<Numbered>>> {
        let mut piece = Vec::new();
        while let Some(content) = self.line()? {
            self.number += 1;
            let blank = matches!(&content, Content::Line(line) if line.iter().all(u8::is_ascii_whitespace));
            if !blank {
                piece.push(Numbered { number: self.number, content });
            }
            let more = self.reader.buffer().contains(&b'\n') && piece.len() < LINES;
            if !more && !piece.is_empty() {
                break;
            }
        }
        Ok((!piece.is_empty()).then_some(piece))
    }

    fn line(&mut self) -> std::io::Result<Option<Content>> {
        let mut line = Vec::new();
        let mut too_long = false;
        let mut any = false;
        loop {
            let arrived = match self.reader.fill_buf() {
                Ok(arrived) => arrived,
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            if arrived.is_empty() {
                if !any {
                    return Ok(None);
                }
                break;
            }
            any = true;
            let end = arrived.iter().position(|byte| *byte == b'\n');
            let taken = end.unwrap_or(arrived.len());
            if line.len() + taken > LONGEST_LINE {
                too_long = true;
                line = Vec::new();
            }
            if !too_long {
                line.extend(arrived.iter().take(taken));
            }
            self.reader.consume(end.map_or(taken, |end| end + 1));
            if end.is_some() {
                break;
            }
        }
        if self.number == 0 {
            line.drain(..mark_len(&line));
        }
        Ok(Some(if too_long { Content::TooLong } else { Content::Line(line) }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(input: impl Read) -> Vec<Vec<Numbered>> {
        let mut input = Input::new(input);
        std::iter::from_fn(|| input.piece().unwrap()).collect()
    }

    #[test]
    fn lines_are_counted_and_blank_ones_passed_over() {
        let pieces = all(&b"a\n\n \r\nb\nc"[..]);
        let numbers: Vec<u64> = pieces.iter().flatten().map(|line| line.number).collect();
        assert_eq!(numbers, [1, 4, 5]);
        assert!(all(&b""[..]).is_empty());
        assert!(all(&b"\n\n"[..]).is_empty());
    }

    #[test]
    fn a_byte_order_mark_before_the_first_line_is_passed_over() {
        let lines: Vec<Numbered> = all(&b"\xef\xbb\xbfa\n\xef\xbb\xbfb"[..]).into_iter().flatten().collect();
        let texts: Vec<&Content> = lines.iter().map(|line| &line.content).collect();
        let (first, second) = (Content::Line(b"a".to_vec()), Content::Line(b"\xef\xbb\xbfb".to_vec()));
        assert_eq!(texts, [&first, &second], "in the middle it is part of the text");
    }

    #[test]
    fn a_piece_is_bounded_and_does_not_wait_for_more() {
        let many = "x\n".repeat(120);
        let sizes: Vec<usize> = all(many.as_bytes()).iter().map(Vec::len).collect();
        assert_eq!(sizes, [50, 50, 20]);
        // Two arrivals, the second of which begins in the middle of a line.
        let arrivals = (&b"a\nb"[..]).chain(&b"c\nd\n"[..]);
        let sizes: Vec<usize> = all(arrivals).iter().map(Vec::len).collect();
        assert_eq!(sizes, [1, 2]);
    }

    #[test]
    fn a_line_that_is_too_long_is_not_kept() {
        let long = std::io::repeat(b'x').take(LONGEST_LINE as u64 + 1).chain(&b"\nb\n"[..]);
        let lines: Vec<Numbered> = all(long).into_iter().flatten().collect();
        assert_eq!(lines[0], Numbered { number: 1, content: Content::TooLong });
        assert_eq!(lines[1], Numbered { number: 2, content: Content::Line(b"b".to_vec()) });
        let longest = std::io::repeat(b'x').take(LONGEST_LINE as u64);
        assert!(matches!(&all(longest)[0][0].content, Content::Line(line) if line.len() == LONGEST_LINE));
    }
}
