//! The laws that every store keeps, as tests for whoever writes one.
//!
//! ```
//! # mod tests {
//! use tieline_store::MemoryStore;
//!
//! async fn store() -> Box<MemoryStore> {
//!     Box::new(MemoryStore::new())
//! }
//!
//! // One `#[tokio::test]` per law. What `store` answers must dereference to a new, empty store.
//! tieline_store::contract_tests!(store);
//! // The same for a store that is an outbox too.
//! tieline_store::outbox_contract_tests!(store);
//!
//! // For a store that keeps connections too; and how to make the handle of another tenant.
//! tieline_store::connection_contract_tests!(store, MemoryStore::for_tenant);
//! # }
//! ```
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::missing_panics_doc)]

mod commits;
mod connections;
mod differential;
mod host;
mod isolation;
mod leases;
mod outbox;
mod outbox_queue;
mod passes;
mod pending;
mod secrets;
mod staleness;
mod targets;
mod tenants;
mod world;

pub use commits::*;
pub use connections::*;
pub use differential::{History, agrees_with_memory, histories, other_tenant};
pub use host::{CANARY, Elapse, Tenants, TimedOutbox, WholeStore};
pub use isolation::*;
pub use leases::*;
pub use outbox::*;
pub use outbox_queue::*;
pub use passes::*;
pub use pending::*;
pub use secrets::*;
pub use staleness::*;
pub use targets::*;
pub use tenants::*;

/// Makes one test per law of the [contract](crate::contract). Needs tokio's `macros` and `rt`.
#[macro_export]
macro_rules! contract_tests {
    ($store:path) => {
        $crate::contract_tests! { @laws $store,
            changes_rows_and_state_are_stored_together
            a_failing_commit_changes_nothing
            a_read_resumes_at_any_batch
            unchanged_records_touch_nothing_downstream
            several_changes_to_a_key_count_once
            a_merge_removes_the_key_that_is_gone
            deletions_reach_as_far_as_they_say
            keys_may_hold_any_character
            numbers_are_kept_as_they_are_written
            a_batch_may_be_larger_than_a_statement
            two_runs_of_a_stream_cannot_interleave
            pages_are_stable

            a_complete_pass_sweeps_what_it_did_not_see
            a_pass_over_keys_sweeps_and_names_what_is_unknown
            the_brake_stops_a_suspicious_sweep
            only_a_complete_pass_sweeps
            an_interrupted_pass_keeps_what_it_saw
            a_run_that_starts_over_counts_anew
            passes_over_keys_and_records_do_not_disturb_each_other
            entities_that_share_a_state_are_swept_together
            a_sweep_stays_within_its_partition

            a_refused_record_is_pending_until_it_comes
            a_held_deletion_keeps_the_record_and_its_row
            held_deletions_are_all_made_or_none
            a_record_that_comes_back_is_not_deleted
            other_deletions_are_not_held
            pending_records_belong_to_their_stream
            the_fields_on_request_of_a_stream_are_kept

            a_changed_look_up_makes_rows_stale
            a_record_that_was_left_out_comes_back
            a_look_up_that_changes_in_the_same_commit_makes_rows_stale
            a_look_up_that_changes_meanwhile_makes_rows_stale
            a_row_of_an_older_record_is_not_written
            a_sweep_makes_rows_stale
            a_held_removal_keeps_the_row_as_a_stale_one

            rows_go_with_their_records
            a_changed_mapping_makes_all_rows_stale
            a_target_holds_rows_of_one_entity
            rows_need_an_open_target_and_a_record
            rows_are_found_by_their_keys

            connections_do_not_see_each_other
            erasing_leaves_nothing_and_revives_nothing
        }
    };
    (@laws $store:path, $($law:ident)*) => {
        $(
            #[::tokio::test]
            async fn $law() {
                $crate::contract::$law(&*$store().await).await;
            }
        )*
    };
}

/// Makes one test per law of an outbox whose time passes when a test says so: [`Elapse`](crate::contract::Elapse). Needs what [`contract_tests`](crate::contract_tests) needs.
#[macro_export]
macro_rules! outbox_contract_tests {
    ($store:path) => {
        $crate::contract_tests! { @laws $store,
            an_operation_is_stored_once
            operations_come_back_as_they_were
            operations_go_out_in_order
            operations_on_a_record_keep_their_order
            what_is_claimed_is_claimed_once
            a_change_needs_the_entry_as_it_was
            each_status_is_kept
            a_lease_ends
            unsettled_operations_are_listed_when_due
            a_question_is_answered_once
            the_marker_is_kept_with_the_attempt
            partitions_are_claimed_apart
            outbox_pages_are_stable
            only_finished_operations_are_pruned
            outboxes_do_not_see_each_other
        }
    };
}

/// Makes one test per law of a store of connections, which is a store of everything else too. `$store`
/// returns what dereferences to a new, empty store of the tenant `main`; `$for_tenant` is called with that and a tenant,
/// and returns the same store for it. Needs what [`contract_tests`](crate::contract_tests) needs.
#[macro_export]
macro_rules! connection_contract_tests {
    ($store:path, $for_tenant:path) => {
        $crate::connection_contract_tests! { @laws $store, $for_tenant,
            a_connection_is_kept_as_it_was_made
            an_id_is_taken_once
            a_change_is_kept_and_told
            runs_are_noted
            a_stale_report_changes_nothing
            an_account_is_compared_at_each_reconnect
            a_replaced_account_leaves_nothing_behind
            connections_come_in_pages
            removing_leaves_only_the_log
            what_cannot_be_kept_is_refused
            the_log_comes_in_pages

            a_secret_comes_back_as_it_was_sealed
            a_generation_is_replaced_once
            only_the_latest_lease_may_write
            an_intent_stays_until_its_end_is_known
            a_refused_secret_stays_refused_until_it_is_replaced
            rewrapping_changes_only_the_key
            a_deleted_secret_is_gone
            renewals_are_found_in_time
            secrets_come_in_pages
            the_key_check_is_one_for_all_tenants

            a_lease_is_held_by_one
            a_lease_is_prolonged_and_released
            a_consent_is_taken_once
            a_consent_that_was_looked_at_stays
            consents_end

            a_tenant_sees_nothing_of_another
            tenants_may_use_the_same_names
            no_answer_shows_a_secret
        }
    };
    (@laws $store:path, $for_tenant:path, $($law:ident)*) => {
        $(
            #[::tokio::test]
            async fn $law() {
                let store = $store().await;
                let other = $for_tenant(&*store, $crate::TenantId::new("globex"));
                $crate::contract::$law(&$crate::contract::Tenants::new(&*store, &other)).await;
            }
        )*
    };
}
