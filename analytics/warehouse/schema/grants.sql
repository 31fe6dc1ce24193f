-- Two roles: the loader writes batches, the reporter reads the star. Neither makes tables.
CREATE OR REPLACE PROCEDURE base.ensure_role(wanted VARCHAR(64)) LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT 1 FROM svv_roles WHERE role_name = wanted) THEN
        EXECUTE 'CREATE ROLE ' || quote_ident(wanted);
    END IF;
END;
$$;

CREATE OR REPLACE PROCEDURE base.ensure_user(wanted VARCHAR(128)) LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT 1 FROM svv_user_info WHERE user_name = wanted) THEN
        EXECUTE 'CREATE USER ' || quote_ident(wanted) || ' PASSWORD DISABLE';
    END IF;
END;
$$;

-- Only its owner refreshes a materialised view: this runs as the owner, whoever calls it.
CREATE OR REPLACE PROCEDURE base.refresh_views() LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    REFRESH MATERIALIZED VIEW loyalty.product_day;
END;
$$;

CALL base.ensure_role('loader');

CALL base.ensure_role('reporter');

GRANT USAGE ON SCHEMA staging TO ROLE loader;

GRANT USAGE ON SCHEMA base TO ROLE loader;

GRANT USAGE ON SCHEMA loyalty TO ROLE loader;

GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA staging TO ROLE loader;

GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA base TO ROLE loader;

GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA loyalty TO ROLE loader;

GRANT EXECUTE ON PROCEDURE base.refresh_views() TO ROLE loader;

GRANT USAGE ON SCHEMA loyalty TO ROLE reporter;

GRANT SELECT ON ALL TABLES IN SCHEMA loyalty TO ROLE reporter;
