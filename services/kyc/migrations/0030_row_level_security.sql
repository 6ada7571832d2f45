-- The service's role, and what it may do (docs/adr/0041-row-level-security.md). It owns nothing. Several databases
-- of one server may be migrated at once: who comes second finds the role made.
do $$
begin
    if not exists (select from pg_roles where rolname = 'kyc_service') then
        create role kyc_service nologin;
    end if;
exception
    when duplicate_object or unique_violation then
        null;
    when insufficient_privilege then
        raise exception 'there is no role kyc_service, and % may not make it', current_user
            using hint = 'docs/operations.md, "Roles", says how to make it beforehand.';
end
$$;

-- An owner that is no superuser may take the role on, so that one login can migrate and serve on a
-- machine where nothing is at stake. Where a login of its own serves, this changes nothing.
do $$
begin
    if not (select rolsuper from pg_roles where rolname = current_user) then
        grant kyc_service to current_user;
    end if;
exception
    when insufficient_privilege or unique_violation then
        null;
end
$$;

do $$
begin
    execute format('grant connect on database %I to kyc_service', current_database());
end
$$;
grant usage on schema public to kyc_service;
-- Which migrations there are.
grant select on _sqlx_migrations to kyc_service;
grant select, insert, update on verifications, documents to kyc_service;
grant select, insert, update (response) on requests to kyc_service;
-- Only ever added to.
grant select, insert on audit_records, provider_account_changes to kyc_service;
grant select, insert on verification_transitions, verification_decisions to kyc_service;
grant select, insert, update, delete on provider_accounts to kyc_service;
grant select, insert, update on review_policies, screening_settings to kyc_service;
-- Deleted when the customer's data is erased.
grant select, insert, update, delete on screening_matches to kyc_service;
grant select, insert, delete on mrz_findings to kyc_service;
grant select, insert, update (note_key, note_key_version), delete on decision_notes to kyc_service;
-- No tenant's: lists are the same for all, and screening goes over everybody.
grant select, insert, delete on sanctions_entries to kyc_service;
grant select, insert on sanctions_loads to kyc_service;
grant select, update on screening_work to kyc_service;

-- What is a tenant's is seen, and may be written, where the session or the transaction says that tenant, or
-- '*': everybody. Where it says nothing, no row is there. The setting is read once for each statement, as the
-- sub-selects depend on no row. (The outer cast tells an array from the rows of a sub-select.) This binds the
-- owner, too.
do $$
declare
    tenant_table text;
begin
    foreach tenant_table in array array[
        'verifications', 'documents', 'requests', 'audit_records', 'provider_accounts',
        'provider_account_changes', 'verification_transitions', 'verification_decisions',
        'review_policies', 'screening_settings', 'screening_matches', 'mrz_findings',
        'decision_notes'
    ] loop
        execute format(
            'alter table %I enable row level security, force row level security', tenant_table
        );
        execute format(
            $policy$
            create policy of_the_tenants_that_are_set on %I using (
                tenant_id = any ((
                    select string_to_array(
                        nullif(current_setting('lombard.tenants', true), '*'), ','
                    )::uuid[]
                )::uuid[])
                or (select current_setting('lombard.tenants', true)) = '*'
            )
            $policy$,
            tenant_table
        );
    end loop;
end
$$;
