-- Fills an empty tenant of the ledger's database with customers' ledgers that have money, and if it is
-- asked for with a past. The tenant, how many ledgers, and whether they have a past are in the settings
-- bench.tenant, bench.ledgers and bench.past. The books balance and no sequence number is missing.
--
-- Every ledger n of 1, 2, 3, … has been paid 1,000,000.00 from outside. In the past it was also paid
-- 1.00 by the ledger 0, whose list of transactions is therefore as long as there are ledgers; and each
-- odd one has paid 0.50 to the next. Statements name their columns: others have defaults.

create temporary table fill on commit drop as
select
    current_setting('bench.tenant')::uuid as tenant_id,
    current_setting('bench.ledgers')::bigint as ledgers,
    current_setting('bench.past')::boolean as has_past;

-- The UUIDv7 number n of a kind, a hexadecimal digit, made in millisecond n of a day of 2026.
-- `bench::data::id` knows the same.
create function pg_temp.id(kind text, day bigint, n bigint, tail bigint) returns uuid
language sql stable
return (
    lpad(to_hex(1767225600000 + day * 86400000 + n), 12, '0')
    || '7' || right(current_setting('bench.tenant'), 3)
    || '8' || kind || lpad(to_hex(tail), 14, '0')
)::uuid;

create function pg_temp.at(day bigint, n bigint) returns timestamptz
language sql stable
return to_timestamp((1767225600 + day * 86400)::numeric + n / 1000.0);

create function pg_temp.ledger(n bigint) returns uuid
language sql stable
return pg_temp.id('a', 0, n, n);

create temporary table movements on commit drop as
select
    pg_temp.id('c', 1, n, n * 4) as transfer_id, pg_temp.at(1, n) as create_time,
    pg_temp.id('b', 0, 0, 0) as debit_id, pg_temp.ledger(n % (ledgers + 1)) as credit_id,
    100000000::bigint as amount_minor, n as debit_sequence, 1::bigint as credit_sequence,
    -100000000 * n as debit_after, 100000000::bigint as credit_after
from fill, generate_series(1, ledgers + 1) as n
union all
select
    pg_temp.id('c', 2, n, n * 4), pg_temp.at(2, n),
    pg_temp.ledger(0), pg_temp.ledger(n),
    100, n + 1, 2,
    100000000 - 100 * n, 100000100
from fill, generate_series(1, ledgers) as n
where has_past
union all
select
    pg_temp.id('c', 3, n, n * 4), pg_temp.at(3, n),
    pg_temp.ledger(n), pg_temp.ledger(n + 1),
    50, 3, 3,
    100000050, 100000150
from fill, generate_series(1, ledgers - 1, 2) as n
where has_past;

create temporary table sides on commit drop as
select
    debit_id as account_id, debit_sequence as sequence, transfer_id, 'out' as direction,
    -amount_minor as amount_minor, debit_after as balance_after_minor, create_time
from movements
union all
select
    credit_id, credit_sequence, transfer_id, 'in', amount_minor, credit_after, create_time
from movements;

insert into accounts (
    tenant_id, account_id, kind, currency, active, balance_minor, floor_minor, entry_count,
    last_entry_time
)
select
    fill.tenant_id, s.account_id,
    case when s.account_id = pg_temp.id('b', 0, 0, 0) then 'settlement' else 'customer' end,
    'GBP', true, sum(s.amount_minor),
    case when s.account_id = pg_temp.id('b', 0, 0, 0) then null else 0 end,
    count(*), max(s.create_time)
from fill, sides as s
group by fill.tenant_id, s.account_id
order by s.account_id;

-- A sort code of the tenant's own, so that no number is one that the service issues. PAYR and GB are
-- 25 10 34 27 and 16 11 where IBANs are checked.
insert into ledgers (
    tenant_id, ledger_id, customer_id, primary_use, owner, sort_code, account_number, iban, bic_swift,
    create_time, update_time
)
select
    l.tenant_id, pg_temp.ledger(l.n), pg_temp.id('d', 0, l.n, l.n), array['payments'], 'me',
    l.sort_code, l.number,
    'GB' || lpad((98 - ('25103427' || l.sort_code || l.number || '161100')::numeric % 97)::text, 2, '0')
    || 'PAYR' || l.sort_code || l.number,
    'PAYRGB20XXX', pg_temp.at(0, l.n), pg_temp.at(0, l.n)
from (
    select
        fill.tenant_id, n, lpad(n::text, 8, '0') as number,
        lpad((('x' || right(fill.tenant_id::text, 4))::bit(16)::integer + 100000)::text, 6, '9')
            as sort_code
    from fill, generate_series(0, ledgers) as n
) as l;

insert into transfers (
    tenant_id, transfer_id, type, response_code, debit_account_id, credit_account_id, amount_minor,
    currency, reference, debit_sequence, credit_sequence, outside_side, outside_name,
    outside_sort_code, outside_account_number, create_time
)
select
    fill.tenant_id, m.transfer_id,
    case when o.is_outside then 'faster_payment' else 'internal_transfer' end,
    1, m.debit_id, m.credit_id, m.amount_minor, 'GBP', 'bench', m.debit_sequence, m.credit_sequence,
    case when o.is_outside then 'debit' end,
    case when o.is_outside then 'Bank' end,
    case when o.is_outside then '400052' end,
    case when o.is_outside then '12345678' end,
    m.create_time
from fill, movements as m,
    lateral (select m.debit_id = pg_temp.id('b', 0, 0, 0) as is_outside) as o;

insert into entries (
    tenant_id, account_id, sequence, transfer_id, type, direction, amount_minor, balance_after_minor,
    create_time
)
select
    fill.tenant_id, s.account_id, s.sequence, s.transfer_id,
    case when s.create_time < pg_temp.at(2, 0) then 'faster_payment' else 'internal_transfer' end,
    s.direction, s.amount_minor, s.balance_after_minor, s.create_time
from fill, sides as s
order by s.create_time;
