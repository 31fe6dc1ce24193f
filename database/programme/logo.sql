-- Pictures of the brand, by the digest of their bytes.

create or replace function programme.keep_logo(
    p_program_id integer, p_digest text, p_png bytea, p_width integer, p_height integer, p_actor text
) returns void
language plpgsql security definer set search_path = pg_catalog as $$
begin
    if p_digest is distinct from encode(sha256(p_png), 'hex') then
        raise exception 'a logo is named by its own digest';
    end if;
    insert into programme.logo (program_id, digest, png, width, height, kept_by, kept_at)
    values (p_program_id, p_digest, p_png, p_width, p_height, p_actor, clock.now())
    on conflict (program_id, digest) do nothing;
end;
$$;

create or replace function programme.logo_of(p_program_id integer, p_digest text)
returns table (png bytea, width integer, height integer)
language sql stable security definer set search_path = pg_catalog as $$
    select l.png, l.width, l.height from programme.logo l where l.program_id = p_program_id and l.digest = p_digest
$$;

-- One more message that somebody sends to themselves: false if they sent so many within the hour already.
create or replace function programme.may_test(p_program_id integer, p_actor text, p_most integer) returns boolean
language plpgsql security definer set search_path = pg_catalog as $$
begin
    perform pg_advisory_xact_lock(hashtextextended('programme.may_test ' || p_program_id || ' ' || p_actor, 0));
    delete from programme.test_send where program_id = p_program_id and sent_at < clock.now() - interval '1 day';
    if (select count(*) from programme.test_send t
         where t.program_id = p_program_id and t.actor = p_actor and t.sent_at > clock.now() - interval '1 hour') >= p_most then
        return false;
    end if;
    insert into programme.test_send (program_id, actor, sent_at) values (p_program_id, p_actor, clock.now());
    return true;
end;
$$;

grant execute on function
    programme.keep_logo(integer, text, bytea, integer, integer, text),
    programme.logo_of(integer, text),
    programme.may_test(integer, text, integer)
to manager_api;
grant execute on function programme.logo_of(integer, text) to member_api, sweeper;
