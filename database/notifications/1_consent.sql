-- Where a member wants what. Consent is by channel and kind, with its source and time; a contact that bounces or has said
-- STOP is not written to whatever was chosen.

-- Internal: whether nobody chose otherwise. Service messages come by e-mail, those about orders by SMS too where the
-- programme says so; advertising never comes by itself.
create or replace function notifications.by_default(channel text, kind text, order_sms boolean) returns boolean
language sql immutable set search_path = pg_catalog
return case when kind = 'marketing' then false when channel = 'email' then true
            else kind = 'orders' and order_sms end;

-- Internal: the newest choice.
create or replace function notifications.choice(program_id integer, member_id bigint, channel text, kind text)
returns notifications.consent language sql stable set search_path = pg_catalog as $$
    select c from notifications.consent as c
    where c.program_id = choice.program_id and c.member_id = choice.member_id and c.channel = choice.channel
      and c.kind = choice.kind
    order by c.entry desc limit 1
$$;

-- Internal: why nothing is sent to the contact that was in use from one instant to another; null: it may be.
create or replace function notifications.suppressed_for(
    program_id integer, member_id bigint, channel text, since timestamptz, until timestamptz
) returns text language sql stable set search_path = pg_catalog as $$
    select case when newest.suppressed then newest.reason end
    from (
        select s.suppressed, s.reason from notifications.suppression as s
        where s.program_id = suppressed_for.program_id and s.member_id = suppressed_for.member_id
          and s.channel = suppressed_for.channel and s.about_at >= suppressed_for.since
          and (suppressed_for.until is null or s.about_at < suppressed_for.until)
        order by s.entry desc limit 1
    ) as newest
$$;

-- The current view of one member: a row for each channel and kind. `source` is default, or who decided; `suppressed`: why
-- nothing comes by that channel; `reachable`: whether there is a contact.
create or replace function notifications.preferences(program_id integer, member_id bigint, order_sms boolean)
returns table (channel text, kind text, wanted boolean, source text, since timestamptz, reachable boolean, suppressed text)
language sql stable security definer set search_path = pg_catalog as $$
    select c.channel, k.kind,
           coalesce((chosen.one).wanted, notifications.by_default(c.channel, k.kind, order_sms)),
           coalesce((chosen.one).source, 'default'), (chosen.one).given_at, reach.contact is not null,
           notifications.suppressed_for(preferences.program_id, preferences.member_id, c.channel, reach.since, null)
    from (values ('email'), ('sms')) as c(channel)
    cross join (values ('orders'), ('points'), ('marketing')) as k(kind)
    cross join lateral (
        select notifications.choice(preferences.program_id, preferences.member_id, c.channel, k.kind) as one) as chosen
    cross join lateral members.contact_at(
        preferences.program_id, preferences.member_id, c.channel, 'infinity'::timestamptz) as reach
    order by 1, 2
$$;

-- Everything a member ever chose, newest first.
create or replace function notifications.history(program_id integer, member_id bigint, most integer)
returns table (channel text, kind text, wanted boolean, source text, given_at timestamptz)
language sql stable security definer set search_path = pg_catalog as $$
    select c.channel, c.kind, c.wanted, c.source, c.given_at from notifications.consent as c
    where c.program_id = history.program_id and c.member_id = history.member_id
    order by c.entry desc limit least(greatest(history.most, 1), 500)
$$;

-- Note a choice; the same as the newest one changes nothing. `choices`: [{channel, kind, wanted}].
create or replace function notifications.choose(program_id integer, member_id bigint, choices jsonb, source text)
returns void language plpgsql security definer set search_path = pg_catalog as $$
begin
    insert into notifications.consent(program_id, member_id, channel, kind, wanted, source, given_at)
    select choose.program_id, choose.member_id, c.channel, c.kind, c.wanted, choose.source, clock.now()
    from jsonb_to_recordset(choose.choices) as c(channel text, kind text, wanted boolean)
    where (notifications.choice(choose.program_id, choose.member_id, c.channel, c.kind)).wanted is distinct from c.wanted
    order by c.channel, c.kind;
end
$$;

-- The member says that the present contact is good: what bounced or was stopped is sent to again.
create or replace function notifications.confirm_contact(program_id integer, member_id bigint, channel text)
returns boolean language sql security definer set search_path = pg_catalog as $$
    with lifted as (
        insert into notifications.suppression(program_id, member_id, channel, suppressed, reason, about_at, noted_at)
        select confirm_contact.program_id, confirm_contact.member_id, confirm_contact.channel, false, 'confirmed',
               clock.now(), clock.now()
        from members.contact_at(confirm_contact.program_id, confirm_contact.member_id, confirm_contact.channel,
                                'infinity'::timestamptz) as reach
        where notifications.suppressed_for(confirm_contact.program_id, confirm_contact.member_id,
                                           confirm_contact.channel, reach.since, null) is not null
        returning 1
    )
    select exists (select from lifted)
$$;

-- Choices are never changed; those of a member who has gone are forgotten.
create or replace function notifications.refuse_change() returns trigger language plpgsql as $$
begin
    if tg_op = 'DELETE' and tg_level = 'ROW' then
        if members.state_of(old.program_id, old.member_id) = 'closed' then return old; end if;
    end if;
    raise exception 'notifications.% is append-only', tg_table_name using errcode = 'restrict_violation';
end $$;

-- Internal (the closure room calls it).
create or replace function notifications.forget(program_id integer, member_id bigint) returns void
language sql set search_path = pg_catalog as $$
    delete from notifications.consent as c
    where c.program_id = forget.program_id and c.member_id = forget.member_id;
    delete from notifications.suppression as s
    where s.program_id = forget.program_id and s.member_id = forget.member_id
$$;

-- Internal (the privacy room calls it): messages keep that they were sent and when, and not what they said. How many.
create or replace function notifications.blot_out(program_id integer, member_id bigint) returns bigint
language sql set search_path = pg_catalog as $$
    with silent as (
        update notifications.message as m
        set facts = '{}', payload = case when m.payload ? 'warning_id' then jsonb_build_object('warning_id', m.payload -> 'warning_id')
                                         else '{}' end,
            state = case when m.state = 'queued' then 'suppressed' else m.state end,
            reason = case when m.state = 'queued' then 'erased' else m.reason end, row_xid = pg_current_xact_id()
        where m.program_id = blot_out.program_id and m.member_id = blot_out.member_id
          and (m.state = 'queued' or m.facts <> '{}' or m.payload - 'warning_id' <> '{}')
        returning 1
    )
    select count(*) from silent
$$;
