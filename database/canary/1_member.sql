-- The member in whose name the canary redeems, and its points: nobody has bought anything for them, and nobody is owed them.

-- The membership of the canary's sign-in, made if there is none, with at least so many points. Whoever signs in by that name is
-- from then on flagged. Returns whose it is, and a key to redeem under.
create or replace function canary.prepare(p_subject text, p_points bigint)
returns table (program_id integer, member_id bigint, available bigint, key uuid)
language plpgsql security definer set search_path = pg_catalog as $$
declare
    v_program integer := (select g.program_id from programme.program g where g.trial);
    v_member bigint;
    v_document jsonb;
    v_has bigint;
    v_status text;
begin
    select c.document into strict v_document from programme.current(v_program) c;
    v_member := members.enrol(
        v_program, p_subject, 'canary@rewards.invalid', v_document -> 'enrolment' ->> 'default_tier',
        v_document -> 'store' -> 'delivery_countries' ->> 0, 'en');
    insert into canary.member (program_id, member_id, since) values (v_program, v_member, clock.now())
    on conflict do nothing;
    select b.available into v_has from points.balance(v_program, v_member) b;
    if v_has < p_points then
        select o.status into v_status from points.accrue(
            v_program, v_member, clock.new_id(), p_points,
            (date_trunc('month', clock.now() at time zone 'UTC') + interval '2 years - 1 day')::date, clock.now(),
            'canary', clock.new_id()::text, 'canary', 0, ''::bytea, 'canary') o;
        if v_status <> 'ok' then
            raise exception 'no points for the canary: %', v_status using errcode = '55000';
        end if;
    end if;
    return query select v_program, v_member, b.available, clock.new_id() from points.balance(v_program, v_member) b;
end
$$;
