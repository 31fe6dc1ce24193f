-- A member is erased. The privacy room says when.

-- Internal: what webhooks were told of a member goes, with every attempt; what is still on its way goes when its days are over. How many.
create or replace function integrations.forget(program_id integer, member_id bigint) returns bigint
language sql set search_path = pg_catalog as $$
    with gone as (
        delete from integrations.delivery as d
        where d.program_id = forget.program_id and d.order_key = 'member:' || forget.member_id and d.state <> 'waiting'
        returning 1
    )
    select count(*) from gone
$$;
