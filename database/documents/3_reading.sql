-- What members and staff see of documents. Where the PDF is, only for one that is ready.

-- Internal: as both see it.
create or replace function documents.seen(program_id integer, member_id bigint, redemption_id uuid, document_id uuid)
returns table (
    document_id uuid, redemption_id uuid, kind text, number text, issued_on date, state text, points bigint,
    money_minor bigint, currency text, corrects uuid, object_key text
) language sql stable set search_path = pg_catalog as $$
    select d.document_id, d.redemption_id, d.kind, d.number, (d.facts ->> 'issued_on')::date,
           case d.state when 'ready' then 'ready' else 'in_preparation' end, (d.facts ->> 'points')::bigint,
           (d.facts ->> 'charged_minor')::bigint, d.facts ->> 'currency', d.corrects,
           case when d.state = 'ready' then d.object_key end
    from documents.document as d
    where d.program_id = seen.program_id
      and (seen.member_id is null or d.member_id = seen.member_id)
      and (seen.redemption_id is null or d.redemption_id = seen.redemption_id)
      and (seen.document_id is null or d.document_id = seen.document_id)
      and num_nonnulls(seen.redemption_id, seen.document_id) = 1
    order by d.issued_at, d.document_id
$$;

-- A member's own, of one redemption, oldest first; null where the redemption is not theirs.
create or replace function documents.of_redemption(program_id integer, member_id bigint, redemption_id uuid)
returns jsonb language plpgsql stable security definer set search_path = pg_catalog as $$
begin
    if not exists (select from redemptions.redemption as r
                   where r.program_id = of_redemption.program_id and r.redemption_id = of_redemption.redemption_id
                     and r.member_id = of_redemption.member_id) then
        return null;
    end if;
    return (select coalesce(jsonb_agg(to_jsonb(s) - 'object_key'), '[]')
            from documents.seen(of_redemption.program_id, of_redemption.member_id, of_redemption.redemption_id, null) as s);
end
$$;

create or replace function documents.of_redemption_for_staff(program_id integer, redemption_id uuid)
returns jsonb language plpgsql stable security definer set search_path = pg_catalog as $$
begin
    if not exists (select from redemptions.redemption as r
                   where r.program_id = of_redemption_for_staff.program_id
                     and r.redemption_id = of_redemption_for_staff.redemption_id) then
        return null;
    end if;
    return (select coalesce(jsonb_agg(to_jsonb(s) - 'object_key'), '[]')
            from documents.seen(of_redemption_for_staff.program_id, null, of_redemption_for_staff.redemption_id, null) as s);
end
$$;

-- One document with its place; null where it is not the member's.
create or replace function documents.one(program_id integer, member_id bigint, document_id uuid)
returns jsonb language plpgsql stable security definer set search_path = pg_catalog as $$
begin
    if one.member_id is null then
        return null;
    end if;
    return (select to_jsonb(s) from documents.seen(one.program_id, one.member_id, null, one.document_id) as s);
end
$$;

create or replace function documents.one_for_staff(program_id integer, document_id uuid)
returns jsonb language plpgsql stable security definer set search_path = pg_catalog as $$
begin
    return (select to_jsonb(s) from documents.seen(one_for_staff.program_id, null, null, one_for_staff.document_id) as s);
end
$$;
