-- A lot's last good day ends where the programme is, and the ledger asks for it with every operation: beside the document,
-- which is large.
alter table programme.published
    add column time_zone text generated always as (document -> 'points' ->> 'time_zone') stored;
