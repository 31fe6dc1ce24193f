-- Members of three levels, with balances from nothing to what buys the whole shelf.
insert into members.member (program_id, member_id, number, email, tier, country, language, request_hash, created_by, created_at)
overriding system value
select 1, m, 'N' || m, 'n' || m || '@members.example', (%(tiers)s::text[])[1 + (m * 7919 %% 100 > 60)::int + (m * 7919 %% 100 > 90)::int],
       'US', 'en', sha256('bench'), 'bench', clock.now() - interval '200 days'
from generate_series(1::bigint, %(members)s) m;
insert into points.member (program_id, member_id, head_key, head, available)
select 1, m, 900, x.points, x.points
from generate_series(1::bigint, %(members)s) m
cross join lateral (select (100 + m * 7919 %% 1000 * (m * 104729 %% 1000) / 12)::bigint as points) x;
