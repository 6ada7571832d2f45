-- What most people would write: the tables that the usual transaction runs on.

create table accounts (
    id bigint primary key,
    balance_minor bigint not null check (balance_minor >= 0)
);

create table transfers (
    id bigint primary key generated always as identity,
    debit_account_id bigint not null,
    credit_account_id bigint not null,
    amount_minor bigint not null,
    create_time timestamptz not null default now()
);

create table entries (
    id bigint primary key generated always as identity,
    transfer_id bigint not null,
    account_id bigint not null,
    amount_minor bigint not null
);

insert into accounts (id, balance_minor)
select n, 100000000 from generate_series(1, 10000) as n;
