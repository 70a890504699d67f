//! What a read of an entity walks over.

use std::sync::Arc;

use tieline_core::{Error, ErrorKind, Result};
use tieline_kit::{JsonPath, nearest};

use super::fingerprint::fingerprint;
use super::state::Kind;
use crate::description::{Description, Entity, Job, Request, Walk};
use crate::template::WordName;

/// One walk: a request of the entity, with its settings and the values of `each`.
#[derive(Clone, Debug)]
pub(crate) struct WalkPlan {
    pub(crate) request: Request,
    pub(crate) walk: Walk,
    pub(crate) each: Vec<(String, String)>,
    /// Whether what it lists is gone.
    pub(crate) deletes: bool,
    /// Which mark it goes on from.
    pub(crate) mark: Option<usize>,
    /// A number that no other walk of the entity has.
    pub(crate) number: usize,
    /// The job that prepares the list; `request` is that of its result.
    pub(crate) job: Option<Arc<JobPlan>>,
}

/// A job that prepares a list.
#[derive(Clone, Debug)]
pub(crate) struct JobPlan {
    /// The request that begins it.
    pub(crate) request: Request,
    pub(crate) job: Job,
}

impl JobPlan {
    /// The job of a request, and the request that reads its result.
    fn of(request: &Request) -> Option<(Arc<Self>, Request)> {
        let job = request.job.as_deref()?;
        let result = job.result.clone().unwrap_or_else(|| Request { job: None, ..request.clone() });
        Some((Arc::new(Self { request: request.clone(), job: job.clone() }), result))
    }
}

/// The walks of an entity.
#[derive(Clone, Debug)]
pub(crate) struct EntityPlan {
    pub(crate) entity: Entity,
    pub(crate) full: Vec<WalkPlan>,
    pub(crate) changes: Vec<WalkPlan>,
    /// The times of change of the walks of increments, by mark.
    pub(crate) marks: Vec<Option<JsonPath>>,
    /// How the entity is read, in short: another way needs a full pass.
    pub(crate) fingerprint: String,
}

/// The most walks of an entity: requests, each with every value of `each`.
const MAX_WALKS: usize = 1_000;

impl EntityPlan {
    pub(crate) fn new(entity: &Entity) -> Result<Self> {
        let mut number = 0;
        let mut marks: Vec<Option<JsonPath>> = Vec::new();
        let combinations = combinations(entity)?;
        let mut walks =
            |requests: &[Request], deletes: bool, marked: bool, marks: &mut Vec<Option<JsonPath>>| {
                let mut plans = Vec::new();
                for request in requests {
                    let walk = request.walk.over(&entity.walk);
                    let uses_since = request.uses(&|word| *word == WordName::Since);
                    let mark = (marked && (uses_since || walk.newest_first == Some(true))).then(|| {
                        marks.push(walk.changed.clone());
                        marks.len() - 1
                    });
                    let (job, request) = match JobPlan::of(request) {
                        Some((job, result)) => (Some(job), result),
                        None => (None, request.clone()),
                    };
                    for each in &combinations {
                        let (request, walk, each) = (request.clone(), walk.clone(), each.clone());
                        plans.push(WalkPlan { request, walk, each, deletes, mark, number, job: job.clone() });
                        number += 1;
                    }
                }
                plans
            };
        let full = walks(&entity.list, false, false, &mut marks);
        let increments = entity
            .list
            .iter()
            .filter(|request| {
                let walk = request.walk.over(&entity.walk);
                walk.token.is_some() || request.uses(&|word| *word == WordName::Since)
            })
            .cloned()
            .collect::<Vec<_>>();
        let of_changes = if entity.changes.is_empty() { &increments } else { &entity.changes };
        let mut changes = walks(of_changes, false, true, &mut marks);
        if !changes.is_empty() {
            changes.extend(walks(&entity.deleted, true, true, &mut marks));
        }
        if full.len() + changes.len() > MAX_WALKS {
            let message = format!("the entity is read by more than {MAX_WALKS} lists");
            return Err(Error::new(ErrorKind::Config, message));
        }
        let fingerprint = fingerprint(full.iter().chain(&changes));
        Ok(Self { entity: entity.clone(), full, changes, marks, fingerprint })
    }

    /// The walks of a pass.
    pub(crate) fn walks(&self, kind: Kind) -> &[WalkPlan] {
        match kind {
            Kind::Full | Kind::Keys => &self.full,
            Kind::Changes => &self.changes,
        }
    }

    /// Whether there are increments.
    pub(crate) fn has_changes(&self) -> bool {
        !self.changes.is_empty()
    }
}

fn combinations(entity: &Entity) -> Result<Vec<Vec<(String, String)>>> {
    let mut all: Vec<Vec<(String, String)>> = vec![Vec::new()];
    for (name, values) in &entity.each {
        all = all
            .iter()
            .flat_map(|before| {
                values.iter().map(move |value| {
                    let mut one = before.clone();
                    one.push((name.clone(), value.clone()));
                    one
                })
            })
            .collect();
        if all.len() > MAX_WALKS {
            let message = format!("`each` has more than {MAX_WALKS} combinations");
            return Err(Error::new(ErrorKind::Config, message));
        }
    }
    Ok(all)
}

/// The entity of that name.
///
/// # Errors
/// `NotFound` with the nearest name.
pub(crate) fn entity<'d>(description: &'d Description, name: &str) -> Result<&'d Entity> {
    description.entity(name).ok_or_else(|| {
        let known: Vec<&str> = description.entities.iter().map(|(name, _)| name.as_str()).collect();
        let advice = match nearest(name, known.iter().copied()) {
            Some(near) => format!("did you mean {near:?}?"),
            None => format!("there are {}", known.join(", ")),
        };
        let shown = tieline_kit::excerpt(name, 80);
        Error::new(ErrorKind::NotFound, format!("there is no entity {shown:?}")).with_advice(advice)
    })
}
