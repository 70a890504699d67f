use tieline_core::{Error, Result};

use super::layout::{PageLayout, RECORD_SLOTS};
use super::record::{PageRecord, RecordFault};
use super::scan::{ScanError, space};
use super::{HeadWalk, TWICE};
use crate::page::broken;

impl PageLayout {
    /// Walks JSON Lines: one record a line, blank lines aside. The layout's path to the records is not looked at.
    ///
    /// A line that is broken is handed on with its fault. Returns how many records there were.
    ///
    /// # Errors
    /// `Decode` when the last line is broken and does not end with a line feed: the text is cut off. Errors of `each`.
    pub fn walk_lines<'a>(
        &self,
        text: &'a str,
        mut each: impl FnMut(&PageRecord<'_, 'a>) -> Result<()>,
    ) -> Result<usize> {
        let mut count = 0;
        let mut start = if text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
        for whole in text.get(start..).unwrap_or_default().split_inclusive('\n') {
            let line = whole.trim();
            let at = start + (whole.len() - whole.trim_start().len());
            start += whole.len();
            if line.is_empty() {
                continue;
            }
            let mut slots = [None; RECORD_SLOTS];
            let mut walk = HeadWalk { layout: self, text: line, bytes: line.as_bytes(), slots: &mut slots };
            let found = walk.record(self.record, 0);
            let fault = match found {
                Ok((end, None)) if space(line.as_bytes(), end) == line.len() => None,
                Ok((_, Some(byte))) => Some(RecordFault { problem: TWICE, byte: at + byte }),
                Ok((end, None)) => Some(RecordFault { problem: "has text after its end", byte: at + end }),
                Err(ScanError { problem, at: byte }) => Some(RecordFault { problem, byte: at + byte }),
            };
            if let Some(fault) = fault
                && start >= text.len()
                && !whole.ends_with('\n')
            {
                return Err(cut_off(count, fault));
            }
            each(&PageRecord { text: line, slots: &slots, has_payload: self.has_payload(), fault })?;
            count += 1;
        }
        Ok(count)
    }
}

fn cut_off(line: usize, fault: RecordFault) -> Error {
    broken(&format!("line {}", line + 1), fault.problem, fault.byte)
}
