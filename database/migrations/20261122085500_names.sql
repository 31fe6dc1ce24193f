-- A name that very many members have is found by how it begins.
create index address_name_prefix on members.address (program_id, members.search_key(full_name) text_pattern_ops);
