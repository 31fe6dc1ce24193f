-- Where things go. The checks are the programme's (loyalty/members/addresses.py); here is who may see which.

-- The id of the new address, or of the same one saved before, also if it was removed; null when the member has `p_limit`
-- already.
create or replace function members.add_address(
    p_program_id integer, p_member_id bigint, p_full_name text, p_phone text, p_line1 text, p_line2 text, p_line3 text,
    p_city text, p_state_or_region text, p_postal_code text, p_country_code text, p_is_po_box boolean,
    p_is_military boolean, p_make_default boolean, p_limit integer
) returns uuid
language plpgsql security definer set search_path = pg_catalog as $$
declare
    v_address_id uuid;
    v_removed boolean;
    v_has_default boolean;
begin
    select default_address_id is not null into v_has_default from members.member
     where program_id = p_program_id and member_id = p_member_id for no key update;
    if not found then return null; end if;
    select a.address_id, a.removed_at is not null into v_address_id, v_removed from members.address a
     where a.program_id = p_program_id and a.member_id = p_member_id
       and (a.full_name, a.phone, a.line1, a.city, a.postal_code, a.country_code)
           = (p_full_name, p_phone, p_line1, p_city, p_postal_code, p_country_code)
       and a.line2 is not distinct from p_line2 and a.line3 is not distinct from p_line3
       and a.state_or_region is not distinct from p_state_or_region;
    if v_address_id is null or v_removed then
        if (select count(*) from members.address a
             where a.program_id = p_program_id and a.member_id = p_member_id and a.removed_at is null) >= p_limit then
            return null;
        end if;
    end if;
    if v_removed then
        update members.address a set removed_at = null
         where a.program_id = p_program_id and a.member_id = p_member_id and a.address_id = v_address_id;
    elsif v_address_id is null then
        v_address_id := clock.new_id();
        insert into members.address values (
            p_program_id, p_member_id, v_address_id, p_full_name, p_phone, p_line1, p_line2, p_line3, p_city,
            p_state_or_region, p_postal_code, p_country_code, p_is_po_box, p_is_military, clock.now());
    end if;
    if p_make_default or not v_has_default then
        update members.member set default_address_id = v_address_id, row_xid = pg_current_xact_id()
         where program_id = p_program_id and member_id = p_member_id;
    end if;
    return v_address_id;
end;
$$;

create or replace function members.addresses(p_program_id integer, p_member_id bigint) returns setof members.address
language sql stable security definer set search_path = pg_catalog as $$
    select * from members.address
     where program_id = p_program_id and member_id = p_member_id and removed_at is null order by address_id desc
$$;

-- Use this one unless the member says otherwise; whether it is one of theirs.
create or replace function members.choose_address(p_program_id integer, p_member_id bigint, p_address_id uuid)
returns boolean
language plpgsql security definer set search_path = pg_catalog as $$
begin
    perform from members.member m where m.program_id = p_program_id and m.member_id = p_member_id for no key update;
    if not members.owns_address(p_program_id, p_member_id, p_address_id) then return false; end if;
    update members.member set default_address_id = p_address_id, row_xid = pg_current_xact_id()
     where program_id = p_program_id and member_id = p_member_id and default_address_id is distinct from p_address_id;
    return true;
end;
$$;

-- Internal (redemptions.remove_address calls it and says whether anything was ever sent there, `p_keep`): the newest other
-- address takes its place. Whether it was one of theirs.
create or replace function members.remove_address(
    p_program_id integer, p_member_id bigint, p_address_id uuid, p_keep boolean
) returns boolean
language plpgsql set search_path = pg_catalog as $$
begin
    perform from members.member m where m.program_id = p_program_id and m.member_id = p_member_id for no key update;
    if not members.owns_address(p_program_id, p_member_id, p_address_id) then return false; end if;
    update members.member m
       set default_address_id = (
               select a.address_id from members.address a
                where a.program_id = p_program_id and a.member_id = p_member_id and a.removed_at is null
                  and a.address_id <> p_address_id
                order by a.address_id desc limit 1),
           row_xid = pg_current_xact_id()
     where m.program_id = p_program_id and m.member_id = p_member_id and m.default_address_id = p_address_id;
    if p_keep then
        update members.address a set removed_at = clock.now()
         where a.program_id = p_program_id and a.member_id = p_member_id and a.address_id = p_address_id;
    else
        delete from members.address a
         where a.program_id = p_program_id and a.member_id = p_member_id and a.address_id = p_address_id;
    end if;
    return true;
end;
$$;

-- One address of that member, for a parcel or its price; a removed one too, with `removed_at`.
create or replace function members.shipping_address(p_program_id integer, p_member_id bigint, p_address_id uuid)
returns setof members.address
language sql stable security definer set search_path = pg_catalog as $$
    select * from members.address
     where program_id = p_program_id and member_id = p_member_id and address_id = p_address_id
$$;

create or replace function members.default_address(p_program_id integer, p_member_id bigint) returns uuid
language sql stable security definer set search_path = pg_catalog as $$
    select default_address_id from members.member where program_id = p_program_id and member_id = p_member_id
$$;

create or replace function members.owns_address(p_program_id integer, p_member_id bigint, p_address_id uuid)
returns boolean
language sql stable security definer set search_path = pg_catalog as $$
    select exists (select from members.address
                    where program_id = p_program_id and member_id = p_member_id and address_id = p_address_id
                      and removed_at is null)
$$;

-- Only whether it is still one of the member's may change.
create or replace function members.refuse_change() returns trigger language plpgsql as $$
begin
    if to_jsonb(new) - 'removed_at' = to_jsonb(old) - 'removed_at' then return new; end if;
    raise exception 'members.address is append-only' using errcode = 'restrict_violation';
end;
$$;
create or replace trigger append_only before update on members.address
    for each row execute function members.refuse_change();
