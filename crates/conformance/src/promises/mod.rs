//! The promises, grouped by what they are about. Each is an async function that tries one for a subject.

mod catalog;
mod changes;
mod connecting;
mod details;
mod faults;
mod limits;
mod lookups;
mod outcomes;
mod pages;
mod privacy;
mod reading;
mod resuming;
mod secrets;
mod writes;

use crate::run::Promise;

/// Declares the table of promises and the macro that makes tests of them, from one list.
macro_rules! promises {
    ($dollar:tt $($module:ident: $($name:ident)*;)*) => {
        /// All promises, in the order of the tests.
        pub const PROMISES: &[Promise] = &[
            $($(Promise { name: stringify!($name), check: |lab| Box::pin($module::$name(lab)) },)*)*
        ];

        /// Makes one `#[test]` for each promise. Takes an expression that is a [`ConnectorUnderTest`](crate::ConnectorUnderTest).
        ///
        /// ```
        /// use std::sync::Arc;
        ///
        /// use tieline_conformance::{ConnectorUnderTest, FakeProvider};
        /// use tieline_core::{ConnectorFactory, Credential, Result};
        ///
        /// struct AcmeSubject;
        ///
        /// impl ConnectorUnderTest for AcmeSubject {
        /// #   /*
        ///     // …
        /// #   */
        /// #   fn factory(&self) -> Arc<dyn ConnectorFactory> { unreachable!() }
        /// #   fn config(&self) -> serde_json::Value { unreachable!() }
        /// #   fn credential(&self, _: &str) -> Result<Arc<dyn Credential>> { unreachable!() }
        /// #   fn world(&self, _: &str) -> Box<dyn FakeProvider> { unreachable!() }
        /// }
        ///
        /// tieline_conformance::suite!(AcmeSubject);
        /// ```
        #[macro_export]
        macro_rules! suite {
            ($dollar subject:expr) => {
                $($(
                    #[test]
                    fn $name() -> ::std::result::Result<(), $dollar crate::Failure> {
                        $dollar crate::run_test(&$dollar subject, stringify!($name))
                    }
                )*)*
            };
        }
    };
}

promises! {
    $
    connecting:
        check_says_who_the_credential_is
        a_wrong_secret_is_refused_with_advice
        a_secret_that_dies_during_a_read_stops_it
        a_refused_secret_is_renewed_once;
    catalog:
        names_and_schemas_agree
        every_schema_is_valid
        every_record_fits_its_schema
        an_entity_can_be_discovered_alone
        an_unknown_entity_is_named_in_the_error
        an_unknown_partition_is_refused
        a_filter_is_never_passed_over
        what_is_not_declared_is_refused;
    reading:
        a_full_read_yields_every_record_once
        a_record_is_json_that_holds_its_key
        a_pass_says_what_it_is_and_where_it_ends
        reads_side_by_side_do_not_meet
        nothing_is_sent_before_a_read_is_polled
        a_dropped_read_sends_nothing_more
        a_limit_of_records_ends_a_pass_that_goes_on
        a_pass_over_keys_yields_every_key
        wanted_fields_arrive
        digits_beyond_a_float_arrive;
    details:
        a_wanted_field_arrives_wherever_it_comes_from
        a_record_that_goes_during_a_read_stops_nothing
        what_is_forbidden_stops_that_read_alone;
    resuming:
        a_read_goes_on_after_any_batch
        an_interrupted_first_read_is_finished_by_a_read_of_changes
        a_state_survives_text_and_stays_small
        a_state_that_cannot_be_read_is_refused_at_once
        a_state_of_another_entity_is_refused;
    changes:
        a_second_read_brings_little
        a_created_record_shows
        an_updated_record_shows
        a_deleted_record_is_seen_to_be_gone
        what_changes_during_a_read_shows_in_the_next
        a_record_of_the_last_second_shows
        a_record_that_shows_late_is_not_lost;
    pages:
        a_page_token_that_repeats_ends_the_read
        an_empty_page_is_not_the_end
        a_record_that_comes_twice_does_no_harm;
    faults:
        passing_faults_change_nothing
        an_unreachable_provider_is_a_transport_error
        a_web_page_is_a_clear_error
        a_broken_body_is_a_clear_error
        an_endless_body_is_left
        an_error_names_its_entity_and_stays_short;
    limits:
        a_wait_in_seconds_is_waited_exactly
        a_wait_until_a_date_is_waited_exactly
        a_refusal_without_a_hint_is_backed_off
        a_wait_over_the_cap_is_handed_up
        the_published_limits_are_kept;
    lookups:
        a_lookup_answers_every_key_in_order
        a_lookup_takes_any_number_of_keys
        a_deleted_record_is_not_looked_up_as_there;
    writes:
        a_create_is_found_again
        an_update_changes_the_record
        an_update_to_the_same_value_does_no_harm
        an_update_of_a_record_that_changed_is_a_conflict
        a_delete_takes_effect_once
        outcomes_keep_their_order_around_a_bad_one
        an_unknown_action_is_refused_unsent
        a_dropped_write_stops;
    outcomes:
        a_write_whose_answer_is_lost_is_not_sent_again
        a_lost_create_is_found_by_its_marker
        a_write_that_never_left_is_done_once
        a_write_that_must_wait_is_deferred;
    secrets:
        the_secret_is_in_no_address
        the_secret_is_found_nowhere;
    privacy:
        nothing_of_a_record_is_printed;
}
