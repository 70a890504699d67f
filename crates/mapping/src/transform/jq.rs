//! jq programs.

use super::{Refused, Transform};

pub(super) fn compile(_: &str) -> Result<Box<dyn Transform>, Refused> {
    Err(Refused::new("", "jq is not built in").advise("build tieline-mapping with its feature jq"))
}
