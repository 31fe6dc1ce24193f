-- Who may do what. Nobody touches a table of this room but the auditor, who reads.
grant usage on schema catalogue to catalogue_sync, member_api, quote_api, manager_api, catalogue_desk, importer,
    auditor;

grant execute on function
    catalogue.stores(),
    catalogue.store_categories(integer, jsonb),
    catalogue.category_due(integer, integer),
    catalogue.store_found(integer, text, text[], integer, boolean),
    catalogue.products_due(integer, integer, integer),
    catalogue.count_due(integer, integer),
    catalogue.note_availability(integer, jsonb, integer, text[])
to catalogue_sync;
grant usage on schema clock, programme to catalogue_sync;
grant execute on function clock.now(), programme.current(integer) to catalogue_sync;
-- A quote asks Amazon itself, and what it hears is news for the stored copy too.
grant execute on function catalogue.store_products(integer, jsonb, text[])
to catalogue_sync, quote_api, catalogue_desk;

grant execute on function
    catalogue.categories(integer, jsonb),
    catalogue.page(integer, jsonb, text, text, bigint, text, bigint, text, integer),
    catalogue.product_of(integer, jsonb, text),
    catalogue.cards(integer, jsonb, text[]),
    catalogue.substitutes(integer, text[])
to member_api;
grant execute on function catalogue.substitutes(integer, text[]) to quote_api;
grant execute on function catalogue.stored(integer, text[]), catalogue.asked(integer, jsonb, text[]) to quote_api;

-- Staff see and say; what they find at Amazon comes in by a door of its own, which alone asks Amazon.
grant execute on function
    catalogue.desk(integer, jsonb, text, text, text, bigint, text, integer),
    catalogue.desk_counts(integer, jsonb),
    catalogue.desk_difference(integer, jsonb, jsonb),
    catalogue.desk_product(integer, jsonb, text),
    catalogue.amazon_categories(integer),
    catalogue.curate(integer, jsonb, text, text, text),
    catalogue.undo(integer, bigint, text, text),
    catalogue.changes(integer, text, bigint, integer),
    catalogue.featured(integer),
    catalogue.feature(integer, text[], bigint, text, text),
    catalogue.open_import(integer, uuid, text, bigint, text),
    catalogue.import_of(integer, uuid),
    catalogue.apply_import(integer, uuid, text)
to manager_api;
grant execute on function
    catalogue.adopt(integer, text[], text, text),
    catalogue.unchecked_kinds(integer, text, integer),
    catalogue.desk_product(integer, jsonb, text)
to catalogue_desk;
grant execute on function catalogue.known(integer, text[]) to catalogue_desk, importer;
grant execute on function catalogue.checked_import(integer, uuid, integer, jsonb, integer, jsonb) to importer;

grant select on all tables in schema catalogue to auditor;

grant usage on schema clock, programme to catalogue_desk;
grant execute on all functions in schema clock to catalogue_desk;
grant execute on function programme.current(integer), programme.version(integer, integer) to catalogue_desk;
