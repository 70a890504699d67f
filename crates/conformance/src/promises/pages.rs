//! Pages that try a reader's patience.

use tieline_core::{Entity, ErrorKind, ReadRequest};

use crate::bench::{Bench, Lab, kept};
use crate::mirror::Mirror;
use crate::verdict::{Check, Verdict, ensure, not};
use crate::{Failure, PageFault};

const NO_TWIST: &str = "the world cannot make such a page of it";

/// A read in five pages. Made before the world is twisted, because it asks for the truth.
fn in_pages(bench: &Bench<'_>, entity: &Entity) -> Result<ReadRequest, Failure> {
    Ok(ReadRequest::full(entity.name.clone()).with_page_size(bench.page_size(entity, 5)?))
}

pub(crate) async fn a_page_token_that_repeats_ends_the_read(lab: &Lab<'_>) -> Result<Verdict, Failure> {
    lab.each(async |bench, entity| {
        if bench.keys(entity)?.len() < 2 {
            return not("the world has too few records for two pages");
        }
        let request = in_pages(bench, entity)?;
        if !bench.world.twist(entity.name.as_str(), PageFault::RepeatToken, 0) {
            return not(NO_TWIST);
        }
        let Err(error) = bench.pull(&mut Mirror::default(), request).await else {
            return Err(Failure::new("a page token that leads to its own page is taken for an end"));
        };
        ensure!(error.kind() == ErrorKind::Decode, "it ends with another kind: {error}");
        ensure!(bench.wire.count() <= 100, "only after {} requests", bench.wire.count());
        kept()
    })
    .await
}

pub(crate) async fn an_empty_page_is_not_the_end(lab: &Lab<'_>) -> Result<Verdict, Failure> {
    lab.each(async |bench, entity| harmless(bench, entity, PageFault::EmptyPage).await).await
}

pub(crate) async fn a_record_that_comes_twice_does_no_harm(lab: &Lab<'_>) -> Result<Verdict, Failure> {
    lab.each(async |bench, entity| harmless(bench, entity, PageFault::DuplicateRecords).await).await
}

async fn harmless(bench: &Bench<'_>, entity: &Entity, twist: PageFault) -> Check {
    for skip in [0, 1] {
        let request = in_pages(bench, entity)?;
        if !bench.world.twist(entity.name.as_str(), twist, skip) {
            return not(NO_TWIST);
        }
        let mut mirror = Mirror::default();
        bench.pull(&mut mirror, request).await?;
        bench.agrees(&mirror, entity, &mirror.rows.keys().collect::<Vec<_>>()).await?;
    }
    kept()
}
