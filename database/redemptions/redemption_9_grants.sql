-- Who may call what of the redemption flow.
grant usage on schema redemptions to member_api, quote_api, manager_api, engine_step, order_information, sweeper, auditor;

grant execute on function
    redemptions.redeem(integer, bigint, uuid, uuid, bigint, bigint, bytea, text, bytea),
    redemptions.cancel(integer, bigint, uuid),
    redemptions.change_address(integer, bigint, uuid, uuid),
    redemptions.remove_address(integer, bigint, uuid),
    redemptions.overview(integer, bigint, uuid),
    redemptions.list(integer, bigint, uuid, integer),
    redemptions.state_for_member(integer, bigint, uuid),
    redemptions.started(integer, uuid)
to member_api;

grant execute on function redemptions.overview_for_staff(integer, uuid) to manager_api;

grant execute on function
    redemptions.begin(integer, uuid),
    redemptions.screen(integer, uuid),
    redemptions.go(integer, uuid),
    redemptions.turn_back(integer, uuid, text),
    redemptions.release(integer, uuid),
    redemptions.settle(integer, uuid),
    redemptions.close(integer, uuid),
    redemptions.review(integer, uuid, text),
    redemptions.look(integer, uuid),
    redemptions.ended(integer, uuid)
to engine_step;

grant execute on function
    redemptions.started(integer, uuid),
    redemptions.unstarted(integer, interval),
    redemptions.to_check(integer, interval),
    redemptions.execution_died(integer, uuid, text),
    redemptions.overlooked(integer),
    redemptions.extend_leases(integer),
    redemptions.abandon(integer),
    redemptions.payments_to_abandon(integer),
    redemptions.standing(integer)
to sweeper;

grant execute on function redemptions.observe(text, jsonb), redemptions.follow_up(integer, uuid) to order_information;

grant select on redemptions.invariants, redemptions.open_by_state to auditor;

grant execute on function redemptions.capped(integer, bigint, text[], integer[]) to quote_api;
