-- Levels that staff give: until a day, for a reason, never lower than what the member has.

-- Statuses: ok, replay, key_reuse, unknown_tier, lowest (everybody has that one), past, too_far (more than five years), closed.
create or replace function tiers.grant_level(
    p_program_id int, p_grant_id uuid, p_member_id bigint, p_tier text, p_until date, p_reason_code text,
    p_request_hash bytea, p_actor text
) returns text language plpgsql security definer set search_path = pg_catalog as $$
declare
    l tiers.ladder := tiers.ladder_of(p_program_id);
    v_hash bytea;
begin
    perform tiers.lock(p_program_id, array[p_member_id]);
    select g.request_hash into v_hash from tiers.granted g where g.program_id = p_program_id and g.grant_id = p_grant_id;
    if found then return case when v_hash = p_request_hash then 'replay' else 'key_reuse' end; end if;
    if not clock.key_is_fresh(p_grant_id) then return 'key_time'; end if;
    if coalesce(members.state_of(p_program_id, p_member_id), 'closed') = 'closed' then return 'closed'; end if;
    if array_position(l.codes, p_tier) is null then return 'unknown_tier'; end if;
    if p_tier = l.codes[1] then return 'lowest'; end if;
    if p_until < l.today then return 'past'; end if;
    if p_until > l.today + 1830 then return 'too_far'; end if;
    insert into tiers.granted (
        program_id, grant_id, member_id, tier, until, reason_code, request_hash, granted_by, granted_at)
    values (p_program_id, p_grant_id, p_member_id, p_tier, p_until, p_reason_code, p_request_hash, p_actor, clock.now())
    on conflict do nothing;
    -- Another member's grant took the key while we waited.
    if not found then return 'key_reuse'; end if;
    perform tiers.settle(l, array[p_member_id], 'granted', p_actor);
    return 'ok';
end $$;

-- Statuses: ok, ended (it has run out, or was withdrawn: again is the same answer), unknown.
create or replace function tiers.withdraw_grant(p_program_id int, p_member_id bigint, p_grant_id uuid, p_actor text)
returns text language plpgsql security definer set search_path = pg_catalog as $$
declare
    l tiers.ladder := tiers.ladder_of(p_program_id);
    g tiers.granted;
begin
    perform tiers.lock(p_program_id, array[p_member_id]);
    select * into g from tiers.granted o
    where o.program_id = p_program_id and o.member_id = p_member_id and o.grant_id = p_grant_id;
    if not found then return 'unknown'; end if;
    if g.withdrawn_at is not null or g.until < l.today then return 'ended'; end if;
    update tiers.granted o set withdrawn_by = p_actor, withdrawn_at = clock.now(), row_xid = pg_current_xact_id()
    where o.program_id = p_program_id and o.grant_id = p_grant_id;
    perform tiers.settle(l, array[p_member_id], 'grant_withdrawn', p_actor);
    return 'ok';
end $$;
