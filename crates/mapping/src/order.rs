//! The order in which the members of an object came before.

use crate::scan::Scanner;

/// The members of an object as they were written once. Most providers write every record in one order, so that comparing
/// a member with the one that came here before spares reading its name.
#[derive(Debug, Default)]
pub(crate) struct Order {
    members: Vec<Member>,
}

#[derive(Debug)]
pub(crate) struct Member {
    /// From the name's first quote to its colon.
    text: Box<str>,
    /// Its place among the children, if it is one.
    pub(crate) child: Option<usize>,
}

/// As many members of an object are kept in their order.
const MEMBERS: usize = 512;
/// Longer names are not kept.
const LONGEST: usize = 128;
/// So many members may be left out in a row before names are read again.
const AHEAD: usize = 4;

impl Order {
    /// The member that comes next, which is looked for from `at`.
    #[inline]
    pub(crate) fn next(&self, scanner: &mut Scanner<'_>, at: &mut usize) -> Option<&Member> {
        let ahead = self.members.get(*at..)?.iter().take(AHEAD);
        let (skipped, member) = ahead.enumerate().find(|(_, member)| scanner.take_text(&member.text))?;
        *at += skipped + 1;
        Some(member)
    }

    /// The place behind this child's.
    pub(crate) fn behind(&self, child: usize) -> Option<usize> {
        self.members.iter().position(|member| member.child == Some(child)).map(|at| at + 1)
    }

    /// Keeps one more member.
    pub(crate) fn note(&mut self, text: &str, child: Option<usize>) {
        if self.members.len() < MEMBERS && text.len() <= LONGEST {
            self.members.push(Member { text: text.into(), child });
        }
    }
}
