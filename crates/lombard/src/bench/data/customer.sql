-- The customers whose ledgers ledger.sql makes, with the same settings and the same ids.

insert into customers (
    tenant_id, customer_id, customer_type, first_name, last_name, name_key, address_number,
    address_street, address_city, address_postal_code, address_iso_country, date_of_birth, active,
    verification_status, details_version, create_time, update_time
)
select
    current_setting('bench.tenant')::uuid,
    (
        lpad(to_hex(1767225600000 + n), 12, '0') || '7' || right(current_setting('bench.tenant'), 3)
        || '8d' || lpad(to_hex(n), 14, '0')
    )::uuid,
    'individual', 'Joe', 'Bloggs' || n, 'joe bloggs' || n, '44', 'Baker Street', 'London', 'W1U7AL',
    'GB', '1988-10-03', true, 'verified', 1, c.create_time, c.create_time
from generate_series(0, current_setting('bench.ledgers')::bigint) as n,
    lateral (select to_timestamp(1767225600 + n / 1000.0) as create_time) as c;

insert into customer_counts as c (tenant_id, stripe, customers)
values (current_setting('bench.tenant')::uuid, 0, current_setting('bench.ledgers')::bigint + 1)
on conflict on constraint customer_counts_pkey do update set customers = c.customers + excluded.customers;
