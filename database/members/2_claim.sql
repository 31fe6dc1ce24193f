-- A member who existed before signing in proves who they are: number, and a code sent to the contact on file.
-- Whoever asks learns nothing about the number: not whether it exists, is claimed or is locked.

create or replace function members.guard(p_program_id integer, p_member_id bigint) returns members.claim_guard
language plpgsql set search_path = pg_catalog as $$
declare
    g members.claim_guard;
begin
    insert into members.claim_guard(program_id, member_id, codes_since) values (p_program_id, p_member_id, clock.now())
    on conflict do nothing;
    select * into g from members.claim_guard where program_id = p_program_id and member_id = p_member_id for update;
    if g.locked_until <= clock.now() then
        g.locked_until := null;
        g.failures := 0;
    end if;
    if g.codes_since <= clock.now() - interval '24 hours' then
        g.codes_since := clock.now();
        g.codes_sent := 0;
    end if;
    return g;
end;
$$;

create or replace function members.keep_guard(g members.claim_guard) returns void
language sql set search_path = pg_catalog as $$
    update members.claim_guard
       set failures = g.failures, locked_until = g.locked_until, codes_sent = g.codes_sent, codes_since = g.codes_since,
           row_xid = pg_current_xact_id()
     where program_id = g.program_id and member_id = g.member_id
$$;

-- Internal: what is said to a sign-in that has a membership.
create or replace function members.already(p_program_id integer, p_subject text) returns text
language sql stable set search_path = pg_catalog as $$
    select case when m.closing_since is null then 'already_member' else 'closing' end
      from members.member m where m.program_id = p_program_id and m.subject = p_subject
$$;

-- Nobody claims a membership for so long after its e-mail address was changed. Only staff change it while nobody has claimed, and
-- one of them must not be enough to take somebody's membership: the address that was there is told, and has this time to object.
create or replace function members.claim_rest() returns interval
language sql immutable set search_path = pg_catalog return interval '72 hours';

-- From when a code is sent again; null: at any time.
create or replace function members.claimable_from(p_program_id integer, p_member_id bigint) returns timestamptz
language sql stable set search_path = pg_catalog as $$
    select max(c.changed_at) + members.claim_rest() from members.past_contact c
     where c.program_id = p_program_id and c.member_id = p_member_id and c.channel = 'email'
    having max(c.changed_at) + members.claim_rest() > clock.now()
$$;

-- Statuses: send (to `email`, in `language`); silent (say the same to the caller, send nothing); about this sign-in itself:
-- already_member, closing (of a membership that it is leaving). A new code replaces the sign-in's last one.
create or replace function members.start_claim(
    p_program_id integer, p_number text, p_subject text, p_salt bytea, p_code_hash bytea, p_minutes integer,
    p_codes_per_day integer
) returns table (status text, email text, language text)
language plpgsql security definer set search_path = pg_catalog as $$
declare
    m members.member;
    g members.claim_guard;
begin
    if members.member_of(p_program_id, p_subject) is not null then
        return query select members.already(p_program_id, p_subject), null::text, null::text;
        return;
    end if;
    select * into m from members.member where program_id = p_program_id and number = p_number;
    if not found or m.subject is not null or m.state <> 'active'
       or members.claimable_from(p_program_id, m.member_id) is not null then
        return query select 'silent', null::text, null::text;
        return;
    end if;
    g := members.guard(p_program_id, m.member_id);
    if g.locked_until is not null or g.codes_sent >= p_codes_per_day then
        return query select 'silent', null::text, null::text;
        return;
    end if;
    g.codes_sent := g.codes_sent + 1;
    perform members.keep_guard(g);
    insert into members.claim(program_id, member_id, subject, salt, code_hash, expires_at)
    values (p_program_id, m.member_id, p_subject, p_salt, p_code_hash, clock.now() + make_interval(mins => p_minutes))
    on conflict (program_id, member_id, subject) do update
        set salt = excluded.salt, code_hash = excluded.code_hash, expires_at = excluded.expires_at,
            row_xid = pg_current_xact_id();
    return query select 'send', m.email, m.language;
end;
$$;

-- Statuses: ok (also when this sign-in is already this member), already_member (of another number), closing (the same, and
-- it is leaving), refused (wrong code,
-- too late, locked, unknown, somebody else's: the caller cannot tell which).
create or replace function members.confirm_claim(
    p_program_id integer, p_number text, p_subject text, p_code text, p_failures integer, p_lock_hours integer
) returns table (status text, member_id bigint)
language plpgsql security definer set search_path = pg_catalog as $$
declare
    m members.member;
    g members.claim_guard;
    c members.claim;
    v_own bigint := members.member_of(p_program_id, p_subject);
begin
    select * into m from members.member where program_id = p_program_id and number = p_number for no key update;
    if v_own is not null then
        return query select case when v_own = m.member_id then 'ok' else members.already(p_program_id, p_subject) end, v_own;
        return;
    end if;
    if m.member_id is null or m.subject is not null or m.state <> 'active' then
        return query select 'refused', null::bigint;
        return;
    end if;
    g := members.guard(p_program_id, m.member_id);
    select * into c from members.claim
     where claim.program_id = p_program_id and claim.member_id = m.member_id and claim.subject = p_subject;
    if g.locked_until is not null or c.subject is null or c.expires_at <= clock.now() then
        return query select 'refused', null::bigint;
        return;
    end if;
    if c.code_hash <> sha256(c.salt || convert_to(p_code, 'UTF8')) then
        g.failures := g.failures + 1;
        if g.failures >= p_failures then
            g.locked_until := clock.now() + make_interval(hours => p_lock_hours);
            delete from members.claim where claim.program_id = p_program_id and claim.member_id = m.member_id;
        end if;
        perform members.keep_guard(g);
        return query select 'refused', null::bigint;
        return;
    end if;
    -- Two sign-ins cannot both get here for one member (its row is locked), nor one for two (the unique subject).
    begin
        update members.member
           set subject = p_subject, claimed_at = clock.now(), row_xid = pg_current_xact_id()
         where member.program_id = p_program_id and member.member_id = m.member_id;
    exception when unique_violation then
        return query select 'already_member', members.member_of(p_program_id, p_subject);
        return;
    end;
    delete from members.claim where claim.program_id = p_program_id and claim.member_id = m.member_id;
    delete from members.claim_guard where claim_guard.program_id = p_program_id and claim_guard.member_id = m.member_id;
    return query select 'ok', m.member_id;
end;
$$;
