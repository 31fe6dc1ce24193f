-- Where things go. The checks are the programme's (loyalty/members/addresses.py); here is who may see which.

-- The id of the new address, or of the same one saved before; null when the member has `p_limit` already.
create or replace function members.add_address(
    p_program_id integer, p_member_id bigint, p_full_name text, p_phone text, p_line1 text, p_line2 text, p_line3 text,
    p_city text, p_state_or_region text, p_postal_code text, p_country_code text, p_is_po_box boolean,
    p_is_military boolean, p_make_default boolean, p_limit integer
) returns uuid
language plpgsql security definer set search_path = pg_catalog as $$
declare
    v_address_id uuid;
    v_has_default boolean;
begin
    select default_address_id is not null into v_has_default from members.member
     where program_id = p_program_id and member_id = p_member_id for no key update;
    if not found then return null; end if;
    select a.address_id into v_address_id from members.address a
     where a.program_id = p_program_id and a.member_id = p_member_id
       and (a.full_name, a.phone, a.line1, a.city, a.postal_code, a.country_code)
           = (p_full_name, p_phone, p_line1, p_city, p_postal_code, p_country_code)
       and a.line2 is not distinct from p_line2 and a.line3 is not distinct from p_line3
       and a.state_or_region is not distinct from p_state_or_region;
    if v_address_id is null then
        if (select count(*) from members.address a
             where a.program_id = p_program_id and a.member_id = p_member_id) >= p_limit then
            return null;
        end if;
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
    select * from members.address where program_id = p_program_id and member_id = p_member_id order by address_id desc
$$;

-- One address of that member, for a parcel or its price.
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
                    where program_id = p_program_id and member_id = p_member_id and address_id = p_address_id)
$$;

create or replace function members.refuse_change() returns trigger language plpgsql as $$
begin
    raise exception 'members.address is append-only' using errcode = 'restrict_violation';
end;
$$;
create or replace trigger append_only before update on members.address
    for each row execute function members.refuse_change();
