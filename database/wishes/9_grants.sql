-- Who may do what.
grant usage on schema wishes to member_api, wish_notices, auditor;
grant usage on schema clock, programme, catalogue, points to wish_notices;

grant execute on function
    wishes.add(integer, bigint, text, jsonb, integer),
    wishes.remove(integer, bigint, text),
    wishes.of_member(integer, bigint, jsonb, text)
to member_api;
-- What the programme sells and at which price: what a wish is looked at with. Nothing of a member.
grant execute on function
    clock.now(),
    programme.current(integer),
    catalogue.stores(),
    points.exhausted_campaigns(integer, text[]),
    wishes.look(integer, jsonb, integer),
    wishes.tell(integer, integer)
to wish_notices;

grant select on all tables in schema wishes to auditor;
