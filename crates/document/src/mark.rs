/// A place in a file: line and column, counted from one; columns are in characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Mark {
    /// The line.
    pub line: usize,
    /// The column, in characters.
    pub column: usize,
}

/// Bytes between two places whose number of characters is known.
const STRIDE: usize = 256;

/// Finds the mark of any byte of a text without counting from its start each time.
pub(crate) struct Places<'t> {
    text: &'t str,
    /// The byte at which each line begins.
    lines: Vec<usize>,
    /// How many characters begin before each multiple of the stride.
    characters: Vec<usize>,
}

impl<'t> Places<'t> {
    pub(crate) fn new(text: &'t str) -> Self {
        let newlines = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n').map(|(at, _)| at + 1);
        let lines = std::iter::once(0).chain(newlines).collect();
        let mut count = 0;
        let characters = text
            .as_bytes()
            .chunks(STRIDE)
            .map(|chunk| {
                let before = count;
                count += starts(chunk);
                before
            })
            .collect();
        Self { text, lines, characters }
    }

    pub(crate) fn mark(&self, byte: usize) -> Mark {
        let line = self.lines.partition_point(|start| *start <= byte);
        let start = self.lines.get(line.saturating_sub(1)).copied().unwrap_or(0);
        Mark { line, column: 1 + self.characters_before(byte).saturating_sub(self.characters_before(start)) }
    }

    fn characters_before(&self, byte: usize) -> usize {
        let byte = byte.min(self.text.len());
        let stride = byte / STRIDE;
        let rest = self.text.as_bytes().get(stride * STRIDE..byte).unwrap_or_default();
        // At the very end of a text of whole strides there is no entry: count its last stride.
        match self.characters.get(stride) {
            Some(before) => before + starts(rest),
            None => {
                let last = self.characters.len().saturating_sub(1);
                let rest = self.text.as_bytes().get(last * STRIDE..byte).unwrap_or_default();
                self.characters.get(last).copied().unwrap_or(0) + starts(rest)
            }
        }
    }
}

/// How many characters begin in these bytes of UTF-8.
fn starts(bytes: &[u8]) -> usize {
    bytes.iter().filter(|byte| **byte & 0xc0 != 0x80).count()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn marks_agree_with_counting(text in "[a-zåλ😀\n]{0,600}") {
            let places = Places::new(&text);
            for byte in (0..=text.len()).filter(|byte| text.is_char_boundary(*byte)) {
                let before = text.get(..byte).unwrap();
                let line = 1 + before.matches('\n').count();
                let column = 1 + before.rsplit('\n').next().unwrap().chars().count();
                prop_assert_eq!(places.mark(byte), Mark { line, column });
            }
        }
    }
}
