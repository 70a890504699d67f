//! Looking records up by key.

use tieline_core::{Entity, Key, Lookup};

use crate::Failure;
use crate::bench::{Bench, Lab, kept};
use crate::verdict::{Verdict, ensure, not};

const NOT_DECLARED: &str = "look-ups are not declared";

fn key_of(answer: &Lookup) -> Option<&Key> {
    match answer {
        Lookup::Record(record) => Some(&record.key),
        Lookup::Deleted(deletion) => Some(&deletion.key),
        Lookup::Missing(key) | Lookup::Forbidden(key) => Some(key),
        _ => None,
    }
}

async fn answers(bench: &Bench<'_>, entity: &Entity, asked: &[Key]) -> Result<Vec<Lookup>, Failure> {
    let answers = bench.lookup(entity, asked.to_vec()).await?;
    let answered: Vec<Option<&Key>> = answers.iter().map(key_of).collect();
    ensure!(answered.len() == asked.len(), "{} keys have {} answers", asked.len(), answered.len());
    let wrong = asked.iter().zip(&answered).find(|(asked, answered)| Some(*asked) != **answered);
    ensure!(wrong.is_none(), "the answers are not in the order asked: {wrong:?}");
    Ok(answers)
}

pub(crate) async fn a_lookup_answers_every_key_in_order(lab: &Lab<'_>) -> Result<Verdict, Failure> {
    lab.each(async |bench, entity| {
        if !entity.capabilities.lookup {
            return not(NOT_DECLARED);
        }
        let truth = bench.keys(entity)?;
        let (Some(first), Some(last)) = (truth.first(), truth.last()) else {
            return not("it has no records");
        };
        let none = Key::new("no such key");
        let asked = [last.clone(), none.clone(), first.clone(), last.clone(), none];
        let got = answers(bench, entity, &asked).await?;
        for (key, answer) in asked.iter().zip(&got) {
            let right = match key.as_str() {
                "no such key" => matches!(answer, Lookup::Missing(_)),
                _ => matches!(answer, Lookup::Record(_)),
            };
            ensure!(right, "{key} is answered with {answer:?}");
        }
        let before = bench.wire.count();
        ensure!(bench.lookup(entity, Vec::new()).await?.is_empty(), "no key has an answer");
        ensure!(bench.wire.count() == before, "a look-up of nothing asks the provider");
        kept()
    })
    .await
}

pub(crate) async fn a_lookup_takes_any_number_of_keys(lab: &Lab<'_>) -> Result<Verdict, Failure> {
    /// More than providers take in one request, where the world can make so many.
    const MANY: usize = 230;
    lab.each(async |bench, entity| {
        if !entity.capabilities.lookup {
            return not(NOT_DECLARED);
        }
        for _ in bench.keys(entity)?.len()..MANY {
            if bench.world.create(entity.name.as_str()).is_none() {
                break;
            }
        }
        let mut asked = bench.keys(entity)?;
        asked.reverse();
        asked.truncate(MANY);
        let got = answers(bench, entity, &asked).await?;
        let gone: Vec<&Lookup> = got.iter().filter(|answer| !matches!(answer, Lookup::Record(_))).collect();
        ensure!(
            gone.is_empty(),
            "of {} records {} are not found: {:?}",
            asked.len(),
            gone.len(),
            gone.first()
        );
        kept()
    })
    .await
}

pub(crate) async fn a_deleted_record_is_not_looked_up_as_there(lab: &Lab<'_>) -> Result<Verdict, Failure> {
    lab.each(async |bench, entity| {
        if !entity.capabilities.lookup {
            return not(NOT_DECLARED);
        }
        let truth = bench.keys(entity)?;
        let asked: Vec<Key> = truth.iter().take(3).cloned().collect();
        let Some(gone) = asked.get(asked.len() / 2).cloned() else { return not("it has no records") };
        if !bench.world.delete(entity.name.as_str(), &gone) {
            return not("the world cannot delete records of it");
        }
        for (key, answer) in asked.iter().zip(answers(bench, entity, &asked).await?) {
            let is_there = matches!(answer, Lookup::Record(_));
            ensure!(is_there == (*key != gone), "{key} is answered with {answer:?} after {gone} was deleted");
        }
        let alone = answers(bench, entity, std::slice::from_ref(&gone)).await?;
        ensure!(!matches!(alone.first(), Some(Lookup::Record(_))), "asked for alone, {gone} is still there");
        kept()
    })
    .await
}
