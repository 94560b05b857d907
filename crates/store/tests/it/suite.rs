//! What every database must do. A database joins by implementing `Database` and one line: `every_case!(ItsDatabase);`.

pub(crate) mod audit;
pub(crate) mod gateway;
pub(crate) mod grants;
pub(crate) mod hostile;
pub(crate) mod inbox;
pub(crate) mod installations;
pub(crate) mod lifecycle;
pub(crate) mod outbox;
pub(crate) mod people;
pub(crate) mod races;
pub(crate) mod requests;
pub(crate) mod retention;
pub(crate) mod votes;

/// Makes a test of each case on one database.
macro_rules! cases {
    ($database:ty: $($area:ident { $($case:ident,)* })*) => {
        $(mod $area {
            use super::*;
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $case() {
                    let Some(database) = <$database as crate::fixture::Database>::create().await else { return };
                    crate::suite::$area::$case(&database).await;
                }
            )*
        })*
    };
}

/// Every case, on one database.
macro_rules! every_case {
    ($database:ty) => {
        crate::suite::cases! { $database:
            requests {
                an_inserted_request_is_read_back_as_it_was,
                the_same_key_is_the_same_request,
                pending_ones_come_oldest_first_and_recent_ones_newest_first,
                a_denial_without_a_vote_ends_it_once,
                a_cancellation_ends_it_once,
                what_is_not_there_is_missing,
                every_way_of_cancelling_is_kept,
                only_what_is_due_expires,
                one_whose_time_is_over_otherwise_expires_too,
                expiry_stops_at_its_limit,
                a_dossier_holds_votes_people_and_grant,
            }
            votes {
                one_approval_decides_when_one_is_enough,
                two_people_are_two_people,
                the_same_approval_again_changes_nothing,
                an_approval_may_become_a_denial,
                a_denial_decides_with_its_reason,
                who_may_not_vote_changes_nothing_but_the_trail,
                the_requester_may_deny_but_not_approve,
                a_vote_at_the_moment_of_expiry_is_too_late,
                a_vote_after_the_end_is_too_late,
                an_unknown_token_is_said_to_be_unknown,
                a_voter_who_left_the_group_no_longer_counts,
                an_approval_repeated_with_new_groups_may_decide,
                two_identities_of_a_person_are_one_voter,
            }
            grants {
                a_grant_is_claimed_once,
                a_claim_at_the_last_moment_is_in_time,
                a_late_claim_lapses_and_is_recorded,
                a_clock_set_back_gives_no_grant_more_time,
                without_an_approval_there_is_no_grant,
                a_claimed_grant_ends_once,
                what_became_unknown_stays_unknown,
                a_grant_ends_only_as_finished_or_unknown,
                grants_that_have_not_ended_are_listed,
            }
            gateway {
                a_connection_gets_a_new_revision_with_every_change,
                a_connection_made_anew_has_no_old_revision,
                what_is_used_is_not_deleted,
                an_approved_command_is_opened_once,
                two_nodes_open_an_approved_command_once,
                a_changed_connection_makes_an_approval_useless,
                nobody_opens_what_is_not_theirs_or_not_approved,
                access_lasts_as_long_as_was_approved,
                what_is_taken_back_opens_nothing,
                breaking_the_glass_approves_with_its_own_mark,
                a_deleted_person_loses_everything_but_their_votes,
                tokens_have_names_and_an_end,
                the_first_administrator_is_made_once,
                an_account_of_somebody_else_is_not_taken_away,
                a_code_has_five_tries_and_an_end,
                settings_are_kept_and_never_recorded,
                nodes_tell_their_agents,
            }
            outbox {
                a_new_request_is_posted_to_each_channel_once,
                leases_of_the_dead_are_released,
                a_request_whose_every_message_is_lost_is_undeliverable,
                what_is_leased_is_not_leased_again_until_the_lease_ends,
                a_clock_set_back_holds_no_message_up,
                a_newer_version_is_handed_back_at_once,
                a_decision_brings_posted_messages_up_to_date,
                a_failure_waits_for_its_time,
                what_is_parked_stays_parked_and_is_reported,
                what_was_never_posted_is_not_posted_after_the_end,
                a_first_post_under_way_is_brought_up_to_date,
                a_message_that_is_asked_for_is_posted_once_though_the_request_goes_on,
                an_emergency_is_posted_though_nobody_was_asked,
                a_copy_is_closed_too,
                a_known_message_is_no_copy,
                a_copy_that_turns_out_to_be_the_post_is_forgotten,
                a_lease_stops_at_its_limit,
                an_older_answer_is_repaired,
                an_answer_about_nothing_is_ignored,
            }
            installations {
                what_slack_told_is_kept_the_latest_first,
            }
            inbox {
                an_envelope_is_kept_once,
                what_is_handled_does_not_come_again,
                handled_envelopes_are_forgotten_in_time,
            }
            retention {
                what_ended_long_ago_is_forgotten_and_the_trail_stays_whole,
                what_is_not_at_rest_stays,
                forgetting_stops_at_its_limit_oldest_first,
            }
            people {
                an_identity_names_one_person,
                an_identity_moves_to_its_new_person,
                a_person_is_replaced_and_recorded_once,
                an_identity_needs_a_person,
            }
            audit {
                rows_are_linked_in_order_and_proven,
                linking_stops_at_its_limit_and_goes_on,
                details_tell_the_digest_and_never_the_input,
                heads_come_newest_first,
            }
            lifecycle {
                everything_lasts,
                a_closed_store_says_so,
                closing_finishes_what_waits,
                a_waiter_is_woken_after_the_commit,
                a_refused_change_leaves_the_others_of_its_group,
            }
            races {
                approve_against_deny_has_one_winner,
                the_same_person_twice_counts_once,
                two_people_at_once_decide_once,
                vote_against_expiry_has_one_winner,
                vote_against_cancel_has_one_winner,
                two_claims_have_one_winner,
                one_key_at_once_is_one_request,
                a_thousand_at_once_all_count,
                a_dropped_caller_loses_nothing_half,
                two_leases_share_no_row,
                two_chainers_make_one_chain,
            }
            hostile {
                sql_in_texts_stays_text,
                nul_and_other_characters_survive,
                a_megabyte_survives,
                a_token_cannot_be_taken_twice,
                extreme_times_and_limits_are_taken,
            }
        }
    };
}

pub(crate) use {cases, every_case};
