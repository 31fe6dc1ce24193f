-- Who is a member. Creating one also opens the points account, in the same transaction.

-- Statuses: created; same (this very request was carried out before); conflict (the number is somebody else's data).
create or replace function members.create(
    p_program_id integer, p_number text, p_email text, p_phone text, p_tier text, p_country text, p_language text,
    p_request_hash bytea, p_actor text
) returns table (status text, member_id bigint)
language plpgsql security definer set search_path = pg_catalog as $$
declare
    v_hash bytea;
begin
    insert into members.member(program_id, number, email, phone, tier, country, language, request_hash, created_by, created_at)
    values (p_program_id, p_number, p_email, p_phone, p_tier, p_country, p_language, p_request_hash, p_actor, clock.now())
    on conflict (program_id, number) do nothing
    returning member.member_id into member_id;
    if found then
        perform points.open_account(p_program_id, member_id);
        status := 'created';
    else
        select m.member_id, m.request_hash into member_id, v_hash
          from members.member m where m.program_id = p_program_id and m.number = p_number;
        status := case when v_hash = p_request_hash then 'same' else 'conflict' end;
    end if;
    return next;
end;
$$;

-- The importer's way: many at once, each by itself created, same or conflict; answers by position, from 1.
create or replace function members.create_many(
    p_program_id integer, p_numbers text[], p_emails text[], p_phones text[], p_tiers text[], p_countries text[],
    p_languages text[], p_request_hashes bytea[], p_actor text
) returns table ("position" integer, status text)
language plpgsql security definer set search_path = pg_catalog as $$
begin
    return query
    with given as (
        select g.*, row_number() over (partition by g.number order by g.place) as turn
          from unnest(p_numbers, p_emails, p_phones, p_tiers, p_countries, p_languages, p_request_hashes)
               with ordinality as g(number, email, phone, tier, country, language, request_hash, place)
    ), created as (
        insert into members.member(program_id, number, email, phone, tier, country, language, request_hash, created_by, created_at)
        select p_program_id, g.number, g.email, g.phone, g.tier, g.country, g.language, g.request_hash, p_actor, clock.now()
          from given g
         where g.turn = 1
         order by g.number
        on conflict (program_id, number) do nothing
        returning member.member_id, member.number, member.request_hash
    ), opened as (
        select c.number, c.request_hash, points.open_account(p_program_id, c.member_id) from created c
    )
    select g.place::integer,
           case when o.number is not null and g.turn = 1 then 'created'
                when coalesce(o.request_hash, m.request_hash) = g.request_hash then 'same'
                else 'conflict' end
      from given g
      left join opened o on o.number = g.number
      left join members.member m on m.program_id = p_program_id and m.number = g.number
     order by g.place;
end;
$$;

-- Where everybody may join: a new member for this sign-in, with a number of our own. Again answers the same member.
create or replace function members.enrol(
    p_program_id integer, p_subject text, p_email text, p_tier text, p_country text, p_language text
) returns bigint
language plpgsql security definer set search_path = pg_catalog as $$
declare
    v_member_id bigint := members.member_of(p_program_id, p_subject);
begin
    if v_member_id is not null then return v_member_id; end if;
    v_member_id := nextval(pg_get_serial_sequence('members.member', 'member_id'));
    insert into members.member(program_id, member_id, number, email, tier, country, language, subject, claimed_at,
                               request_hash, created_by, created_at)
    overriding system value
    values (p_program_id, v_member_id, 'N' || lpad(v_member_id::text, 9, '0'), p_email, p_tier, p_country, p_language,
            p_subject, clock.now(), '\x', 'enrolment', clock.now())
    on conflict (program_id, subject) do nothing;
    if not found then return members.member_of(p_program_id, p_subject); end if;
    perform points.open_account(p_program_id, v_member_id);
    return v_member_id;
end;
$$;

-- A sign-in of a membership that became part of another is that one's.
create or replace function members.member_of(p_program_id integer, p_subject text) returns bigint
language sql stable security definer set search_path = pg_catalog as $$
    select s.member_id from members.member m
      join members.member s on s.program_id = m.program_id and s.member_id = coalesce(m.merged_into, m.member_id)
     where m.program_id = p_program_id and m.subject = p_subject and s.state <> 'closed'
$$;

create or replace function members.tier_of(p_program_id integer, p_member_id bigint) returns text
language sql stable security definer set search_path = pg_catalog as $$
    select tier from members.member where program_id = p_program_id and member_id = p_member_id
$$;

-- Internal: these members have these levels from now on. The tiers room says which, and has locked them.
create or replace function members.set_tiers(p_program_id integer, p_member_ids bigint[], p_tiers text[]) returns void
language sql set search_path = pg_catalog as $$
    update members.member m set tier = g.tier, row_xid = pg_current_xact_id()
      from unnest(p_member_ids, p_tiers) as g(member_id, tier)
     where m.program_id = p_program_id and m.member_id = g.member_id
$$;

-- active, blocked (keeps what is theirs, redeems nothing) or closed.
create or replace function members.state_of(p_program_id integer, p_member_id bigint) returns text
language sql stable security definer set search_path = pg_catalog as $$
    select state from members.member where program_id = p_program_id and member_id = p_member_id
$$;

-- What a purchase needs to know: nothing personal. The number of a membership that became part of another is that one's.
create or replace function members.by_number(p_program_id integer, p_number text)
returns table (member_id bigint, tier text, state text)
language sql stable security definer set search_path = pg_catalog as $$
    select s.member_id, s.tier, s.state from members.member m
      join members.member s on s.program_id = m.program_id and s.member_id = coalesce(m.merged_into, m.member_id)
     where m.program_id = p_program_id and m.number = p_number
$$;

create or replace function members.by_numbers(p_program_id integer, p_numbers text[])
returns table (number text, member_id bigint, tier text)
language sql stable security definer set search_path = pg_catalog as $$
    select m.number, s.member_id, s.tier from members.member m
      join members.member s on s.program_id = m.program_id and s.member_id = coalesce(m.merged_into, m.member_id)
     where m.program_id = p_program_id and m.number = any (p_numbers) and s.state <> 'closed'
$$;

create or replace function members.profile(p_program_id integer, p_member_id bigint)
returns table (
    number text, email text, phone text, tier text, country text, language text, state text, claimed boolean,
    member_since timestamptz, default_address_id uuid, accepted_terms text[]
) language sql stable security definer set search_path = pg_catalog as $$
    select m.number, m.email, m.phone, m.tier, m.country, m.language,
           case when m.state = 'active' and m.closing_since is not null then 'closing' else m.state end,
           m.subject is not null, m.created_at,
           m.default_address_id,
           array(select a.version from members.acceptance a
                  where a.program_id = m.program_id and a.member_id = m.member_id order by a.accepted_at)
      from members.member m
     where m.program_id = p_program_id and m.member_id = p_member_id
$$;

-- Accepting twice keeps the first time.
create or replace function members.accept_terms(p_program_id integer, p_member_id bigint, p_version text)
returns timestamptz
language plpgsql security definer set search_path = pg_catalog as $$
declare
    v_accepted_at timestamptz;
begin
    insert into members.acceptance(program_id, member_id, version, accepted_at)
    values (p_program_id, p_member_id, p_version, clock.now())
    on conflict do nothing;
    select accepted_at into v_accepted_at from members.acceptance
     where program_id = p_program_id and member_id = p_member_id and version = p_version;
    return v_accepted_at;
end;
$$;
