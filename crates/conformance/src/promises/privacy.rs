//! The hunt for customers' data.

use std::sync::Arc;

use futures_util::StreamExt;
use tieline_core::{DiscoverRequest, Entity, LookupRequest, OperationOutcome, Outcome, ReadRequest};
use tieline_http::RetryPolicy;
use tracing_subscriber::util::SubscriberInitExt as _;

use super::writes::create;
use crate::bench::{Bench, HOUR, Lab};
use crate::canary::CANARY;
use crate::verdict::{Applies, Verdict, ensure};
use crate::wire::Trouble;
use crate::{Failure, Hunt, Log};

pub(crate) async fn nothing_of_a_record_is_printed(lab: &Lab<'_>) -> Result<Verdict, Failure> {
    let log = Log::default();
    // With a second one alive, a call site that another test's thread meets first asks both, and is not taken for
    // one that nobody wants.
    let _second = tracing::Dispatch::new(tracing_subscriber::registry());
    let _guard = log.subscriber().set_default();
    let mut shown = Hunt::default();
    shown.secret("a customer's text", CANARY);
    let mut verdict = Verdict::default();
    for entity in lab.entities().await?.iter().take(4) {
        let bench = lab.bench()?;
        let mut stack = bench.stack();
        stack.retry = RetryPolicy::default().with_max_attempts(1);
        let bench = bench.with(stack)?;
        read_everything(&bench, entity, &mut shown).await?;
        verdict.add(entity.name.as_str(), Applies::Kept);
    }
    ensure!(shown.searched() > 0, "nothing was printed");
    shown.text("the log", log.text());
    let found = shown.found();
    ensure!(found.is_empty(), "{}", found.join("\n"));
    Ok(verdict)
}

async fn read_everything(bench: &Bench<'_>, entity: &Entity, shown: &mut Hunt) -> Result<(), Failure> {
    let mut troubles = vec![Trouble::Marked, Trouble::Mistyped];
    troubles.extend([200, 400, 401, 403, 404, 409, 412, 422, 429, 500, 503].map(Trouble::Quotes));
    for trouble in troubles {
        bench.wire.calm();
        bench.wire.always(trouble);
        let what = |call: &str| format!("{call} of {} under {trouble:?}", entity.name);
        // The names of fields and of the account are meant to be shown; errors about them are not.
        let described = bench.crm.discover(DiscoverRequest::schemas().only(entity.name.clone())).await;
        if let Err(error) = described {
            shown.error(&what("discovering"), &error);
        }
        let keys = bench.keys(entity)?.into_iter().take(1);
        let lookup = LookupRequest::keys(entity.name.clone(), keys);
        // Where every number is the canary, keys and versions are too, and they are meant to be shown.
        let keys_are_marked = matches!(trouble, Trouble::Mistyped);
        let found = bench.crm.lookup(lookup).await;
        if found.is_err() || !keys_are_marked {
            shown.result(&what("a lookup"), &found);
        }
        let mut batches = bench.crm.read(ReadRequest::full(entity.name.clone()))?;
        while let Some(batch) = batches.next().await {
            if batch.is_err() || !keys_are_marked {
                shown.result(&what("a read"), &batch);
            }
        }
        if let Some(draft) = bench.world.draft(entity.name.as_str(), 1).filter(|_| entity.capabilities.create)
        {
            let made = bench.write(entity, vec![create("op-1", draft.fields, None)]).await;
            let applied = |made: &[OperationOutcome]| made.iter().any(|made| is_applied(&made.outcome));
            if !keys_are_marked || !made.as_ref().is_ok_and(|made| applied(made)) {
                shown.debug(&what("a write"), &made);
            }
        }
        // A pause that a refusal asked for ends, and the provider's windows are empty again.
        bench.world.advance(HOUR);
    }
    bench.wire.calm();
    shown.debug("the connector", &Arc::clone(&bench.crm));
    Ok(())
}

fn is_applied(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::Applied { .. })
}
