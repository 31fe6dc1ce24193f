"""F1 to F60: what can go wrong with a redemption, and what shows that it ends as it must."""

from __future__ import annotations

from dataclasses import replace

from tests.faults.register import Entry, needs_aws, pending, reached
from tests.faults.scenarios import SCENARIOS

SAGA, REDEEMING = "domain/redemptions/test_saga::test_", "domain/redemptions/test_redeeming::test_"
GIVING_BACK, SCREENING = "domain/redemptions/test_giving_back::test_", "domain/redemptions/test_screening::test_"
DOOR, HOOK = "lambdas/test_redemptions::test_", "lambdas/test_payment_webhook::test_"
PLACING, OBSERVING = "domain/orders/test_placing::test_", "domain/orders/test_observing::test_"
FOLLOWING, BUCKET = "domain/orders/test_following::test_", "domain/orders/test_bucket::test_"
PAYMENT, FLOW = "domain/payments/test_faults::test_", "domain/payments/test_flow::test_"
OLD, REFUND = "domain/payments/test_old_authorisations::test_", "domain/payments/test_refunds::test_"
HOLD, CROWD = "domain/points/test_hold::test_", "domain/points/test_concurrency::test_"
EXPIRY, ACCRUAL = "domain/points/test_expiry::test_", "domain/points/test_accrual::test_"
QUOTE, PRICING = "domain/quotes/test_quotes::test_", "domain/quotes/test_pricing::test_"
COMPARING, READOPTING = "domain/reconciliation/test_comparing::test_", "domain/reconciliation/test_readopting::test_"
OUTBOX = "domain/outbox/test_outbox::test_"
LANGUAGE = "faults/conformance/test_conformance::test_the_interpreter_ends_it_as_aws_does"

CRASHES = {
    "F1": reached(
        "the process dies before the hold",
        DOOR + "while_the_database_is_too_busy_nothing_is_held_and_the_member_is_told_when_to_come_back",
        REDEEMING + "a_redemption_that_was_refused_has_used_neither_key_nor_quote",
    ),
    "F2": reached(
        "dies after the hold, its answer lost",
        REDEEMING + "the_same_request_again_is_the_same_redemption",
        HOLD + "the_same_hold_again_is_a_replay_with_the_first_answer",
        DOOR + "the_same_request_again_is_answered_alike",
    ),
    "F3": reached(
        "dies between hold and authorisation, nobody returns",
        DOOR + "what_never_started_is_given_back_when_its_time_is_over",
        DOOR + "while_the_machine_is_away_the_redemption_stands_and_the_sweeper_starts_it",
        HOLD + "holds_whose_lease_ran_out_are_listed",
    ),
    "F4": reached(
        "dies after authorising, before it is recorded",
        PAYMENT + "f4_a_worker_that_dies_while_authorising_is_followed_by_another",
        PAYMENT + "f4_an_answer_that_never_reached_the_engine_is_given_again",
    ),
    "F5": reached(
        "dies after ordering, before it is recorded",
        PLACING + "a_process_that_dies_before_the_call_or_after_it_is_followed_by_a_look_up",
        PLACING + "a_process_that_dies_before_it_has_answered_is_followed_by_one_that_answers",
    ),
    "F6": reached(
        "dies between capture and commit",
        SAGA + "a_second_execution_goes_on_where_the_first_one_died",
        SAGA + "a_step_whose_answer_is_lost_is_done_once",
    ),
    "F7": reached(
        "dies in compensation",
        PAYMENT + "f7_a_worker_that_dies_while_giving_back_is_followed_by_another",
        REDEEMING + "cancelled_while_paying_the_reservation_is_given_back_before_the_points",
    ),
    "F8": reached(
        "every function is invoked twice",
        SAGA + "every_function_invoked_twice_ends_as_if_once",
        FLOW + "every_message_may_come_twice",
    ),
    "F9": reached(
        "two executions of one saga",
        "local/test_emulator::TestStateMachines::test_the_same_start_twice_is_one_execution_and_another_input_is_refused",
        SCREENING + "twins_and_replacements_of_an_execution_stand_still_together",
        SAGA + "an_answer_that_went_to_a_token_of_nobody_is_found_by_another_execution",
    ),
    "F10": reached(
        "an execution is started again after 14 days",
        SAGA + "an_execution_that_comes_far_too_late_gives_back_instead_of_ordering",
        SAGA + "an_execution_that_comes_far_too_late_goes_on_where_there_is_an_order",
    ),
    "F11": reached(
        "a function times out though its SQL was committed",
        SAGA + "a_step_whose_answer_is_lost_is_done_once",
        LANGUAGE,
    ),
    "F12": reached(
        "a task's answer comes after compensation began",
        SAGA + "when_placing_times_out_before_its_turn_the_order_is_taken_back",
        "containers/test_worker::test_an_answer_nobody_waits_for_is_no_error",
        LANGUAGE,
    ),
}

POINTS = {
    "F13": reached(
        "a hundred redemptions of a balance that affords one",
        CROWD + "of_a_hundred_holds_of_a_balance_that_affords_one_exactly_one_succeeds",
        REDEEMING + "a_balance_that_affords_one_redemption_pays_for_one",
    ),
    "F14": reached(
        "the same key a hundred times at once",
        CROWD + "the_same_key_a_hundred_times_at_once_is_one_hold_and_99_replays_with_the_same_answer",
        REDEEMING + "twenty_of_the_same_request_at_once_are_one_redemption",
    ),
    "F15": reached(
        "the same key with another amount",
        HOLD + "the_same_key_for_another_request_is_key_reuse_and_moves_nothing",
        REDEEMING + "a_key_with_another_body_is_refused",
    ),
    "F16": reached(
        "expiry runs while a lot is held",
        EXPIRY + "expiry_never_touches_held_points",
        EXPIRY + "points_that_lapsed_while_held_come_back_for_the_days_of_the_return_rule",
        EXPIRY + "our_failure_always_extends_and_leaves_the_members_own_extension",
    ),
    "F17": reached(
        "expiry and hold of one lot at the same instant",
        CROWD + "expiry_and_hold_of_the_same_lot_at_the_same_instant_happen_in_one_order",
    ),
    "F18": reached(
        "a late order is discovered after its points were released",
        READOPTING + "an_order_found_after_the_points_were_given_back_takes_them_again",
        READOPTING + "where_the_points_are_gone_the_house_bears_them_and_nobody_is_driven_below_zero",
    ),
    "F19": reached(
        "a hold over several lots is settled in part",
        HOLD + "settling_takes_the_soonest_of_the_hold_and_releasing_gives_back_the_latest_exactly",
        HOLD + "holds_of_many_lots_are_resolved_in_any_order_and_each_keeps_its_own",
    ),
    "F20": reached(
        "earned points are taken back that were spent",
        ACCRUAL + "a_reversal_takes_pending_points_first_then_its_lot_then_makes_debt",
        ACCRUAL + "what_cannot_be_taken_back_may_be_written_off",
        ACCRUAL + "later_points_pay_debt_first",
    ),
    "F21": reached(
        "a transfer while its giver redeems",
        "domain/points/test_transfer::test_anybody_gives_to_anybody_at_once_without_deadlock_or_loss",
        CROWD + "a_mix_of_everything_on_few_members_ends_without_deadlock",
    ),
    "F22": pending("two members are merged while one holds points", "6: staff merge duplicates"),
    "F23": reached(
        "tier or factor change between quote and hold",
        QUOTE + "a_quote_keeps_its_price_when_the_factor_or_the_members_tier_changes",
        SCREENING + "the_rules_are_those_of_the_redemptions_programme_version",
    ),
    "F24": reached(
        "an adjustment is clicked twice, or too large for one person",
        "lambdas/test_manager_api::test_a_small_adjustment_is_applied_at_once_and_only_once",
        "lambdas/test_manager_api::test_above_the_limit_a_second_person_decides",
    ),
}

MONEY = {
    "F25": reached(
        "authorising times out, though the money was reserved",
        PAYMENT + "f25_an_authorisation_whose_answer_is_lost_is_found_and_made_once",
        PAYMENT + "f25_when_the_engine_has_given_up_meanwhile_the_found_authorisation_goes_back",
        "domain/payments/test_stripe::test_a_call_whose_answer_is_lost_happens_once",
    ),
    "F26": reached(
        "the payment is declined",
        SAGA + "a_declined_payment_returns_the_points_and_nothing_is_ordered",
        FLOW + "a_no_ends_the_payment_and_says_whose_no_it_was",
    ),
    "F27": reached(
        "the authorisation grows old before the order",
        OLD + "f27_an_authorisation_is_renewed_on_its_sixth_day_and_not_before",
        OLD + "f27_a_renewal_that_is_declined_leaves_a_payment_that_must_not_be_relied_on",
        PLACING + "an_order_whose_reservation_was_lost_in_the_queue_is_not_sent",
        "domain/payments/test_stripe::test_f27_a_reservation_that_cannot_be_renewed_ends_before_it_lapses",
    ),
    "F28": reached(
        "capturing times out",
        PAYMENT + "f28_a_capture_whose_answer_is_lost_is_looked_up_and_happens_once",
        PAYMENT + "f28_a_worker_that_dies_while_capturing_is_followed_by_another",
        PAYMENT + "f28_a_capture_that_is_looked_up_is_not_sent_again",
    ),
    "F29": reached(
        "capturing fails for good after the order",
        SAGA + "money_that_cannot_be_taken_after_the_order_is_a_persons_work_and_the_order_stands",
        PAYMENT + "f29_a_capture_refused_for_good_says_so_and_reserves_nothing",
        "domain/payments/test_collecting::test_f29_what_has_left_and_cannot_be_taken_is_a_case_and_is_tried_again",
    ),
    "F30": reached(
        "a webhook replayed, reordered or forged",
        HOOK + "f30_an_event_replayed_a_thousand_times_is_kept_once",
        HOOK + "f30_a_forged_event_of_stripe_opens_nothing",
        HOOK + "f30_a_notice_of_amazon_pay_replayed_is_kept_once",
        HOOK + "f30_a_forged_notice_of_amazon_pay_opens_nothing",
        "domain/payments/test_notices::test_a_notice_that_says_what_is_not_so_changes_nothing",
    ),
    "F31": reached(
        "a chargeback after delivery",
        "domain/payments/test_notices::test_f31_a_chargeback_falls_to_the_house_until_it_is_won",
        HOOK + "f31_a_chargeback_is_a_case_and_the_points_stay",
    ),
    "F32": reached(
        "currencies, decimals, thirds",
        PRICING + "an_allocation_is_exact_and_fair_to_a_cent",
        PRICING + "accepted_units_cost_exactly_themselves_and_the_parts_are_the_whole",
        "domain/payments/test_client::test_currencies_without_minor_units_go_through_whole",
    ),
}

AMAZON = {
    "F33": reached(
        "the order was accepted, the answer lost",
        SAGA + "a_time_out_after_accepting_is_found_and_not_ordered_again",
        SAGA + "an_order_that_shows_late_is_still_one_order",
        PLACING + "not_found_is_believed_only_several_times_over_some_minutes",
    ),
    "F34": reached(
        "429, and more orders than the rate",
        PLACING + "a_429_keeps_the_place_in_the_queue_and_shuts_the_bucket",
        PLACING + "orders_leave_in_the_order_in_which_they_came",
        BUCKET + "sixteen_at_once_never_get_more_than_the_bucket_holds",
        REDEEMING + "who_waits_in_the_queue_is_told_how_long",
        "domain/redemptions/test_lock_order::test_the_sweeper_waits_for_the_first_member_with_no_other_in_hand",
    ),
    "F35": reached(
        "Amazon is away for two hours",
        PLACING + "while_the_look_up_fails_it_stays_unknown_and_is_given_up_in_the_end",
        REDEEMING + "while_orders_are_paused_nothing_is_held",
        QUOTE + "amazon_out_of_reach_is_told_with_a_time_to_come_back",
    ),
    "F36": reached(
        "the price rose within the tolerance",
        SAGA + "a_price_that_rose_within_the_tolerance_is_the_programmes_to_pay",
        COMPARING + "a_price_within_the_tolerance_is_the_houses_by_product_and_seller",
    ),
    "F37": reached(
        "the price rose above it, or the item is gone",
        SAGA + "all_rejected_gives_everything_back_and_says_why",
        SAGA + "money_of_which_nothing_was_accepted_is_given_back_also_by_shipment",
    ),
    "F38": reached(
        "accepted in part",
        SAGA + "of_three_units_two_are_accepted_and_exactly_two_thirds_are_paid",
        SAGA + "a_partial_order_against_the_members_wish_is_carried_out_and_told_to_a_person",
    ),
    "F39": reached(
        "an accepted line is cancelled later",
        GIVING_BACK + "what_amazon_cancels_later_is_given_back_in_one_go_with_what_was_heard",
        GIVING_BACK + "an_event_gives_back_once",
        FOLLOWING + "units_that_amazon_cancels_are_lost_when_the_order_says_so",
        REFUND + "what_was_taken_is_sent_back_once_an_event",
    ),
    "F40": reached(
        "news of packages out of order, twice, or missing",
        OBSERVING + "every_permutation_ends_the_same",
        OBSERVING + "duplicates_change_nothing_and_gaps_are_filled_by_what_comes_later",
        OBSERVING + "a_package_never_goes_back_and_the_members_hear_it_once",
    ),
    "F41": reached(
        "a return after all its lots have lapsed",
        GIVING_BACK + "points_that_lapsed_come_back_and_the_members_return_extends_once",
        "domain/points/test_restore::test_a_member_extends_what_lapsed_once",
        "domain/points/test_restore::test_ours_comes_back_always_and_leaves_the_members_extension_as_it_was",
    ),
    "F42": reached("undeliverable", FOLLOWING + "the_carrier_is_asked_only_when_a_package_is_overdue"),
    "F43": reached(
        "credentials are revoked in the middle",
        PLACING + "what_is_wrong_with_the_programme_stops_it_and_keeps_the_queue",
        PLACING + "a_paused_connection_without_orders_is_probed",
        FLOW + "a_revoked_key_waits_for_a_person_and_declines_nobody",
    ),
    "F44": reached(
        "the catalogue says yes, the trial order no",
        QUOTE + "what_cannot_be_had_is_refused_by_line_and_nothing_is_promised",
    ),
    "F45": reached(
        "Amazon's statement differs from what was captured",
        COMPARING + "a_price_within_the_tolerance_is_the_houses_by_product_and_seller",
        COMPARING + "a_total_beyond_the_tolerance_is_a_ticket_and_not_the_houses",
        COMPARING + "what_is_corrected_later_is_taken_off_the_houses_account",
    ),
}

PLATFORM = {
    "F46": reached(
        "the database dies in the middle of a transaction",
        "domain/points/test_proofs::test_ten_crashes_under_load_lose_nothing_acknowledged_and_double_nothing",
        "domain/points/test_proofs::test_what_32_clients_were_told_while_backends_were_terminated_is_one_history",
    ),
    "F47": needs_aws(
        "failover while the old writer still answers",
        "a laptop has one writer; nothing is read from a reader, and the old writer of Aurora takes no writes",
    ),
    "F48": reached(
        "deadlock, serialisation failure, lock timeout",
        SAGA + "a_step_that_a_lock_holds_up_too_long_is_done_again",
        DOOR + "while_the_database_is_too_busy_nothing_is_held_and_the_member_is_told_when_to_come_back",
        DOOR + "a_database_that_is_away_is_an_error_the_machine_retries_by_name",
    ),
    "F49": reached(
        "no connection is free",
        DOOR + "while_the_database_is_too_busy_nothing_is_held_and_the_member_is_told_when_to_come_back",
        "lambdas/test_http::test_a_database_that_is_away_is_503_with_a_time_to_come_back",
    ),
    "F50": reached(
        "clocks ten minutes apart",
        REDEEMING + "a_key_is_taken_in_its_time_and_replayed_for_ever",
        "domain/test_clock::test_a_key_older_than_two_days_or_from_the_future_is_not_fresh",
        "domain/test_time::test_time_and_ids_come_from_the_clock",
        "fuzz/test_bad_input::test_a_key_of_another_time",
    ),
    "F51": reached(
        "next month has no partition",
        "domain/points/test_journal::test_a_month_without_a_partition_is_closed_and_opens_when_partitions_are_made",
        "domain/points/test_journal::test_the_journal_has_this_month_and_three_ahead_each_with_its_walls",
        "domain/reports/test_watching::test_a_missing_month_is_seen_two_months_before_it_is_needed",
    ),
    "F52": pending("a partition is archived while it is read", "8: every partition stays until the lake has it"),
    "F53": reached(
        "a migration under load",
        "faults/test_upgrading::test_points_move_on_while_every_function_is_replaced",
        "domain/points/test_row_migration::test_a_ledger_filled_before_is_brought_over_whole",
    ),
    "F54": reached(
        "a restore to an earlier time",
        READOPTING + "an_order_placed_after_the_restore_point_is_taken_up_and_not_placed_again",
        READOPTING + "money_that_was_reserved_and_not_taken_is_taken_once",
        READOPTING + "a_redemption_that_the_database_does_not_know_is_a_case_with_all_there_is",
        READOPTING + "said_twice_nothing_happens_twice",
    ),
    "F55": reached(
        "the outbox's relay dies or repeats",
        OUTBOX + "a_relay_that_dies_after_sending_sends_again_and_loses_nothing",
        OUTBOX + "four_relays_at_once_send_each_event_once_and_in_order",
        OUTBOX + "whatever_the_bus_answers_each_event_arrives_and_first_arrivals_keep_their_order",
    ),
    "F56": needs_aws("a region is lost", "there is one region on a laptop; what follows it is what follows F54"),
}

ABUSE = {
    "F57": reached(
        "an account is taken over",
        SCREENING + "a_taken_over_account_moves_nothing",
        SCREENING + "an_address_that_would_be_stopped_cannot_be_slipped_in_after_the_look",
    ),
    "F58": reached(
        "buy, earn, send back, keep",
        ACCRUAL + "earning_spending_and_refunding_in_any_number_gains_nothing",
        "domain/points/test_budget::test_over_any_parts_a_bonus_comes_back_like_the_purchase_and_the_last_point_takes_the_rest",
    ),
    "F59": reached(
        "cancelling to dodge expiry",
        EXPIRY + "the_member_extends_a_lot_only_once_and_then_it_expires",
        "domain/points/test_transfer::test_a_lot_that_was_extended_stays_marked_in_other_hands",
        "domain/points/test_model::test_any_history_ends_as_the_plain_ledger_says",
    ),
    "F60": reached(
        "negative, nothing, enormous, no number, odd ids",
        "fuzz/test_bad_input::test_a_negative_or_enormous_amount",
        "fuzz/test_bad_input::test_a_number_that_is_none",
        "fuzz/test_nonsense::test_no_nonsense_is_a_fault_of_ours",
        HOLD + "an_amount_that_is_no_amount_is_invalid_and_moves_nothing",
    ),
}

FAULTS: dict[str, Entry] = {
    # A scenario of the storm has its fault's name, and after a dash which way of it.
    name: replace(entry, storm=tuple(key for key in SCENARIOS if key.partition("-")[0] == name))
    for name, entry in {**CRASHES, **POINTS, **MONEY, **AMAZON, **PLATFORM, **ABUSE}.items()
}
