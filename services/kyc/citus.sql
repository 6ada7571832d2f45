-- The KYC service's tables on several servers: which goes where, and why. Run by `kyc migrate --citus` after the
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
        grant update on requests, decision_notes to kyc_service;
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
            -- What is a tenant's, by tenant, all side by side; those that others refer to come first.
            ('verifications', 'tenant_id', 'none'),
            ('documents', 'tenant_id', 'verifications'),
            ('verification_transitions', 'tenant_id', 'verifications'),
            ('verification_decisions', 'tenant_id', 'verifications'),
            ('decision_notes', 'tenant_id', 'verifications'),
            ('screening_matches', 'tenant_id', 'verifications'),
            ('mrz_findings', 'tenant_id', 'verifications'),
            ('review_policies', 'tenant_id', 'verifications'),
            ('provider_accounts', 'tenant_id', 'verifications'),
            ('provider_account_changes', 'tenant_id', 'verifications'),
            ('screening_settings', 'tenant_id', 'verifications'),
            ('screening_left', 'tenant_id', 'verifications'),
            ('erased_customers', 'tenant_id', 'verifications'),
            ('requests', 'tenant_id', 'verifications'),
            ('audit_records', 'tenant_id', 'verifications'),
            ('audit_links', 'tenant_id', 'verifications')
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
    -- The platform's. A list is stored, and that there is another one, in one transaction: all of them are
    -- reference tables, or that would be two.
    for it in
        select * from (values
            ('sanctions_entries'),
            ('sanctions_loads'),
            ('screening_work'),
            ('upkeep_work')
        ) as tables (name)
    loop
        continue when exists (
            select from pg_dist_partition where logicalrelid = it.name::regclass
        );
        perform create_reference_table(it.name::regclass);
    end loop;
end
$$;

-- The coordinator talks to the other servers as whoever asks, which is the service's role. It has no password:
-- pg_hba.conf decides who may come as it.
do $$
begin
    if not (select rolcanlogin from pg_roles where rolname = 'kyc_service') then
        alter role kyc_service login;
    end if;
exception
    when insufficient_privilege then
        raise exception 'kyc_service has to be allowed to log in, and % may not allow it', current_user
            using hint = 'As a superuser: alter role kyc_service login; then run this again.';
end
$$;
