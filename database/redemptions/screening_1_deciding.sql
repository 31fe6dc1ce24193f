-- Screening: what the rules of a redemption's programme version say of it, read on the writer in the step that acts on it,
-- and kept with all that was read.

create or replace trigger append_only before update or delete on redemptions.screening
    for each row execute function redemptions.refuse_change();

-- Internal: the version's rules and limits; {} where the version is older than they are.
create or replace function redemptions.screening_policy(program_id integer, programme_version integer) returns jsonb
language sql stable set search_path = pg_catalog as $$
    select case jsonb_typeof(v.document -> 'screening') when 'object' then v.document -> 'screening' else '{}' end
    from programme.version(screening_policy.program_id, screening_policy.programme_version) as v
$$;

-- Internal: what one rule finds: {"hit": boolean, …what it has read}. Ids, amounts and times only.
create or replace function redemptions.rule_finds(redemption redemptions.redemption, address_id uuid, rule jsonb)
returns jsonb language plpgsql stable set search_path = pg_catalog as $$
declare
    since constant timestamptz := redemption.created_at - make_interval(hours => coalesce((rule ->> 'hours')::integer, 0));
    most constant bigint := (rule ->> 'over')::bigint;
    moved_at timestamptz;
    balance bigint;
    counted bigint;
begin
    case rule ->> 'when'
        when 'new_device' then
            -- Known is a device from which something was ordered or confirmed before; none at all is not known.
            select count(*) into counted from redemptions.redemption as r
            where r.program_id = redemption.program_id and r.member_id = redemption.member_id
              and r.redemption_id <> redemption.redemption_id and r.device_hash = redemption.device_hash
              and (r.state in ('ordering', 'settled') or r.outcome in ('completed', 'partially_completed')
                   or exists (select from redemptions.parking as p
                              where p.program_id = r.program_id and p.redemption_id = r.redemption_id
                                and p.result in ('confirmed', 'approved')));
            return jsonb_build_object('hit', counted = 0, 'named', redemption.device_hash is not null,
                                      'used_before', counted);
        when 'contact_changed' then
            -- An address is never changed: another one is a new one.
            select greatest(members.contact_changed_at(redemption.program_id, redemption.member_id), a.created_at)
            into moved_at
            from members.shipping_address(redemption.program_id, redemption.member_id, rule_finds.address_id) as a;
            return jsonb_build_object('hit', coalesce(moved_at > since, false), 'changed_at', moved_at);
        when 'balance_share' then
            select b.available + b.held into balance
            from points.balance(redemption.program_id, redemption.member_id) as b;
            return jsonb_build_object('hit', redemption.points::numeric * 100 > balance::numeric * most,
                                      'points', redemption.points, 'balance', balance);
        when 'points_spent' then
            select coalesce(sum(r.points - r.released_points), 0) into counted from redemptions.redemption as r
            where r.program_id = redemption.program_id and r.member_id = redemption.member_id and r.created_at > since;
            return jsonb_build_object('hit', counted > most, 'points', counted);
        when 'shared_address' then
            select count(distinct s.member_id) into counted
            from members.same_place(redemption.program_id, redemption.member_id, rule_finds.address_id) as s
            where s.member_id = redemption.member_id
               or exists (select from redemptions.redemption as r
                          where r.program_id = redemption.program_id and r.member_id = s.member_id
                            and r.address_id = s.address_id
                            and coalesce(r.outcome, '') not in ('cancelled', 'failed', 'expired', 'rejected',
                                                                'payment_declined', 'payment_abandoned'));
            return jsonb_build_object('hit', counted > most, 'members', counted);
    end case;
end
$$;

-- Internal: {action, points, hits, facts} for a redemption that goes to this address. The strictest rule that hits decides,
-- and the points of all that hit.
create or replace function redemptions.weigh(redemption redemptions.redemption, address_id uuid) returns jsonb
language plpgsql stable set search_path = pg_catalog as $$
declare
    policy constant jsonb := redemptions.screening_policy(redemption.program_id, redemption.programme_version);
    strictness constant text[] := array['allow', 'step_up', 'review'];
    rule jsonb;
    fact jsonb;
    strictest integer := 1;
    points integer := 0;
    hits jsonb := '[]';
    facts jsonb := '{}';
begin
    for rule in select r.rule from jsonb_array_elements(policy -> 'rules') with ordinality as r (rule, place)
                order by r.place loop
        fact := redemptions.rule_finds(redemption, weigh.address_id, rule);
        facts := facts || jsonb_build_object(rule ->> 'code', fact - 'hit');
        if (fact ->> 'hit')::boolean then
            hits := hits || jsonb_build_array(jsonb_strip_nulls(rule) || jsonb_build_object('found', fact - 'hit'));
            points := points + coalesce((rule ->> 'points')::integer, 0);
            strictest := greatest(strictest, coalesce(array_position(strictness, rule ->> 'action'), 1));
        end if;
    end loop;
    if points >= (policy ->> 'review_points')::integer then
        strictest := 3;
    elsif points >= (policy ->> 'step_up_points')::integer then
        strictest := greatest(strictest, 2);
    end if;
    return jsonb_build_object('action', strictness[strictest], 'points', points, 'hits', hits, 'facts', facts);
end
$$;

-- Internal: the decision on a redemption whose row is locked; made once. `early`: the time to change one's mind is not over,
-- so only what stops it is kept, and the others are looked at again.
create or replace function redemptions.screened_as(redemption redemptions.redemption, early boolean) returns text
language plpgsql set search_path = pg_catalog as $$
declare
    decided text;
    weighed jsonb;
begin
    select s.action into decided from redemptions.screening as s
    where s.program_id = redemption.program_id and s.redemption_id = redemption.redemption_id;
    if decided is not null then
        return decided;
    end if;
    weighed := redemptions.weigh(redemption, redemption.address_id);
    if not early or weighed ->> 'action' <> 'allow' then
        insert into redemptions.screening(program_id, redemption_id, programme_version, address_id, action, points, hits,
                                          facts, decided_at)
        values (redemption.program_id, redemption.redemption_id, redemption.programme_version, redemption.address_id,
                weighed ->> 'action', (weighed ->> 'points')::integer, weighed -> 'hits', weighed -> 'facts', clock.now());
    end if;
    return weighed ->> 'action';
end
$$;
