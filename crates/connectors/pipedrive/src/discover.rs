//! What the account offers.

use tieline_core::{Catalog, DiscoverRequest, Error, ReadRequest, Result};

use crate::connector::Api;
use crate::endpoints::Endpoint;

pub(crate) async fn discover(_: &Api, _: &DiscoverRequest) -> Result<Catalog> {
    Err(Error::unsupported("discovering"))
}

pub(crate) fn refuse_unreadable(_: &Endpoint, _: &ReadRequest) -> Result<()> {
    Ok(())
}
