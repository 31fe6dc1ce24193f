-- What the ERP does not have and nobody sends: found without reading what it has.
create index document_not_taken on erp.document (program_id, document_id) where state in ('refused', 'given_up');
