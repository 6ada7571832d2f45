-- The customers whose ledgers ledger.sql makes, with the same settings and the same ids. Companies, of whom no
-- more is known than the name: SQL cannot seal what there is of a person.

insert into customers (
    tenant_id, customer_id, customer_type, company_name, name_key, address_iso_country, active,
    verification_status, details_version, create_time, update_time
)
select
    current_setting('bench.tenant')::uuid,
    (
        lpad(to_hex(1767225600000 + n), 12, '0') || '7' || right(current_setting('bench.tenant'), 3)
        || '8d' || lpad(to_hex(n), 14, '0')
    )::uuid,
    'company', 'Bloggs' || n, 'bloggs' || n, 'GB', true, 'verified', 1, c.create_time, c.create_time
from generate_series(0, current_setting('bench.ledgers')::bigint) as n,
    lateral (select to_timestamp(1767225600 + n / 1000.0) as create_time) as c;

insert into customer_counts as c (tenant_id, stripe, customers)
values (current_setting('bench.tenant')::uuid, 0, current_setting('bench.ledgers')::bigint + 1)
on conflict on constraint customer_counts_pkey do update set customers = c.customers + excluded.customers;
