-- What has to be there once among all tenants, in tables of its own whose key is just that: where tenants are on
-- several servers, no index of theirs can see to it (docs/adr/0060-citus-by-tenant.md). On one server the
-- unique constraints on ledgers and payments stay what keeps it; these are written beside them, and
-- `migrate --citus` adds what an earlier version has not written.

-- Which ledger an address among banks leads to: two rows for each ledger.
create table ledger_addresses (
    -- 'uk/<sort code>/<account number>' or 'iban/<IBAN>'. No tenant_id leads the key: banks elsewhere know no
    -- tenants, and a number leads to one ledger.
    address text not null,
    tenant_id uuid not null,
    ledger_id uuid not null,
    customer_id uuid not null,

    constraint ledger_addresses_once primary key (address),
    constraint ledger_addresses_kind_known check (address ~ '^(uk/[0-9]{6}/[0-9]{8}|iban/[A-Z0-9]+)$')
);

-- Whose a payment is. No tenant_id leads the key: rails know no tenants, and name a payment by its id alone.
create table payment_ids (
    payment_id uuid not null,
    tenant_id uuid not null,

    constraint payment_ids_once primary key (payment_id)
);

-- They are only ever added to.
grant select, insert on ledger_addresses, payment_ids to ledger_service;

-- What is a tenant's, as the other tables' policies have it (migration 0030).
do $$
declare
    tenant_table text;
begin
    foreach tenant_table in array array['ledger_addresses', 'payment_ids'] loop
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
