//! Cycles of a pairing: people edit on both sides, and the records come together.

use std::sync::Arc;

use tieline_core::ErrorKind;
use tieline_store::contract::Elapse;
use tieline_store::pairings::{ConflictWinner, LinkState, PairingStore, TaskKind, TaskStatus};
use tieline_store_sql::{Database, SqlStore};
use tieline_two_way::{
    ChangeBrake, ConflictPolicy, DeletePolicy, MatchForm, MatchRule, TwoWayReport, TwoWaySync,
};

use crate::model::{LEFT, Model, RIGHT, fields, json, path, rules};

/// Makes each test one in SQLite and one in PostgreSQL.
macro_rules! in_both {
    ($($law:ident)*) => {
        mod in_sqlite {
            $(
                #[tokio::test]
                async fn $law() {
                    super::$law(tieline_store_sql::sqlite::SqliteStore::in_memory().await.unwrap()).await;
                }
            )*
        }

        #[cfg(unix)]
        mod in_postgres {
            $(
                #[tokio::test]
                async fn $law() {
                    // A machine without PostgreSQL's programs tests SQLite alone.
                    let Some((store, _database)) = crate::world::postgres().await else { return };
                    super::$law(store).await;
                }
            )*
        }
    };
}

in_both! {
    records_are_matched_made_and_kept_in_step
    a_normalising_side_causes_no_echo
    both_edits_hold_where_they_are_about_different_fields
    an_edit_that_does_not_hold_is_logged
    a_person_decides_where_the_policy_says_so
    nothing_is_written_before_it_is_approved
    what_changed_since_is_not_approved
    a_rejected_write_is_not_proposed_again
    nothing_is_made_before_a_plan_is_confirmed
    several_candidates_are_a_question
    a_deletion_goes_by_the_policy_and_an_edit_holds_against_it
    suspiciously_many_changes_wait
    a_quarrel_is_parked
    a_field_that_is_not_seen_is_not_null
    a_refused_write_is_parked_until_somebody_edits
    sets_are_merged
}

struct World<D> {
    store: SqlStore<D>,
    left: Model,
    right: Model,
    policy: ConflictPolicy,
}

impl<D: Database> World<D> {
    fn new(store: SqlStore<D>) -> Self {
        let (left, right) = (Model::new("l"), Model::new("r").queueing());
        Self { store, left, right, policy: ConflictPolicy::Side(LEFT) }
    }

    fn sync(&self) -> TwoWaySync {
        let (left, right) = (Arc::new(self.left.clone()), Arc::new(self.right.clone()));
        TwoWaySync::new("companies", Arc::new(self.store.clone()), left, right, rules(self.policy))
            .matching(MatchRule::new(path("number"), MatchForm::Digits))
            .creating(LEFT)
            .creating(RIGHT)
            .without_confirmation()
            .page_size(3)
    }

    /// One record on each side, linked and in step.
    async fn linked(store: SqlStore<D>) -> Self {
        let world = Self::new(store);
        world.left.edit("a", &company("Åkeri AB", "Lund", "1"));
        world.right.edit("b", &company("Åkeri AB", "Lund", "1"));
        run(&world.sync()).await;
        world
    }
}

fn company(name: &str, city: &str, number: &str) -> tieline_two_way::Fields {
    let mut fields = fields(&[("name", name), ("city", city), ("number", number)]);
    fields.set(path("price"), json("null"));
    fields.set(path("tags"), json("[]"));
    fields
}

async fn run(sync: &TwoWaySync) -> TwoWayReport {
    sync.run().await.into_result().unwrap()
}

/// Runs two more cycles, which must find nothing to do.
async fn assert_quiet<D: Database>(world: &World<D>, sync: &TwoWaySync) {
    run(sync).await;
    let writes = (world.left.writes(), world.right.writes());
    let second = run(sync).await;
    assert_eq!((second.changed, second.decided, second.conflicts), (0, 0, 0), "{second}");
    assert_eq!((world.left.writes(), world.right.writes()), writes, "no write without a change by a person");
}

async fn records_are_matched_made_and_kept_in_step<D: Database>(store: SqlStore<D>) {
    let world = World::new(store);
    world.left.edit("a", &company("Åkeri AB", "Lund", "556012-5790"));
    world.right.edit("b", &company("Åkeri AB", "Malmö", "5560125790"));
    world.left.edit("only-left", &company("Bageri AB", "Ystad", "2"));
    world.right.edit("only-right", &company("Cykel AB", "Eslöv", "3"));
    let sync = world.sync();
    let report = run(&sync).await;
    assert_eq!((report.linked, report.written), (1, 3), "{report}");
    assert_eq!(world.left.keys(), ["a", "l1", "only-left"]);
    assert_eq!(world.right.keys(), ["b", "only-right", "r1"]);
    assert_eq!(world.right.text("b", "city").as_deref(), Some("Lund"), "the initial policy");
    assert_eq!(world.right.text("r1", "name").as_deref(), Some("Bageri AB"));
    assert_eq!(world.left.text("l1", "name").as_deref(), Some("Cykel AB"));
    assert_quiet(&world, &sync).await;

    world.left.edit("a", &fields(&[("name", "Åkeri i Lund AB")]));
    world.right.edit("r1", &fields(&[("city", "Simrishamn")]));
    let report = run(&sync).await;
    assert_eq!((report.written, report.conflicts), (2, 0), "{report}");
    assert_eq!(world.right.text("b", "name").as_deref(), Some("Åkeri i Lund AB"));
    assert_eq!(world.left.text("only-left", "city").as_deref(), Some("Simrishamn"));
    assert_quiet(&world, &sync).await;
    let counts = world.store.pairing_counts(sync.id()).await.unwrap();
    assert_eq!((counts.links, counts.writing, counts.changed), (3, 0, 0));
}

async fn a_normalising_side_causes_no_echo<D: Database>(store: SqlStore<D>) {
    let mut world = World::new(store);
    world.right = Model::new("r").queueing().normalising();
    world.left.edit("a", &company("Åkeri och söner i Lund AB", " Lund ", "1"));
    let sync = world.sync();
    run(&sync).await;
    assert_eq!(world.right.text("r1", "name").as_deref(), Some("ÅKERI OCH SÖ"));
    assert_quiet(&world, &sync).await;
    assert_eq!(world.left.text("a", "name").as_deref(), Some("Åkeri och söner i Lund AB"));
    // An edit of another field on the normalising side brings that field and no other.
    world.right.edit("r1", &fields(&[("city", "Malmö")]));
    run(&sync).await;
    assert_eq!(world.left.text("a", "city").as_deref(), Some("Malmö"));
    assert_eq!(world.left.text("a", "name").as_deref(), Some("Åkeri och söner i Lund AB"));
    assert_quiet(&world, &sync).await;
}

async fn both_edits_hold_where_they_are_about_different_fields<D: Database>(store: SqlStore<D>) {
    let world = World::linked(store).await;
    let sync = world.sync();
    world.left.edit("a", &fields(&[("name", "Nya Åkeriet AB")]));
    world.right.edit("b", &fields(&[("city", "Malmö")]));
    let report = run(&sync).await;
    assert_eq!((report.written, report.conflicts), (2, 0), "{report}");
    for (side, key) in [(&world.left, "a"), (&world.right, "b")] {
        assert_eq!(side.text(key, "name").as_deref(), Some("Nya Åkeriet AB"));
        assert_eq!(side.text(key, "city").as_deref(), Some("Malmö"));
    }
    assert_quiet(&world, &sync).await;
}

async fn an_edit_that_does_not_hold_is_logged<D: Database>(store: SqlStore<D>) {
    let world = World::linked(store).await;
    let sync = world.sync();
    world.left.edit("a", &fields(&[("name", "Left AB"), ("city", "Malmö")]));
    world.right.edit("b", &fields(&[("name", "Right AB"), ("city", "Malmö")]));
    let report = run(&sync).await;
    assert_eq!((report.written, report.conflicts), (1, 1), "{report}");
    assert_eq!(world.right.text("b", "name").as_deref(), Some("Left AB"));
    let [logged] = sync.conflicts(None, 9).await.unwrap().try_into().unwrap();
    assert_eq!(logged.conflict.field, path("name"));
    assert_eq!(logged.conflict.base, Some(json(r#""Åkeri AB""#)));
    assert_eq!(logged.conflict.left, Some(json(r#""Left AB""#)));
    assert_eq!(logged.conflict.right, Some(json(r#""Right AB""#)));
    assert_eq!(logged.conflict.winner, ConflictWinner::Left);
    assert_quiet(&world, &sync).await;
}

async fn a_person_decides_where_the_policy_says_so<D: Database>(store: SqlStore<D>) {
    let mut world = World::linked(store).await;
    world.policy = ConflictPolicy::Manual;
    let sync = world.sync();
    world.left.edit("a", &fields(&[("name", "Left AB"), ("city", "Malmö")]));
    world.right.edit("b", &fields(&[("name", "Right AB")]));
    run(&sync).await;
    assert_eq!(world.right.text("b", "city").as_deref(), Some("Malmö"), "other fields go on");
    assert_eq!(world.right.text("b", "name").as_deref(), Some("Right AB"));
    assert_quiet(&world, &sync).await;
    let [task] = sync.tasks(Some(TaskStatus::Open), None, 9).await.unwrap().try_into().unwrap();
    assert_eq!((task.task.kind, task.task.subject.as_str()), (TaskKind::Conflict, "/name"));
    assert_eq!(sync.approve(task.number, "anna").await.unwrap_err().kind(), ErrorKind::Rejected);
    sync.resolve(task.number, Some(RIGHT), "anna").await.unwrap();
    assert_eq!(sync.resolve(task.number, Some(LEFT), "bo").await.unwrap_err().kind(), ErrorKind::Conflict);
    run(&sync).await;
    assert_eq!(world.left.text("a", "name").as_deref(), Some("Right AB"));
    assert_quiet(&world, &sync).await;
    // Once both show the same, there is nothing to decide.
    world.left.edit("a", &fields(&[("name", "X")]));
    world.right.edit("b", &fields(&[("name", "Y")]));
    run(&sync).await;
    world.right.edit("b", &fields(&[("name", "X")]));
    run(&sync).await;
    world.left.edit("a", &fields(&[("name", "Z")]));
    run(&sync).await;
    assert_eq!(world.right.text("b", "name").as_deref(), Some("Z"));
}

async fn nothing_is_written_before_it_is_approved<D: Database>(store: SqlStore<D>) {
    let world = World::linked(store).await;
    let sync = world.sync().with_approval(RIGHT);
    world.left.edit("a", &fields(&[("name", "Nya Åkeriet AB")]));
    let report = run(&sync).await;
    assert_eq!((report.held, report.written), (1, 0), "{report}");
    assert_quiet(&world, &sync).await;
    assert_eq!(world.right.text("b", "name").as_deref(), Some("Åkeri AB"));
    let [task] = sync.tasks(Some(TaskStatus::Open), None, 9).await.unwrap().try_into().unwrap();
    assert_eq!(task.task.detail.at("/after/~1name").unwrap().unwrap().get(), r#""Nya Åkeriet AB""#);
    assert_eq!(task.task.detail.at("/before/~1name").unwrap().unwrap().get(), r#""Åkeri AB""#);
    let edits = fields(&[("name", "Nya Åkeriet i Lund AB")]);
    sync.approve_edited(task.number, "anna", &edits).await.unwrap();
    assert_eq!(sync.approve(task.number, "anna").await.unwrap_err().kind(), ErrorKind::Conflict);
    let report = run(&sync).await;
    assert_eq!(report.written, 1, "{report}");
    assert_eq!(world.right.text("b", "name").as_deref(), Some("Nya Åkeriet i Lund AB"));
    assert_quiet(&world, &sync).await;
    let task = world.store.task(sync.id(), task.number).await.unwrap().unwrap();
    assert_eq!((task.status, task.decided_by.as_deref()), (TaskStatus::Approved, Some("anna")));
}

async fn what_changed_since_is_not_approved<D: Database>(store: SqlStore<D>) {
    let world = World::linked(store).await;
    let sync = world.sync().with_approval(RIGHT);
    world.left.edit("a", &fields(&[("name", "One AB")]));
    run(&sync).await;
    let [first] = sync.tasks(Some(TaskStatus::Open), None, 9).await.unwrap().try_into().unwrap();
    world.left.edit("a", &fields(&[("name", "Two AB")]));
    run(&sync).await;
    assert_eq!(sync.approve(first.number, "anna").await.unwrap_err().kind(), ErrorKind::Conflict);
    let [second] = sync.tasks(Some(TaskStatus::Open), None, 9).await.unwrap().try_into().unwrap();
    // It goes back to what it was, so there is nothing to approve.
    world.left.edit("a", &fields(&[("name", "Åkeri AB")]));
    run(&sync).await;
    assert!(sync.tasks(Some(TaskStatus::Open), None, 9).await.unwrap().is_empty());
    assert_eq!(sync.approve(second.number, "anna").await.unwrap_err().kind(), ErrorKind::Conflict);
    assert_eq!(world.right.writes(), 0);
}

async fn a_rejected_write_is_not_proposed_again<D: Database>(store: SqlStore<D>) {
    let world = World::linked(store).await;
    let sync = world.sync().with_approval(RIGHT);
    world.left.edit("a", &fields(&[("name", "One AB")]));
    run(&sync).await;
    let [task] = sync.tasks(Some(TaskStatus::Open), None, 9).await.unwrap().try_into().unwrap();
    sync.reject(task.number, "anna").await.unwrap();
    assert_quiet(&world, &sync).await;
    assert!(sync.tasks(Some(TaskStatus::Open), None, 9).await.unwrap().is_empty());
    assert_eq!(sync.conflicts(None, 9).await.unwrap().len(), 1, "the log says what was dropped");
    // Other fields, and later changes of this one, go on.
    world.right.edit("b", &fields(&[("name", "Right AB")]));
    run(&sync).await;
    assert_eq!(world.left.text("a", "name").as_deref(), Some("Right AB"));
}

async fn nothing_is_made_before_a_plan_is_confirmed<D: Database>(store: SqlStore<D>) {
    let world = World::new(store);
    world.left.edit("a", &company("Åkeri AB", "Lund", "1"));
    world.left.edit("c", &company("Bageri AB", "Lund", "2"));
    world.right.edit("b", &company("Åkeri AB", "Malmö", "1"));
    let (left, right) = (Arc::new(world.left.clone()), Arc::new(world.right.clone()));
    let store = Arc::new(world.store.clone());
    let sync = TwoWaySync::new("companies", store, left, right, rules(ConflictPolicy::Side(LEFT)))
        .matching(MatchRule::new(path("number"), MatchForm::Digits))
        .creating(RIGHT);
    let plan = sync.plan().await.unwrap();
    assert_eq!((plan.links, plan.creates, plan.updates, plan.conflicts), (1, 1, 1, 1), "{plan}");
    assert_eq!(plan.digest, sync.plan().await.unwrap().digest);
    assert!(!plan.to_string().contains("Lund"), "{plan}");
    assert_eq!(world.right.keys(), ["b"]);
    world.left.edit("a", &fields(&[("name", "Åkeri i Lund AB")]));
    let refused = sync.apply(&plan.digest).await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Conflict);
    let report = run(&sync).await;
    assert_eq!((report.linked, report.waiting), (1, 1), "{report}");
    assert_eq!(world.right.keys(), ["b"]);
    let plan = sync.plan().await.unwrap();
    assert_eq!((plan.creates, plan.updates), (1, 0), "{plan}");
    sync.apply(&plan.digest).await.unwrap().into_result().unwrap();
    assert_eq!(world.right.keys(), ["b", "r1"]);
    // From now on no plan is needed.
    world.left.edit("d", &company("Cykel AB", "Lund", "3"));
    run(&sync).await;
    assert_eq!(world.right.creates(), 2);
    assert_quiet(&world, &sync).await;
}

async fn several_candidates_are_a_question<D: Database>(store: SqlStore<D>) {
    let world = World::new(store);
    world.left.edit("a", &company("Åkeri AB", "Lund", "1"));
    world.right.edit("b", &company("Åkeri AB", "Lund", "1"));
    world.right.edit("c", &company("Åkeri i Lund AB", "Lund", "1"));
    let sync = world.sync();
    run(&sync).await;
    assert_quiet(&world, &sync).await;
    assert_eq!((world.left.creates(), world.right.creates()), (0, 0));
    let tasks = sync.tasks(Some(TaskStatus::Open), None, 9).await.unwrap();
    assert!(tasks.iter().all(|task| task.task.kind == TaskKind::Ambiguous));
    assert_eq!(tasks.len(), 3);
    sync.link_by_hand("a".into(), "c".into()).await.unwrap();
    assert_eq!(sync.link_by_hand("a".into(), "b".into()).await.unwrap_err().kind(), ErrorKind::Conflict);
    assert_eq!(sync.link_by_hand("x".into(), "b".into()).await.unwrap_err().kind(), ErrorKind::NotFound);
    run(&sync).await;
    assert_eq!(world.right.text("c", "name").as_deref(), Some("Åkeri AB"));
    assert_quiet(&world, &sync).await;
}

async fn a_deletion_goes_by_the_policy_and_an_edit_holds_against_it<D: Database>(store: SqlStore<D>) {
    let world = World::new(store);
    for (key, number) in [("a", "1"), ("b", "2"), ("c", "3"), ("d", "4")] {
        world.left.edit(key, &company(key, "Lund", number));
    }
    let archived = DeletePolicy::Archive(fields(&[("city", "archived")]));
    let sync = world.sync().on_delete(RIGHT, DeletePolicy::Delete).on_delete(LEFT, archived);
    run(&sync).await;
    assert_eq!(world.right.keys(), ["r1", "r2", "r3", "r4"]);
    world.left.delete("a");
    world.left.delete("b");
    let b = world
        .right
        .all()
        .into_iter()
        .find(|(_, fields)| fields.get(&path("number")) == Some(&json(r#""2""#)));
    let b = b.unwrap().0.to_string();
    world.right.edit(&b, &fields(&[("name", "kept")]));
    run(&sync).await;
    assert_eq!(world.right.keys().len(), 3, "one is deleted, the edited one stays");
    assert_eq!(world.right.text(&b, "name").as_deref(), Some("kept"));
    let conflicts = sync.conflicts(None, 9).await.unwrap();
    assert_eq!(conflicts[0].conflict.policy.as_str(), "edit over delete");
    let c = world
        .right
        .all()
        .into_iter()
        .find(|(_, fields)| fields.get(&path("number")) == Some(&json(r#""3""#)));
    world.right.delete(c.unwrap().0.as_str());
    run(&sync).await;
    assert_eq!(world.left.text("c", "city").as_deref(), Some("archived"));
    assert_quiet(&world, &sync).await;
    assert_eq!(world.left.keys(), ["c", "d"], "nothing is made anew");
    let counts = world.store.pairing_counts(sync.id()).await.unwrap();
    assert_eq!(counts.links, 1);
    let unlinked = world.store.links_in(sync.id(), LinkState::Unlinked, None, 9).await.unwrap();
    assert_eq!(unlinked.len(), 2);
}

async fn suspiciously_many_changes_wait<D: Database>(store: SqlStore<D>) {
    let world = World::new(store);
    for n in 0..10 {
        world.left.edit(&format!("a{n}"), &company("x", "Lund", &n.to_string()));
    }
    let sync = world.sync().with_brake(ChangeBrake::new(30, 2));
    run(&sync).await;
    assert_eq!(world.right.creates(), 10);
    assert_quiet(&world, &sync).await;
    for n in 0..4 {
        world.left.edit(&format!("a{n}"), &fields(&[("city", "")]));
    }
    let report = run(&sync).await;
    assert!(report.braked && report.written == 0, "{report}");
    let [task] = sync.tasks(Some(TaskStatus::Open), None, 9).await.unwrap().try_into().unwrap();
    assert_eq!(task.task.kind, TaskKind::Brake);
    assert_eq!(task.task.detail.at("/updates").unwrap().unwrap().get(), "4");
    world.left.edit("a9", &fields(&[("city", "Malmö")]));
    assert_eq!(sync.approve(task.number, "anna").await.unwrap_err().kind(), ErrorKind::Conflict);
    assert!(run(&sync).await.braked);
    let [task] = sync.tasks(Some(TaskStatus::Open), None, 9).await.unwrap().try_into().unwrap();
    sync.approve(task.number, "anna").await.unwrap();
    assert_eq!(world.right.writes(), 15);
    assert_quiet(&world, &sync).await;
    assert!(sync.tasks(Some(TaskStatus::Open), None, 9).await.unwrap().is_empty());
}

async fn a_quarrel_is_parked<D: Database>(store: SqlStore<D>) {
    let world = World::linked(store).await;
    let sync = world.sync();
    // An automation of each side puts its own form back whenever it sees the other one.
    let mut parked = false;
    for _ in 0..4 {
        world.left.edit("a", &fields(&[("city", "LUND")]));
        run(&sync).await;
        world.right.edit("b", &fields(&[("city", "Lund")]));
        run(&sync).await;
        let links = world.store.links_in(sync.id(), LinkState::Parked, None, 9).await.unwrap();
        parked |= !links.is_empty();
    }
    assert!(parked);
    let writes = world.left.writes() + world.right.writes();
    world.left.edit("a", &fields(&[("city", "LUND")]));
    assert_quiet(&world, &sync).await;
    assert_eq!(world.left.writes() + world.right.writes(), writes);
    let [task] = sync.tasks(Some(TaskStatus::Open), None, 9).await.unwrap().try_into().unwrap();
    assert_eq!(task.task.kind, TaskKind::Quarrel);
    sync.approve(task.number, "anna").await.unwrap();
    run(&sync).await;
    assert_eq!(world.left.text("a", "city"), world.right.text("b", "city"));
    assert_quiet(&world, &sync).await;
}

async fn a_field_that_is_not_seen_is_not_null<D: Database>(store: SqlStore<D>) {
    let world = World::linked(store).await;
    let sync = world.sync();
    world.right.hide("city", true);
    world.right.edit("b", &fields(&[("name", "Nya AB")]));
    run(&sync).await;
    assert_eq!(world.left.text("a", "city").as_deref(), Some("Lund"));
    assert_eq!(world.left.text("a", "name").as_deref(), Some("Nya AB"));
    // An edit waits until the other side shows the field again.
    world.left.edit("a", &fields(&[("city", "Malmö")]));
    run(&sync).await;
    assert_eq!(world.right.text("b", "city").as_deref(), Some("Lund"));
    world.right.hide("city", false);
    world.right.edit("b", &fields(&[]));
    run(&sync).await;
    assert_eq!(world.right.text("b", "city").as_deref(), Some("Malmö"));
    assert_quiet(&world, &sync).await;
}

async fn a_refused_write_is_parked_until_somebody_edits<D: Database>(store: SqlStore<D>) {
    let world = World::linked(store).await;
    let sync = world.sync();
    world.right.refuse(Some("the name is too long"));
    world.left.edit("a", &fields(&[("name", "A very long name")]));
    assert_eq!(run(&sync).await.refused, 1);
    assert_quiet(&world, &sync).await;
    let [task] = sync.tasks(Some(TaskStatus::Open), None, 9).await.unwrap().try_into().unwrap();
    assert_eq!(task.task.kind, TaskKind::Refused);
    world.right.refuse(None);
    world.left.edit("a", &fields(&[("name", "Short")]));
    assert_eq!(run(&sync).await.written, 1);
    assert_eq!(world.right.text("b", "name").as_deref(), Some("Short"));
    assert!(sync.tasks(Some(TaskStatus::Open), None, 9).await.unwrap().is_empty());
    assert_quiet(&world, &sync).await;
}

async fn sets_are_merged<D: Database>(store: SqlStore<D>) {
    let world = World::linked(store).await;
    let sync = world.sync();
    let tags = |side: &Model, key: &str, list: &str| {
        let mut fields = fields(&[]);
        fields.set(path("tags"), json(list));
        side.edit(key, &fields);
    };
    tags(&world.left, "a", r#"["a","b","c"]"#);
    run(&sync).await;
    tags(&world.left, "a", r#"["b","c","left"]"#);
    tags(&world.right, "b", r#"["right","b","a"]"#);
    let report = run(&sync).await;
    assert_eq!((report.written, report.conflicts), (2, 0), "{report}");
    for (side, key) in [(&world.left, "a"), (&world.right, "b")] {
        assert_eq!(side.text(key, "tags").unwrap(), r#"["b","left","right"]"#);
    }
    assert_quiet(&world, &sync).await;
}

#[tokio::test]
async fn a_write_whose_record_moved_is_decided_anew() {
    let store = tieline_store_sql::sqlite::SqliteStore::in_memory().await.unwrap();
    let world = World::linked(store).await;
    let sync = world.sync().with_approval(RIGHT);
    world.left.edit("a", &fields(&[("name", "Left AB")]));
    run(&sync).await;
    let [task] = sync.tasks(Some(TaskStatus::Open), None, 9).await.unwrap().try_into().unwrap();
    sync.approve(task.number, "anna").await.unwrap();
    // Somebody edits after the approval and before the write.
    world.right.edit("b", &fields(&[("name", "Right AB")]));
    let report = run(&sync).await;
    assert_eq!((report.moved, report.written), (1, 0), "{report}");
    assert_eq!(world.right.text("b", "name").as_deref(), Some("Right AB"));
    world.store.elapse(std::time::Duration::from_secs(60)).await;
    run(&sync).await;
    let [task] = sync.tasks(Some(TaskStatus::Open), None, 9).await.unwrap().try_into().unwrap();
    sync.approve(task.number, "anna").await.unwrap();
    run(&sync).await;
    assert_eq!(world.right.text("b", "name").as_deref(), Some("Left AB"));
    let logged = sync.conflicts(None, 9).await.unwrap();
    assert_eq!(logged.len(), 1, "the edit that did not hold is in the log");
    assert_eq!(logged[0].conflict.right, Some(json(r#""Right AB""#)));
    assert_quiet(&world, &sync).await;
}
