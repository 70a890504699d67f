#![doc = include_str!("../README.md")]

mod answer;
mod basic;
mod call;
mod guard;
mod head;
mod keys;
mod names;
mod offset;
mod page;
mod path_token;
mod refuse;
mod stream;
mod time_form;
mod typed;
mod walk;
mod watermark;
mod write;

pub use answer::{excerpt, failure, is_html, on_entity, web_page};
pub use basic::is_basic;
pub use call::Call;
pub use guard::TokenGuard;
pub use head::{HeadFlag, HeadKey, HeadText};
pub use keys::KeyChunks;
pub use names::nearest;
pub use offset::{Offset, PageStep};
pub use page::{Envelope, Records, parse_page};
pub use path_token::path_token;
pub use refuse::refuse_partition;
pub use stream::{Budget, batches};
pub use typed::{records_as, typed};
pub use walk::{HeadJson, JsonPath, Page, PageLayout, PageRecord, RecordFault};
pub use watermark::{MaxWatermark, Watermark, instant};
pub use write::{Done, outcome_of, outcomes};
