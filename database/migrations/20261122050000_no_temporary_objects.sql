-- A temporary type or table is found before a function's own: only the owner may make one.
do $$
begin
    execute format('revoke temporary on database %I from public', current_database());
end
$$;
