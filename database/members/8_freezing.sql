-- Spending that somebody has stopped: the member by the link in a message to the contact of old. Support lets it go on.

create or replace function members.refuse_freeze_change() returns trigger language plpgsql as $$
begin
    raise exception 'members.freeze is append-only' using errcode = 'restrict_violation';
end;
$$;
create or replace trigger append_only before update or delete on members.freeze
    for each row execute function members.refuse_freeze_change();

-- active, frozen (keeps and earns points, spends none), closing (the same, by the member's own wish), blocked or closed.
create or replace function members.spending_state(p_program_id integer, p_member_id bigint) returns text
language sql stable security definer set search_path = pg_catalog as $$
    select case when state = 'active' and frozen_at is not null then 'frozen'
                when state = 'active' and closing_since is not null then 'closing' else state end from members.member
     where program_id = p_program_id and member_id = p_member_id
$$;

-- Internal (redemptions.stop_spending calls it): statuses frozen; replay (this message's link was used before, or it is frozen);
-- unknown_member.
create or replace function members.stop_spending(
    p_program_id integer, p_member_id bigint, p_reason text, p_source uuid, p_actor text
) returns text language plpgsql security definer set search_path = pg_catalog as $$
declare
    v_frozen_at timestamptz;
begin
    select m.frozen_at into v_frozen_at from members.member m
     where m.program_id = p_program_id and m.member_id = p_member_id and m.state <> 'closed' for no key update;
    if not found then return 'unknown_member'; end if;
    if v_frozen_at is not null or exists (
        select from members.freeze f
         where f.program_id = p_program_id and f.member_id = p_member_id and f.source = p_source) then
        return 'replay';
    end if;
    update members.member m set frozen_at = clock.now(), row_xid = pg_current_xact_id()
     where m.program_id = p_program_id and m.member_id = p_member_id;
    insert into members.freeze(program_id, member_id, event_id, kind, reason, source, actor, occurred_at)
    values (p_program_id, p_member_id, clock.new_id(), 'frozen', p_reason, p_source, p_actor, clock.now());
    return 'frozen';
end;
$$;

-- Statuses: unfrozen, not_frozen, unknown_member.
create or replace function members.unfreeze(p_program_id integer, p_number text, p_reason text, p_actor text)
returns text language plpgsql security definer set search_path = pg_catalog as $$
declare
    m members.member;
begin
    select * into m from members.member where program_id = p_program_id and number = p_number for no key update;
    if not found then return 'unknown_member'; end if;
    if m.frozen_at is null then return 'not_frozen'; end if;
    update members.member set frozen_at = null, row_xid = pg_current_xact_id()
     where program_id = p_program_id and member_id = m.member_id;
    insert into members.freeze(program_id, member_id, event_id, kind, reason, actor, occurred_at)
    values (p_program_id, m.member_id, clock.new_id(), 'unfrozen', p_reason, p_actor, clock.now());
    return 'unfrozen';
end;
$$;

-- Since when (null: it is not) and all that happened, oldest first; no row for a number that nobody has.
create or replace function members.freezes(p_program_id integer, p_number text)
returns table (frozen_since timestamptz, events jsonb)
language sql stable security definer set search_path = pg_catalog as $$
    select m.frozen_at,
           coalesce((select jsonb_agg(jsonb_build_object('kind', f.kind, 'reason', f.reason, 'actor', f.actor,
                                                         'at', f.occurred_at) order by f.occurred_at, f.event_id)
                       from members.freeze f
                      where f.program_id = m.program_id and f.member_id = m.member_id), '[]')
      from members.member m where m.program_id = p_program_id and m.number = p_number
$$;

-- Internal: when a contact was changed last; null: never.
create or replace function members.contact_changed_at(p_program_id integer, p_member_id bigint) returns timestamptz
language sql stable security definer set search_path = pg_catalog as $$
    select max(c.changed_at) from members.past_contact c
     where c.program_id = p_program_id and c.member_id = p_member_id
$$;

-- Internal: everybody's addresses that are the same place as this one.
create or replace function members.same_place(p_program_id integer, p_member_id bigint, p_address_id uuid)
returns table (member_id bigint, address_id uuid)
language sql stable security definer set search_path = pg_catalog as $$
    select o.member_id, o.address_id
      from members.address a
      join members.address o on o.program_id = a.program_id
       and members.address_key(o.line1, o.line2, o.line3, o.city, o.postal_code, o.country_code)
           = members.address_key(a.line1, a.line2, a.line3, a.city, a.postal_code, a.country_code)
     where a.program_id = p_program_id and a.member_id = p_member_id and a.address_id = p_address_id
$$;

-- The password of this sign-in was set anew: said to the contact of old. Who has no membership is told nothing.
create or replace function members.password_changed(p_program_id integer, p_subject text) returns void
language sql security definer set search_path = pg_catalog as $$
    select outbox.emit(m.program_id, 'security.password_changed', m.member_id::text, clock.new_id(),
                       jsonb_build_object('member_id', m.member_id))
      from members.member m where m.program_id = p_program_id and m.subject = p_subject and m.state <> 'closed'
$$;

grant execute on function members.password_changed(integer, text) to identity_trigger;
grant execute on function members.unfreeze(integer, text, text, text), members.freezes(integer, text) to manager_api;
