-- Who may do what. Nobody touches a table of this room but the auditor, who reads.
grant usage on schema catalogue to catalogue_sync, member_api, quote_api, auditor;

grant execute on function
    catalogue.stores(),
    catalogue.store_categories(integer, jsonb),
    catalogue.category_due(integer, integer),
    catalogue.store_found(integer, text, text[], integer, boolean),
    catalogue.products_due(integer, integer, integer),
    catalogue.count_due(integer, integer)
to catalogue_sync;
-- A quote asks Amazon itself, and what it hears is news for the stored copy too.
grant execute on function catalogue.store_products(integer, jsonb, text[]) to catalogue_sync, quote_api;

grant execute on function
    catalogue.categories(integer, jsonb),
    catalogue.page(integer, jsonb, text, text, bigint, text, bigint, text, integer),
    catalogue.product_of(integer, jsonb, text),
    catalogue.cards(integer, jsonb, text[])
to member_api;
grant execute on function catalogue.stored(integer, text[]) to quote_api;

grant select on all tables in schema catalogue to auditor;
