-- Whether a member has what a document can switch off. loyalty/programme/schema/features.py says the same; a test holds them
-- together. A document from before there were switches has everything on.

-- The first 64 bits of the hash as a number, modulo 100: 2^32 is 96 modulo 100.
create or replace function programme.feature_on(p_document jsonb, p_feature text, p_member_id bigint) returns boolean
language sql immutable parallel safe
    return coalesce((p_document #>> array['features', p_feature, 'on'])::boolean, true) and (
        coalesce((p_document #>> array['features', p_feature, 'share_percent'])::integer, 100) = 100 or (
        select (('x' || substr(h, 1, 8))::bit(32)::bigint % 100 * 96 + ('x' || substr(h, 9, 8))::bit(32)::bigint) % 100
               < (p_document #>> array['features', p_feature, 'share_percent'])::integer
        from (select encode(sha256(convert_to('feature:' || p_feature || '|' || p_member_id, 'UTF8')), 'hex')) d (h)));

-- The newest versions that switched something, with what stood in the one before; looked for among the last 500. Of the one
-- before those nobody here knows what it changed.
create or replace function programme.switched(p_program_id integer, p_most integer)
returns table (version integer, published_at timestamptz, published_by text, why text, was jsonb, became jsonb)
language sql stable security definer set search_path = pg_catalog as $$
    select n.version, n.published_at, n.published_by, n.why, n.was, n.became
      from (select p.version, p.published_at, p.published_by, p.why, p.document -> 'features' as became,
                   lag(p.document -> 'features') over (order by p.version) as was,
                   lag(p.version) over (order by p.version) as before
              from (select * from programme.published x where x.program_id = p_program_id
                     order by x.version desc limit 501) as p) as n
     where n.before is not null and n.became is distinct from n.was
     order by n.version desc limit p_most
$$;
grant execute on function programme.switched(integer, integer) to manager_api;
