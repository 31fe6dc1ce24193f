-- Where a member is reached, now and before: whoever changes a contact is told of it at the one that was there.

-- Every change of e-mail address or telephone number keeps the old one and is said.
create or replace function members.keep_contact() returns trigger
language plpgsql security definer set search_path = pg_catalog as $$
declare
    v_change constant uuid := clock.new_id();
begin
    if old.email is distinct from new.email then
        insert into members.past_contact(program_id, member_id, change_id, channel, contact, changed_at)
        values (old.program_id, old.member_id, v_change, 'email', old.email, clock.now());
    end if;
    if old.phone is distinct from new.phone then
        insert into members.past_contact(program_id, member_id, change_id, channel, contact, changed_at)
        values (old.program_id, old.member_id, v_change, 'sms', old.phone, clock.now());
    end if;
    perform outbox.emit(old.program_id, 'security.contact_changed', old.member_id::text, v_change,
                        jsonb_build_object('member_id', old.member_id, 'change_id', v_change));
    return new;
end
$$;
create or replace trigger contact_changed after update of email, phone on members.member
    for each row when ((old.email is distinct from new.email or old.phone is distinct from new.phone) and new.state <> 'closed')
    execute function members.keep_contact();

-- The contact on a channel at an instant, and from when until when it was that (until null: still).
create or replace function members.contact_at(p_program_id integer, p_member_id bigint, p_channel text, p_at timestamptz)
returns table (contact text, since timestamptz, until timestamptz)
language sql stable security definer set search_path = pg_catalog as $$
    select case when past.change_id is not null then past.contact
                when p_channel = 'email' then nullif(m.email, '') else m.phone end,
           coalesce((select max(c.changed_at) from members.past_contact c
                      where c.program_id = p_program_id and c.member_id = p_member_id and c.channel = p_channel
                        and c.changed_at <= p_at), '-infinity'),
           past.changed_at
      from members.member m
      left join lateral (
          select c.* from members.past_contact c
           where c.program_id = p_program_id and c.member_id = p_member_id and c.channel = p_channel
             and c.changed_at > p_at
           order by c.changed_at, c.change_id limit 1) past on true
     where m.program_id = p_program_id and m.member_id = p_member_id
$$;

-- Internal: whose telephone number it is; several members may share one.
create or replace function members.by_phone(p_phone text) returns table (program_id integer, member_id bigint)
language sql stable set search_path = pg_catalog as $$
    select m.program_id, m.member_id from members.member m where m.phone = p_phone and m.state <> 'closed'
$$;

-- What staff call a member.
create or replace function members.number_of(p_program_id integer, p_member_id bigint) returns text
language sql stable security definer set search_path = pg_catalog as $$
    select number from members.member where program_id = p_program_id and member_id = p_member_id
$$;

create or replace function members.language_of(p_program_id integer, p_member_id bigint) returns text
language sql stable security definer set search_path = pg_catalog as $$
    select language from members.member where program_id = p_program_id and member_id = p_member_id
$$;

create or replace function members.choose_language(p_program_id integer, p_member_id bigint, p_language text)
returns void language sql security definer set search_path = pg_catalog as $$
    update members.member set language = p_language, row_xid = pg_current_xact_id()
     where program_id = p_program_id and member_id = p_member_id and language <> p_language
$$;
grant execute on function members.choose_language(integer, bigint, text) to member_api;
