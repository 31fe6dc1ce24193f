-- What a shelf or a price depends on of a member.

create or replace function members.viewer_of(p_program_id integer, p_member_id bigint)
returns table (tier text, country text, language text)
language sql stable security definer set search_path = pg_catalog as $$
    select members.tier_of(m.program_id, m.member_id), m.country, m.language
      from members.member m
     where m.program_id = p_program_id and m.member_id = p_member_id
$$;
grant execute on function members.viewer_of(integer, bigint) to member_api, quote_api;
