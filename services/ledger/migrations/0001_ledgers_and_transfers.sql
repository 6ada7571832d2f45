-- The accounts of the general ledger. Every movement locks the rows of the accounts it touches, in
-- the order of their ids, so the state that decides a posting is all here: one locked read, no join.
create table accounts (
    tenant_id uuid not null,
    account_id uuid not null,
    -- A customer's ledger, or the outside world as one currency sees it: what came in is its debit.
    kind text not null,
    -- ISO 4217, upper case.
    currency text not null,
    -- Whether the account takes postings.
    active boolean not null,
    -- In the currency's smallest unit, as every column that ends so.
    balance_minor bigint not null default 0,
    -- Of the balance, what is reserved for payments under way.
    held_minor bigint not null default 0,
    -- The balance without what is held may not go below this. Null: it may.
    floor_minor bigint,
    -- How many entries the account has, which is the sequence number of the last one.
    entry_count bigint not null default 0,
    -- The time of the last entry: the next one is not earlier. Null before the first.
    last_entry_time timestamptz,

    constraint accounts_pkey primary key (tenant_id, account_id),
    constraint accounts_kind_known check (kind in ('customer', 'settlement')),
    constraint accounts_currency_three_letters check (currency ~ '^[A-Z]{3}$'),
    constraint accounts_customer_has_floor check (kind <> 'customer' or floor_minor is not null),
    constraint accounts_balance_above_floor check (balance_minor - held_minor >= floor_minor),
    constraint accounts_held_not_negative check (held_minor >= 0),
    constraint accounts_entry_count_not_negative check (entry_count >= 0),
    constraint accounts_entry_has_time check ((entry_count = 0) = (last_entry_time is null))
)
-- Room on each page, and no index on a column that a posting changes, keep its update in the page.
with (fillfactor = 70);

-- Each tenant's settlement account of a currency is made when it is first needed, once.
create unique index accounts_settlement_once on accounts (tenant_id, currency)
where kind = 'settlement';

-- What a customer's account is to the customer. Whether it is active, and what is on it, is its
-- account's to say.
create table ledgers (
    tenant_id uuid not null,
    -- The id of its account. UUIDv7, so that the order of ids is the order of issue.
    ledger_id uuid not null,
    -- The customer service's; whether it exists was asked there.
    customer_id uuid not null,
    -- At least one, each once, in the order they were given.
    primary_use text[] not null,
    -- The tenant's word for whose it is.
    owner text not null,
    sort_code text not null,
    account_number text not null,
    iban text not null,
    bic_swift text not null,
    create_time timestamptz not null,
    -- When anything but the balance last changed.
    update_time timestamptz not null,

    constraint ledgers_pkey primary key (tenant_id, ledger_id),
    constraint ledgers_account_exists foreign key (tenant_id, ledger_id)
    references accounts (tenant_id, account_id),
    -- The two number spaces belong to the platform and not to a tenant: banks elsewhere know no
    -- tenants, and a number must lead to one ledger only. So no tenant_id leads here.
    constraint ledgers_account_number_once unique (sort_code, account_number),
    constraint ledgers_iban_once unique (iban),
    constraint ledgers_primary_use_known check (
        cardinality(primary_use) > 0
        and primary_use <@ array[
            'investment', 'deposit', 'payments', 'settlement', 'float', 'fee', 'collateral', 'escrow'
        ]
    ),
    constraint ledgers_owner_two_to_five check (length(owner) between 2 and 5),
    constraint ledgers_sort_code_six_digits check (sort_code ~ '^[0-9]{6}$'),
    constraint ledgers_account_number_eight_digits check (account_number ~ '^[0-9]{8}$'),
    constraint ledgers_updated_after_creation check (update_time >= create_time)
);

create index ledgers_by_customer on ledgers (tenant_id, customer_id, ledger_id);

-- The next account number of each sort code. A number is taken in a statement of its own, before the
-- transaction that uses it: one that fails leaves a gap; none is ever given twice. The platform's, as
-- the numbers are.
create table account_number_counters (
    sort_code text not null,
    -- 100000000: all eight-digit numbers are used up.
    next integer not null,

    constraint account_number_counters_pkey primary key (sort_code),
    constraint account_number_counters_eight_digits check (next between 1 and 100000000)
);

-- Movements of money: one debit and one equal credit. And those that were declined.
create table transfers (
    tenant_id uuid not null,
    -- UUIDv7 with its two lowest bits 00. The same with 01 is the transaction of the debit side, with
    -- 10 that of the credit side, so that transactions need no index of their own.
    transfer_id uuid not null,
    type text not null,
    -- The documented numbers: 1 is success, and nothing else moves money.
    response_code smallint not null,
    debit_account_id uuid not null,
    credit_account_id uuid not null,
    amount_minor bigint not null,
    currency text not null,
    reference text not null,
    -- The sequence numbers of its two entries; a declined transfer has the sender's only.
    debit_sequence bigint not null,
    credit_sequence bigint,
    -- The sender of money that came from outside, as told by the payment.
    sender_name text,
    sender_sort_code text,
    sender_account_number text,
    sender_iban text,
    sender_bic_swift text,
    create_time timestamptz not null,

    constraint transfers_pkey primary key (tenant_id, transfer_id),
    constraint transfers_debit_account_exists foreign key (tenant_id, debit_account_id)
    references accounts (tenant_id, account_id),
    constraint transfers_credit_account_exists foreign key (tenant_id, credit_account_id)
    references accounts (tenant_id, account_id),
    constraint transfers_two_accounts check (debit_account_id <> credit_account_id),
    constraint transfers_amount_positive check (amount_minor > 0),
    constraint transfers_reference_length check (length(reference) between 1 and 18),
    constraint transfers_type_known check (
        type in ('internal_transfer', 'faster_payment', 'sepa_credit', 'swift_credit')
    ),
    constraint transfers_response_code_known check (
        response_code in (1, 12, 101, 606, 650, 651)
    ),
    constraint transfers_only_success_credits check (
        (response_code = 1) = (credit_sequence is not null)
    ),
    constraint transfers_sender_has_account check (
        (sender_name is null and sender_sort_code is null and sender_iban is null)
        or (sender_name is not null and (sender_sort_code is not null or sender_iban is not null))
    ),
    constraint transfers_sender_sort_code_with_number check (
        (sender_sort_code is null) = (sender_account_number is null)
    ),
    constraint transfers_sender_iban_with_bic check (
        (sender_iban is null) = (sender_bic_swift is null)
    )
);

-- The sides of transfers, by account; never changed, never removed. A declined transfer has an entry
-- of nothing on its sender's account, so that an account's list is this table alone, in its order.
-- Written in the same statement as their transfer and their accounts; no foreign key checks that again.
create table entries (
    tenant_id uuid not null,
    account_id uuid not null,
    -- 1, 2, 3, … on each account, without a gap.
    sequence bigint not null,
    transfer_id uuid not null,
    -- The transfer's, so that a filtered list or count reads this table alone.
    type text not null,
    -- Which way the money went, or would have gone.
    direction text not null,
    -- Below 0 on the debit side, above on the credit side, 0 when declined.
    amount_minor bigint not null,
    -- The account's balance with this entry.
    balance_after_minor bigint not null,
    -- By this server's clock, read while the account was locked; never earlier than the entry before.
    create_time timestamptz not null,

    constraint entries_pkey primary key (tenant_id, account_id, sequence),
    constraint entries_sequence_positive check (sequence > 0),
    constraint entries_type_known check (
        type in ('internal_transfer', 'faster_payment', 'sepa_credit', 'swift_credit')
    ),
    constraint entries_direction_known check (direction in ('in', 'out')),
    constraint entries_in_is_above_zero check ((direction = 'in') = (amount_minor > 0))
);

-- One outcome for one request_id (see kit::idempotency). Kept for ever.
create table requests (
    tenant_id uuid not null,
    -- The rpc.
    operation text not null,
    -- Chosen by the caller.
    request_id text not null,
    -- Tells whether a later request with the same id is the same request.
    request_hash bytea not null,
    -- The encoded answer; empty only inside the transaction that makes the effect.
    response bytea not null default '',
    create_time timestamptz not null default now(),
    constraint requests_once primary key (tenant_id, operation, request_id)
);
