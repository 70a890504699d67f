//! JSON lines on standard output: one write into the buffer per line, flushed where a promise depends on it.

use std::io::{BufWriter, StdoutLock, Write};

use serde::Serialize;

use crate::failure::{Failure, Outcome};

const BUFFER: usize = 64 << 10;

/// Lines of JSON.
#[derive(Debug)]
pub(crate) struct Lines<W: Write> {
    out: BufWriter<W>,
    line: Line,
}

/// Standard output, held for the whole command.
pub(crate) fn stdout() -> Lines<StdoutLock<'static>> {
    Lines::new(std::io::stdout().lock())
}

impl<W: Write> Lines<W> {
    pub(crate) fn new(out: W) -> Self {
        Self { out: BufWriter::with_capacity(BUFFER, out), line: Line::default() }
    }

    /// Writes one line.
    pub(crate) fn put(&mut self, members: impl FnOnce(&mut Line)) -> Outcome {
        self.line.restart();
        members(&mut self.line);
        self.out.write_all(self.line.finish()).map_err(Failure::output)
    }

    /// Writes a text as it is.
    pub(crate) fn text(&mut self, text: &str) -> Outcome {
        self.bytes(text.as_bytes())
    }

    /// Writes bytes as they are.
    pub(crate) fn bytes(&mut self, bytes: &[u8]) -> Outcome {
        self.out.write_all(bytes).map_err(Failure::output)
    }

    /// Writes a value as one line.
    pub(crate) fn value(&mut self, value: &impl Serialize) -> Outcome {
        serde_json::to_writer(&mut self.out, value).map_err(|error| Failure::output(error.into()))?;
        self.text("\n")
    }

    /// Hands everything over to whoever reads. What was written before is theirs afterwards.
    pub(crate) fn flush(&mut self) -> Outcome {
        self.out.flush().map_err(Failure::output)
    }
}

/// The members of one JSON object, in the order in which they are added.
#[derive(Debug, Default)]
pub(crate) struct Line(Vec<u8>);

impl Line {
    /// A line on its own, with its line end.
    pub(crate) fn of(members: impl FnOnce(&mut Self)) -> Vec<u8> {
        let mut line = Self::default();
        line.restart();
        members(&mut line);
        line.finish();
        line.0
    }

    fn restart(&mut self) {
        self.0.clear();
        // One record of many megabytes must not hold its memory for ever.
        self.0.shrink_to(1 << 20);
        self.0.push(b'{');
    }

    fn finish(&mut self) -> &[u8] {
        self.0.extend_from_slice(b"}\n");
        &self.0
    }

    fn name(&mut self, name: &'static str) {
        if self.0.len() > 1 {
            self.0.push(b',');
        }
        self.0.push(b'"');
        self.0.extend_from_slice(name.as_bytes());
        self.0.extend_from_slice(b"\":");
    }

    /// Adds a text.
    pub(crate) fn text(&mut self, name: &'static str, value: impl AsRef<str>) -> &mut Self {
        self.json(name, value.as_ref())
    }

    /// Adds a text where there is one.
    pub(crate) fn maybe(&mut self, name: &'static str, value: Option<impl AsRef<str>>) -> &mut Self {
        match value {
            Some(value) => self.text(name, value),
            None => self,
        }
    }

    /// Adds a value.
    pub(crate) fn json<T: Serialize + ?Sized>(&mut self, name: &'static str, value: &T) -> &mut Self {
        self.name(name);
        let start = self.0.len();
        if serde_json::to_writer(&mut self.0, value).is_err() {
            self.0.truncate(start);
            self.0.extend_from_slice(b"null");
        }
        self
    }

    /// Adds a JSON text digit for digit. Line ends can only stand between its tokens, and become spaces.
    pub(crate) fn raw(&mut self, name: &'static str, json: &str) -> &mut Self {
        self.name(name);
        let start = self.0.len();
        self.0.extend_from_slice(json.as_bytes());
        for byte in self.0.iter_mut().skip(start) {
            if matches!(byte, b'\n' | b'\r') {
                *byte = b' ';
            }
        }
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_stays_on_its_line_and_keeps_its_digits() {
        let mut lines = Lines::new(Vec::new());
        let record = "{\r\n  \"value\": 12345678901234567.8900,\n  \"title\": \"a\\nb\"\n}";
        lines
            .put(|line| _ = line.text("key", "a\"\u{1}").maybe("at", None::<&str>).raw("record", record))
            .unwrap();
        lines.put(|_| ()).unwrap();
        lines.flush().unwrap();
        let text = String::from_utf8(lines.out.into_inner().unwrap()).unwrap();
        let expected = "{\"key\":\"a\\\"\\u0001\",\"record\":{    \"value\": 12345678901234567.8900,   \
                        \"title\": \"a\\nb\" }}\n{}\n";
        assert_eq!(text, expected);
    }

    #[test]
    fn a_reader_that_left_is_no_error() {
        struct Gone;
        impl Write for Gone {
            fn write(&mut self, _: &[u8]) -> std::io::Result<usize> {
                Err(std::io::ErrorKind::BrokenPipe.into())
            }
            fn flush(&mut self) -> std::io::Result<()> {
                Ok(())
            }
        }
        let mut lines = Lines::new(Gone);
        lines.put(|line| _ = line.text("type", "upsert")).unwrap();
        assert!(matches!(lines.flush(), Err(Failure::Closed)));
    }
}
