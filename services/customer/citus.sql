-- The customers' tables on several servers: which goes where, and why. Run by `customer migrate --citus` after the
-- migrations, in one transaction, as the tables' owner, while the service is stopped (docs/scaling.md). Run again,
-- it does what is left to do. Each table of the schema is named once below; a test sees to that, and to the rules
-- that Citus documents for them.
--
-- On the coordinator alone:
-- local: _sqlx_migrations: read before anything else, by those who start

-- Before Citus 13.1, rights to single columns do not reach the servers; there the role gets the right to update
-- the rows of these tables, and the coordinator alone is as strict as it was. What is only ever added to stays so.
do $$
begin
    if coalesce(
        (
            select regexp_match(extversion, '^([0-9]+)\.([0-9]+)')::integer[] < array[13, 1]
            from pg_extension where extname = 'citus'
        ),
        true
    ) then
        grant update on requests, index_keys to customer_service;
    end if;
end
$$;

do $$
declare
    it record;
    policy name;
begin
    for it in
        select * from (values
            -- What is a tenant's, by tenant, all side by side; those that others refer to come first. Nothing
            -- is there once among all tenants.
            ('customers', 'tenant_id', 'none'),
            ('customer_counts', 'tenant_id', 'customers'),
            ('customer_standings', 'tenant_id', 'customers'),
            ('customer_changes', 'tenant_id', 'customers'),
            ('customer_erasures', 'tenant_id', 'customers'),
            ('index_keys', 'tenant_id', 'customers'),
            ('requests', 'tenant_id', 'customers'),
            ('audit_records', 'tenant_id', 'customers'),
            ('audit_links', 'tenant_id', 'customers')
        ) as tables (name, by_column, beside)
    loop
        continue when exists (
            select from pg_dist_partition where logicalrelid = it.name::regclass
        );
        -- Whose rows are seen cannot be said to the other servers: Citus passes on `set local` in a
        -- transaction and no other `set`, and its policies may hold no sub-select. So on distributed tables the
        -- statements alone keep tenants apart.
        for policy in select polname from pg_policy where polrelid = it.name::regclass loop
            execute format('drop policy %I on %I', policy, it.name);
        end loop;
        execute format(
            'alter table %I disable row level security, no force row level security', it.name
        );
        perform create_distributed_table(
            it.name::regclass, it.by_column, colocate_with => it.beside
        );
    end loop;
end
$$;

-- The coordinator talks to the other servers as whoever asks, which is the service's role. It has no password:
-- pg_hba.conf decides who may come as it.
do $$
begin
    if not (select rolcanlogin from pg_roles where rolname = 'customer_service') then
        alter role customer_service login;
    end if;
exception
    when insufficient_privilege then
        raise exception 'customer_service has to be allowed to log in, and % may not allow it', current_user
            using hint = 'As a superuser: alter role customer_service login; then run this again.';
end
$$;
