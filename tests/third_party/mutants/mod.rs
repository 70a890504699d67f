//! The suite of the suite: the connector broken in one way after the other. Each flaw must fail the promise that it
//! breaks, and each promise must be broken by a flaw: a promise that nothing fails would promise nothing.

mod connector;
mod credential;
mod factory;
mod http;
mod reads;

use std::sync::Arc;

use serde_json::Value;
use tieline_conformance::{ConnectorUnderTest, FakeProvider, PROMISES, verdict};
use tieline_core::{ConnectorFactory, Credential, Result};

use crate::subject::TickSubject;

/// The connector with a flaw.
struct Mutant(Flaw);

impl ConnectorUnderTest for Mutant {
    fn factory(&self) -> Arc<dyn ConnectorFactory> {
        Arc::new(factory::Flawed::new(self.0))
    }

    fn config(&self) -> Value {
        TickSubject.config()
    }

    fn credential(&self, secret: &str) -> Result<Arc<dyn Credential>> {
        let (inner, secret) = (TickSubject.credential(secret)?, secret.to_owned());
        Ok(Arc::new(credential::Flawed { inner, secret, flaw: self.0 }))
    }

    fn world(&self, secret: &str) -> Box<dyn FakeProvider> {
        TickSubject.world(secret)
    }
}

/// Makes a test of each flaw, and the table of what the flaws break.
macro_rules! flaws {
    ($($test:ident: $flaw:ident breaks $($promise:ident)+;)*) => {
        /// One way to be wrong.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        enum Flaw {
            $($flaw,)*
        }

        $(
            #[test]
            fn $test() {
                for promise in [$(stringify!($promise)),+] {
                    let kept = verdict(&Mutant(Flaw::$flaw), promise);
                    assert!(kept.is_err(), "{promise} is kept: {kept:?}");
                }
            }
        )*

        const BROKEN: &[&str] = &[$($(stringify!($promise)),+),*];
    };
}

flaws! {
    an_account_without_a_name: Nameless breaks check_says_who_the_credential_is;
    a_refusal_without_advice: NoAdvice breaks a_wrong_secret_is_refused_with_advice;
    trying_on_with_a_dead_secret: TriesOn
        breaks a_secret_that_dies_during_a_read_stops_it a_refused_secret_is_renewed_once;

    capabilities_that_change_with_the_schema: TwoCatalogs breaks names_and_schemas_agree;
    a_type_that_json_schema_lacks: OddSchema breaks every_schema_is_valid;
    a_number_described_as_text: WrongSchema breaks every_record_fits_its_schema;
    discovering_more_than_was_asked: AllAtOnce breaks an_entity_can_be_discovered_alone;
    an_unknown_entity_that_is_empty: AnyEntity breaks an_unknown_entity_is_named_in_the_error;
    a_partition_passed_over: AnyPartition breaks an_unknown_partition_is_refused;
    a_filter_passed_over: AnyFilter breaks a_filter_is_never_passed_over;
    more_than_is_declared: Modest breaks what_is_not_declared_is_refused;

    a_page_that_is_skipped: SkipsAPage
        breaks a_full_read_yields_every_record_once reads_side_by_side_do_not_meet a_limit_of_records_ends_a_pass_that_goes_on;
    a_record_that_comes_twice: Doubles breaks a_full_read_yields_every_record_once;
    a_key_that_is_not_the_record_s: OtherKeys breaks a_record_is_json_that_holds_its_key;
    a_pass_without_an_end: NoEnd breaks a_pass_says_what_it_is_and_where_it_ends;
    one_read_at_a_time: OneAtATime breaks reads_side_by_side_do_not_meet;
    reading_before_it_is_asked_for: Eager
        breaks nothing_is_sent_before_a_read_is_polled a_dropped_read_sends_nothing_more;
    a_limit_that_is_passed_over: NoLimit breaks a_limit_of_records_ends_a_pass_that_goes_on;
    keys_that_come_as_records: FullKeys breaks a_pass_over_keys_yields_every_key;
    a_projection_that_leaves_nothing_out: AllFields breaks wanted_fields_arrive;
    numbers_through_a_float: Rounds breaks digits_beyond_a_float_arrive;

    fields_of_the_list_alone: ListFields breaks a_wanted_field_arrives_wherever_it_comes_from;
    an_error_for_what_went: MissesGone breaks a_record_that_goes_during_a_read_stops_nothing;
    giving_up_the_others_too: Sulks breaks what_is_forbidden_stops_that_read_alone;

    a_read_that_begins_anew: Forgets breaks a_read_goes_on_after_any_batch;
    a_first_read_taken_for_finished: GivesUpFull
        breaks an_interrupted_first_read_is_finished_by_a_read_of_changes;
    a_state_that_grows: Hoards breaks a_state_survives_text_and_stays_small;
    an_unreadable_state_passed_over: AnyState
        breaks a_state_that_cannot_be_read_is_refused_at_once a_state_of_another_entity_is_refused;

    reading_everything_each_time: NoIncrement breaks a_second_read_brings_little;
    never_looking_again: Blind breaks a_created_record_shows an_updated_record_shows;
    deletions_left_out: NoDeletes breaks a_deleted_record_is_seen_to_be_gone;
    a_watermark_past_the_start: LateWatermark breaks what_changes_during_a_read_shows_in_the_next;
    the_boundary_left_out: AfterBoundary breaks a_record_of_the_last_second_shows;
    no_overlap: NoOverlap breaks a_record_that_shows_late_is_not_lost;

    an_error_taken_for_the_end: ErrorIsEnd
        breaks a_page_token_that_repeats_ends_the_read a_web_page_is_a_clear_error a_broken_body_is_a_clear_error;
    an_empty_page_taken_for_the_end: EmptyIsEnd breaks an_empty_page_is_not_the_end;
    an_error_for_a_duplicate: NoDuplicates breaks a_record_that_comes_twice_does_no_harm;

    giving_up_at_once: GivesUp breaks passing_faults_change_nothing;
    a_broken_line_taken_for_a_fault_of_ours: Internalizes breaks an_unreachable_provider_is_a_transport_error;
    taking_any_number_of_bytes: Unbounded breaks an_endless_body_is_left;
    quoting_whole_bodies: Quotes
        breaks an_error_names_its_entity_and_stays_short nothing_of_a_record_is_printed;

    a_wait_of_its_own: OwnWait breaks a_wait_in_seconds_is_waited_exactly a_wait_until_a_date_is_waited_exactly;
    no_patience_without_a_hint: NoPatience breaks a_refusal_without_a_hint_is_backed_off;
    sleeping_through_a_long_wait: Sleeps breaks a_wait_over_the_cap_is_handed_up;
    a_limit_that_is_published_wrongly: TwiceTheLimit breaks the_published_limits_are_kept;

    answers_out_of_order: MixesUp breaks a_lookup_answers_every_key_in_order;
    a_chunk_and_no_more: OneChunk breaks a_lookup_takes_any_number_of_keys;
    finding_what_is_gone: FindsGone breaks a_deleted_record_is_not_looked_up_as_there;

    a_create_under_another_key: WrongKey breaks a_create_is_found_again;
    an_update_that_is_not_sent: Pretends
        breaks an_update_changes_the_record an_update_to_the_same_value_does_no_harm an_unknown_action_is_refused_unsent;
    a_version_passed_over: AnyVersion breaks an_update_of_a_record_that_changed_is_a_conflict;
    a_second_delete_that_waits: DeleteWaits breaks a_delete_takes_effect_once;
    outcomes_out_of_order: Reorders breaks outcomes_keep_their_order_around_a_bad_one;
    writing_on_after_a_drop: WritesOn breaks a_dropped_write_stops;
    sending_a_create_again: Resends breaks a_write_whose_answer_is_lost_is_not_sent_again;
    a_lost_answer_taken_for_a_refusal: Denies breaks a_write_whose_answer_is_lost_is_not_sent_again;
    a_marker_left_out: NoMarker breaks a_lost_create_is_found_by_its_marker;
    doubt_about_what_never_left: Doubts breaks a_write_that_never_left_is_done_once;
    a_wait_taken_for_a_refusal: NoWait breaks a_write_that_must_wait_is_deferred;

    a_secret_in_the_address: InTheQuery breaks the_secret_is_in_no_address;
    a_secret_in_debug_output: ShowsDebug breaks the_secret_is_found_nowhere;
    a_secret_that_is_echoed: NoScrub breaks the_secret_is_found_nowhere;
    a_secret_in_the_log: Logs breaks the_secret_is_found_nowhere;
}

#[test]
fn every_promise_is_broken_by_a_flaw() {
    let unbroken: Vec<_> =
        PROMISES.iter().map(|promise| promise.name).filter(|name| !BROKEN.contains(name)).collect();
    assert!(unbroken.is_empty(), "no flaw breaks {unbroken:?}");
}
