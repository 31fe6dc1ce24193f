"""I1 to I22: what must hold after every step, and what shows it."""

from __future__ import annotations

from tests.faults.register import Entry, pending, reached

POINTS, REDEMPTIONS = "domain/points/", "domain/redemptions/"
HISTORY = POINTS + "test_model::test_any_history_ends_as_the_plain_ledger_says"
CLIENTS = POINTS + "test_proofs::test_what_32_clients_were_told_while_backends_were_terminated_is_one_history"
PLANTED = REDEMPTIONS + "test_invariants::test_a_planted_error_is_seen"

INVARIANTS: dict[str, Entry] = {
    "I1": reached("conservation", HISTORY, POINTS + "test_transfer::test_a_transfer_that_only_left_is_a_violation"),
    "I2": reached(
        "the cache is the truth", HISTORY, POINTS + "test_journal::test_the_member_row_cannot_disagree_with_its_lots"
    ),
    "I3": reached(
        "nothing below zero",
        POINTS + "test_concurrency::test_of_a_hundred_holds_of_a_balance_that_affords_one_exactly_one_succeeds",
        CLIENTS,
    ),
    "I4": reached(
        "at most once",
        POINTS + "test_hold::test_settle_and_release_replay_by_their_own_key_and_know_their_request",
        POINTS + "test_hold::test_a_key_of_one_operation_is_no_key_of_another",
        CLIENTS,
    ),
    "I5": reached(
        "a hold is resolved once",
        POINTS + "test_concurrency::test_one_hold_is_resolved_once_however_many_try",
        POINTS + "test_hold::test_a_hold_is_resolved_in_parts_in_any_order_but_never_beyond_it",
    ),
    "I6": reached(
        "every lot adds up",
        HISTORY,
        POINTS + "test_hold::test_holds_and_their_lots_that_do_not_match_are_a_violation",
    ),
    "I7": reached(
        "nothing is drawn from what has lapsed",
        POINTS + "test_expiry::test_lapsed_points_cannot_be_spent_even_before_the_job_ran",
        POINTS + "test_expiry::test_no_result_depends_on_when_the_expiry_job_ran",
    ),
    "I8": reached(
        "the journal is only ever continued",
        POINTS + "test_journal::test_not_even_the_owner_changes_what_was_written",
        POINTS + "test_journal::test_the_chain_detects_a_change_of_any_column",
        POINTS + "test_journal::test_a_row_that_vanished_is_detected",
    ),
    "I9": reached(
        "captured at most what was authorised, for what was accepted",
        "domain/payments/test_storm::test_payments_survive_a_storm",
        "domain/payments/test_collecting::test_any_order_of_shipments_cancellations_returns_faults_and_repetitions_comes_out_to_the_cent",
        PLANTED,
    ),
    "I10": reached(
        "one order a redemption, and none without a hold",
        PLANTED,
        REDEMPTIONS + "test_saga::test_an_order_that_shows_late_is_still_one_order",
    ),
    "I11": reached(
        "the quote is honoured",
        PLANTED,
        "domain/quotes/test_quotes::test_a_quote_keeps_its_price_when_the_factor_or_the_members_tier_changes",
    ),
    "I12": reached(
        "whatever is open ends",
        "lambdas/test_redemptions::test_an_execution_that_died_is_replaced_by_one_of_another_name",
        REDEMPTIONS + "test_screening::test_one_whose_execution_died_is_found_and_ends_at_its_deadline",
        REDEMPTIONS + "test_saga::test_an_answer_that_went_to_a_token_of_nobody_is_found_by_another_execution",
        REDEMPTIONS + "test_saga::test_an_order_nobody_can_find_is_told_to_a_person_and_its_hold_is_kept",
    ),
    "I13": reached(
        "journal, provider and Amazon agree, or a ticket says why not",
        "domain/reconciliation/test_comparing::test_what_all_three_say_alike_matches",
        "domain/reconciliation/test_comparing::test_what_the_provider_says_otherwise_is_a_ticket",
        "domain/reconciliation/test_comparing::test_points_that_are_not_those_of_the_units_are_a_ticket",
        "domain/reconciliation/test_running::test_the_standing_counts_what_is_unmatched_and_how_old_it_is",
    ),
    "I14": reached(
        "every split adds up",
        REDEMPTIONS
        + "test_giving_back::test_any_sequence_of_cancellations_and_returns_sums_exactly_to_what_was_charged",
        "domain/quotes/test_pricing::test_accepted_units_cost_exactly_themselves_and_the_parts_are_the_whole",
    ),
    "I15": reached(
        "a past balance is the replay until then",
        POINTS + "test_statement::test_the_balance_of_any_instant_is_the_replay_of_the_journal_until_then",
    ),
    "I16": reached("nobody sees a balance go back", CLIENTS),
    "I17": reached(
        "a campaign's budget is never passed",
        POINTS + "test_budget::test_sixteen_clients_spend_a_budget_to_the_last_point_and_never_above",
        POINTS + "test_budget::test_everything_at_once_neither_loses_money_nor_waits_for_ever",
    ),
    "I18": reached(
        "no programme and no member meets another's rows",
        "fuzz/test_closed_doors::test_outsiders_see_and_move_nothing_of_others",
        "domain/test_doors::test_a_members_door_reaches_no_row_without_saying_whose",
        POINTS + "test_hold::test_a_member_of_another_programme_is_unknown",
    ),
    "I19": pending("after an erasure nothing personal is left", "6: erase"),
    "I20": reached(
        "no deadlock in the mix",
        POINTS + "test_concurrency::test_a_mix_of_everything_on_few_members_ends_without_deadlock",
        POINTS + "test_transfer::test_anybody_gives_to_anybody_at_once_without_deadlock_or_loss",
        REDEMPTIONS + "test_lock_order::test_the_sweeper_waits_for_the_first_member_with_no_other_in_hand",
    ),
    "I21": pending(
        "webhooks out, each row at least once and in order", "6: webhooks out; the outbox under them is F55"
    ),
    "I22": reached(
        "no message states a balance that never was",
        "domain/notifications/test_telling::test_a_balance_is_told_with_the_version_at_which_it_was_true",
    ),
}
