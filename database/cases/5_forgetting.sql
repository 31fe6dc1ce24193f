-- A member is erased: what was said in cases goes, what was decided stays. The privacy room says when.

-- Internal: the bucket's names of all files of a member's cases.
create or replace function cases.files_of(program_id integer, member_id bigint) returns setof text
language sql stable set search_path = pg_catalog as $$
    select f.object_key from cases.file as f
    join cases.member_case as c using (program_id, case_id)
    where c.program_id = files_of.program_id and c.member_id = files_of.member_id
$$;

-- Internal: words and files of a member's cases, none of which is open. How many of each.
create or replace function cases.forget(program_id integer, member_id bigint) returns jsonb
language plpgsql set search_path = pg_catalog as $$
declare
    texts bigint;
    files bigint;
begin
    if exists (select from cases.member_case as c
               where c.program_id = forget.program_id and c.member_id = forget.member_id
                 and c.state in ('open', 'approval', 'return')) then
        raise exception 'a case is open';
    end if;
    update cases.message as m set text = '(erased)', row_xid = pg_current_xact_id()
    from cases.member_case as c
    where c.program_id = forget.program_id and c.member_id = forget.member_id
      and m.program_id = c.program_id and m.case_id = c.case_id and m.text <> '(erased)';
    get diagnostics texts = row_count;
    update cases.member_case as c set reason = '(erased)', row_xid = pg_current_xact_id()
    where c.program_id = forget.program_id and c.member_id = forget.member_id and c.reason <> '(erased)';
    delete from cases.file as f using cases.member_case as c
    where c.program_id = forget.program_id and c.member_id = forget.member_id
      and f.program_id = c.program_id and f.case_id = c.case_id;
    get diagnostics files = row_count;
    return jsonb_build_object('messages', texts, 'files', files);
end
$$;
