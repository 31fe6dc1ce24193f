-- Columns that tables got later, for a warehouse that was made before. Redshift's ALTER TABLE knows no IF NOT EXISTS.
CREATE OR REPLACE PROCEDURE base.ensure_column(of_table VARCHAR(64), wanted VARCHAR(64), kind VARCHAR(64))
LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (
        SELECT 1 FROM svv_columns
        WHERE table_schema = 'loyalty' AND table_name = of_table AND column_name = wanted) THEN
        EXECUTE 'ALTER TABLE loyalty.' || quote_ident(of_table) || ' ADD COLUMN ' || quote_ident(wanted) || ' ' || kind;
    END IF;
END;
$$;

CALL base.ensure_column('ref_rate', 'minor_micros', 'INTEGER');

CALL base.ensure_column('ref_rate', 'curve', 'VARCHAR(1440)');

CALL base.ensure_column('ref_rate', 'curve_months', 'SMALLINT');
