use tieline_core::{Error, ErrorKind, Result};

use super::path::{JsonPath, Step};

/// How many heads a record, and how many members a page may have.
pub(super) const MAX_SLOTS: usize = 16;
/// No slot, no node.
pub(super) const NONE: u8 = u8::MAX;
/// The slot of the payload, behind those of the heads and of the heads below the payload.
pub(super) const PAYLOAD: u8 = 2 * MAX_SLOTS as u8;
pub(super) const RECORD_SLOTS: usize = 2 * MAX_SLOTS + 1;

/// What a walk looks for: where the records are, which of their members, and which members beside them. Built once,
/// then used for every page.
///
/// ```
/// use tieline_kit::PageLayout;
///
/// let layout = PageLayout::new(&"data".parse()?)
///     .with_head(&"id".parse()?)?
///     .with_head(&"update_time".parse()?)?
///     .with_member(&"/additional_data/next_cursor".parse()?)?;
/// let text = r#"{"data":[{"id":7,"title":"x","update_time":"2026-01-10T08:12:43Z"}],"additional_data":{"next_cursor":"b"}}"#;
/// let mut keys = Vec::new();
/// let page = layout.walk(text, |record| {
///     keys.push((record.head(0).and_then(|id| id.key()), record.text()));
///     Ok(())
/// })?;
/// assert_eq!(keys, [(Some("7".into()), r#"{"id":7,"title":"x","update_time":"2026-01-10T08:12:43Z"}"#)]);
/// assert_eq!(page.member(0).and_then(|next| next.text()).as_deref(), Some("b"));
/// # Ok::<(), tieline_core::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct PageLayout {
    pub(super) nodes: Vec<Node>,
    /// The node below which a record's members are.
    pub(super) record: usize,
    pub(super) path: JsonPath,
    pub(super) single: bool,
    pub(super) members: Vec<JsonPath>,
    heads: Vec<JsonPath>,
    payload: Option<JsonPath>,
}

#[derive(Clone, Debug)]
pub(super) struct Node {
    /// The members that are looked for, and their nodes.
    pub(super) members: Vec<(Box<str>, usize)>,
    /// One bit for each length of a name, so that most names are passed over without a comparison.
    pub(super) lengths: u64,
    /// Where each item or member's value leads.
    pub(super) each: Option<usize>,
    /// Where the text of this value goes.
    pub(super) slot: u8,
    /// Whether the records are here.
    pub(super) is_records: bool,
    /// Whether the records are below.
    pub(super) leads: bool,
}

impl Node {
    const EMPTY: Self =
        Self { members: Vec::new(), lengths: 0, each: None, slot: NONE, is_records: false, leads: false };

    #[inline]
    pub(super) fn child(&self, name: &[u8]) -> Option<(usize, usize)> {
        if self.lengths & 1 << (name.len() & 63) == 0 {
            return None;
        }
        let found = self.members.iter().enumerate().find(|(_, (member, _))| member.as_bytes() == name);
        found.map(|(index, (_, node))| (index, *node))
    }
}

impl PageLayout {
    /// Records at a path: the items of the list there. At a path with `*`, also each object there.
    pub fn new(records: &JsonPath) -> Self {
        let mut layout = Self {
            nodes: vec![Node::EMPTY],
            record: 0,
            path: records.clone(),
            single: false,
            members: Vec::new(),
            heads: Vec::new(),
            payload: None,
        };
        let at = layout.grow(0, records, true);
        if let Some(node) = layout.nodes.get_mut(at) {
            node.is_records = true;
        }
        layout.record = layout.add();
        layout
    }

    /// Takes an object in the place of the list as one record.
    #[must_use]
    pub fn or_one(mut self) -> Self {
        self.single = true;
        self
    }

    /// A record's own text is at this path below it, while its heads are looked for at the record first, then below this
    /// path.
    ///
    /// # Errors
    /// `Config` for a path with `*`.
    pub fn with_payload(mut self, payload: &JsonPath) -> Result<Self> {
        single(payload)?;
        let at = self.grow(self.record, payload, false);
        if let Some(node) = self.nodes.get_mut(at) {
            node.slot = PAYLOAD;
        }
        self.payload = Some(payload.clone());
        for (slot, head) in self.heads.clone().iter().enumerate() {
            self.mark(self.record, &payload.join(head), MAX_SLOTS + slot);
        }
        Ok(self)
    }

    /// Adds a head: a member of each record. Heads are numbered from 0 in the order in which they are added; one that is
    /// there already keeps its number, see [`head_at`](Self::head_at).
    ///
    /// # Errors
    /// `Config` for a path with `*`, and for more than 16 heads.
    pub fn with_head(mut self, head: &JsonPath) -> Result<Self> {
        if self.head_at(head).is_some() {
            return Ok(self);
        }
        single(head)?;
        let slot = self.heads.len();
        if slot == MAX_SLOTS {
            let message = format!("more than {MAX_SLOTS} members of each record are looked for");
            return Err(Error::new(ErrorKind::Config, message));
        }
        self.mark(self.record, head, slot);
        if let Some(payload) = &self.payload {
            let below = payload.join(head);
            self.mark(self.record, &below, MAX_SLOTS + slot);
        }
        self.heads.push(head.clone());
        Ok(self)
    }

    /// Adds a member of the page beside the records, before or after them, numbered like heads.
    ///
    /// # Errors
    /// `Config` for a path with `*`, for one that leads into the records, and for more than 16 of them.
    pub fn with_member(mut self, member: &JsonPath) -> Result<Self> {
        if self.members.contains(member) {
            return Ok(self);
        }
        single(member)?;
        let inside = member.0.get(..self.path.0.len()).is_some_and(|start| *start == *self.path.0);
        let slot = self.members.len();
        if slot == MAX_SLOTS || inside {
            let message = if inside {
                format!("{member} is not beside the records at \"{}\"", self.path)
            } else {
                format!("more than {MAX_SLOTS} members beside the records are looked for")
            };
            return Err(Error::new(ErrorKind::Config, message));
        }
        self.mark(0, member, slot);
        self.members.push(member.clone());
        Ok(self)
    }

    /// The number of a head.
    pub fn head_at(&self, head: &JsonPath) -> Option<usize> {
        self.heads.iter().position(|known| known == head)
    }

    /// The number of a member beside the records.
    pub fn member_at(&self, member: &JsonPath) -> Option<usize> {
        self.members.iter().position(|known| known == member)
    }

    /// Where the records are.
    pub fn records(&self) -> &JsonPath {
        &self.path
    }

    pub(super) fn has_payload(&self) -> bool {
        self.payload.is_some()
    }

    fn mark(&mut self, from: usize, path: &JsonPath, slot: usize) {
        let at = self.grow(from, path, false);
        if let (Some(node), Ok(slot)) = (self.nodes.get_mut(at), u8::try_from(slot)) {
            node.slot = slot;
        }
    }

    fn add(&mut self) -> usize {
        self.nodes.push(Node::EMPTY);
        self.nodes.len() - 1
    }

    /// The node at a path, made where it is not there yet.
    fn grow(&mut self, from: usize, path: &JsonPath, leads: bool) -> usize {
        let mut at = from;
        for step in &path.0 {
            let Some(node) = self.nodes.get_mut(at) else { return at };
            node.leads |= leads;
            let known = match step {
                Step::Each => node.each,
                Step::Member(name) => node.child(name.as_bytes()).map(|(_, node)| node),
            };
            at = match known {
                Some(known) => known,
                None => {
                    let new = self.add();
                    if let Some(node) = self.nodes.get_mut(at) {
                        match step {
                            Step::Each => node.each = Some(new),
                            Step::Member(name) => {
                                node.lengths |= 1 << (name.len() & 63);
                                node.members.push((name.clone(), new));
                            }
                        }
                    }
                    new
                }
            };
        }
        if let Some(node) = self.nodes.get_mut(at) {
            node.leads |= leads;
        }
        at
    }
}

fn single(path: &JsonPath) -> Result<()> {
    if path.has_each() {
        return Err(Error::new(
            ErrorKind::Config,
            format!("{path} stands for several places, and one is needed"),
        ));
    }
    Ok(())
}
