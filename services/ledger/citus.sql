-- The ledger's tables on several servers: which goes where, and why. Run by `ledger migrate --citus` after the
-- migrations, in one transaction, as the tables' owner, while no ledger serves (docs/scaling.md). Run again,
-- it does what is left to do. Each table of the schema is named once below; a test sees to that, and to the rules
-- that Citus documents for them.
--
-- On the coordinator alone, with nothing but transactions of their own:
-- local: _sqlx_migrations: read before anything else, by those who start
-- local: sandbox_rail_incoming: plays somebody else's database; never in production
-- local: sandbox_rail_payments: plays somebody else's database; never in production

-- What is there once among all tenants is from now on kept by ledger_addresses and payment_ids, which are
-- distributed by what they keep unique, as inbound_payments is by the rail's reference. They are written in the
-- transaction of what they are about, which two-phase commit makes one on all servers.
do $$
begin
    if exists (select from pg_dist_partition where logicalrelid = 'ledgers'::regclass) then
        return;
    end if;
    lock table ledgers, payments, ledger_addresses, payment_ids in access exclusive mode;
    insert into ledger_addresses (address, tenant_id, ledger_id, customer_id)
    select 'uk/' || sort_code || '/' || account_number, tenant_id, ledger_id, customer_id
    from ledgers
    on conflict on constraint ledger_addresses_once do nothing;
    insert into ledger_addresses (address, tenant_id, ledger_id, customer_id)
    select 'iban/' || iban, tenant_id, ledger_id, customer_id
    from ledgers
    on conflict on constraint ledger_addresses_once do nothing;
    insert into payment_ids (payment_id, tenant_id)
    select payment_id, tenant_id
    from payments
    on conflict on constraint payment_ids_once do nothing;
    if exists (
        select from ledgers l
        cross join lateral (
            values ('uk/' || l.sort_code || '/' || l.account_number), ('iban/' || l.iban)
        ) as own (address)
        left join ledger_addresses a
            on a.address = own.address and a.tenant_id = l.tenant_id
            and a.ledger_id = l.ledger_id and a.customer_id = l.customer_id
        where a.address is null
    ) or exists (
        select from payments p
        left join payment_ids i on i.payment_id = p.payment_id and i.tenant_id = p.tenant_id
        where i.payment_id is null
    ) then
        raise exception 'ledger_addresses or payment_ids lead elsewhere than ledgers and payments: '
            'nothing is distributed'
            using hint = '`lombard verify` says more.';
    end if;
    alter table ledgers
        drop constraint ledgers_account_number_once, drop constraint ledgers_iban_once;
    drop index payments_id_once;
end
$$;

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
        grant update on accounts, ledgers, requests, inbound_payments to ledger_service;
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
            ('accounts', 'tenant_id', 'none'),
            ('ledgers', 'tenant_id', 'accounts'),
            ('transfers', 'tenant_id', 'accounts'),
            ('entries', 'tenant_id', 'accounts'),
            ('payments', 'tenant_id', 'accounts'),
            ('requests', 'tenant_id', 'accounts'),
            ('seals', 'tenant_id', 'accounts'),
            ('audit_records', 'tenant_id', 'accounts'),
            ('audit_links', 'tenant_id', 'accounts'),
            -- What is there once among all tenants, by what is unique of it.
            ('inbound_payments', 'rail_reference', 'none'),
            ('ledger_addresses', 'address', 'none'),
            ('payment_ids', 'payment_id', 'none')
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
    -- The platform's, the same for all: small, and read beside tenants' rows.
    for it in
        select * from (values ('account_number_counters')) as tables (name)
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
    if not (select rolcanlogin from pg_roles where rolname = 'ledger_service') then
        alter role ledger_service login;
    end if;
exception
    when insufficient_privilege then
        raise exception 'ledger_service has to be allowed to log in, and % may not allow it', current_user
            using hint = 'As a superuser: alter role ledger_service login; then run this again.';
end
$$;
