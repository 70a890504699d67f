//! Whether a mapping still fits what the provider has, asked before rows are mapped with it.

use tieline_core::{Catalog, Connector, DiscoverRequest, Error, ErrorKind, Issue, Result};

use crate::plan::StreamPlan;
use crate::report::StreamReport;
use crate::run::OneWaySync;

/// How many fields an error names.
const NAMED: usize = 5;

/// What the provider says of the entities that are mapped.
pub(crate) enum Described {
    Catalog(Catalog),
    /// It could not be asked, which is no reason not to sync.
    Failed(Error),
    /// Nobody wants to know.
    Unasked,
}

/// Asks the provider for the fields of the entities that are mapped.
pub(crate) async fn describe(connector: &dyn Connector, plans: &[StreamPlan]) -> Described {
    let mapped = plans.iter().filter(|plan| plan.target.is_some()).map(|plan| plan.entity.clone());
    let request = mapped.fold(DiscoverRequest::schemas(), DiscoverRequest::only);
    if request.entities.is_empty() {
        return Described::Unasked;
    }
    match connector.discover(request).await {
        Ok(catalog) => Described::Catalog(catalog),
        Err(error) => Described::Failed(error),
    }
}

impl OneWaySync {
    /// Fails with `Config` when the mapping of a stream reads what the provider no longer has.
    pub(crate) fn check_fit(
        &self,
        plan: &StreamPlan,
        described: &Described,
        report: &mut StreamReport,
    ) -> Result<()> {
        let Some(target) = &plan.target else { return Ok(()) };
        let about = |mut issue: Issue| {
            issue.entity = Some(plan.entity.clone());
            issue
        };
        let catalog = match described {
            Described::Catalog(catalog) => catalog,
            Described::Failed(error) => {
                let why = format!(
                    "the mapping could not be compared with the provider's fields: {}",
                    error.message()
                );
                report.add_issues([about(Issue::new(why))]);
                return Ok(());
            }
            Described::Unasked => return Ok(()),
        };
        let broken = catalog.entity(plan.entity.as_str()).map(|entity| target.mapping.broken_by(entity));
        let broken = broken.unwrap_or_default();
        if broken.is_empty() {
            return Ok(());
        }
        if self.allow_broken_mappings {
            report.add_issues(broken.into_iter().map(about));
            return Ok(());
        }
        let mut named: Vec<String> = broken.iter().take(NAMED).map(ToString::to_string).collect();
        if broken.len() > NAMED {
            named.push(format!("and {} more", broken.len() - NAMED));
        }
        let message = format!("the mapping does not fit the provider's fields: {}", named.join("; "));
        Err(Error::new(ErrorKind::Config, message)
            .with_advice(
                "correct the mapping; or allow broken mappings (`--allow-broken-mapping`), which clears these fields in the \
                 rows that are there",
            )
            .with_context("entity", &plan.entity)
            .with_context("target", &target.name))
    }
}
