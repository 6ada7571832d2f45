-- Payments over rails: orders to pay somebody elsewhere, what comes in from there, and what the sandbox
-- rail was given.

-- Orders to move money over a rail. Those that are accepted or submitted are the open holds: what a
-- customer's account holds is the sum of their amounts. Payments from suspense hold nothing.
create table payments (
    tenant_id uuid not null,
    -- UUIDv7, so that the order of ids is the order of creation.
    payment_id uuid not null,
    type text not null,
    status text not null,
    -- Who pays: a ledger, or suspense, which gives back what could not be credited.
    account_id uuid not null,
    amount_minor bigint not null,
    currency text not null,
    reference text not null,
    creditor_name text not null,
    creditor_sort_code text,
    creditor_account_number text,
    creditor_iban text,
    creditor_bic_swift text,
    -- 1 unless it is rejected.
    response_code smallint not null,
    -- The rail's own code; null where no rail has rejected it.
    rejection_reason text,
    -- What moved the money, or records the decline.
    transfer_id uuid,
    -- What brought the money back later.
    return_transfer_id uuid,
    -- What brought in the money that this payment gives back; null where a ledger pays.
    returns_transfer_id uuid,
    -- How it goes, decided once, when it is submitted: over the rail, or to a ledger of this platform.
    route text,
    -- When the rail said that it has it: from then on it is asked, and given it no more.
    taken_time timestamptz,
    -- Tries that have failed, one after the other.
    attempts integer not null default 0,
    -- When a worker may next take this up. While one works on it, this is the end of its lease: a
    -- worker that dies leaves the work to be taken up again then. Null when nothing is left to do.
    next_attempt_time timestamptz,
    create_time timestamptz not null,
    -- When its status, or its return, last changed.
    update_time timestamptz not null,

    constraint payments_pkey primary key (tenant_id, payment_id),
    constraint payments_account_exists foreign key (tenant_id, account_id)
    references accounts (tenant_id, account_id),
    -- Other currencies come in, and so may have to go back.
    constraint payments_type_known check (
        type in ('faster_payment', 'sepa_credit')
        or (type = 'swift_credit' and returns_transfer_id is not null)
    ),
    constraint payments_status_known check (
        status in ('accepted', 'submitted', 'settled', 'rejected', 'cancelled')
    ),
    constraint payments_amount_positive check (amount_minor > 0),
    constraint payments_reference_length check (length(reference) between 1 and 18),
    constraint payments_creditor_has_account check (
        (creditor_sort_code is not null or creditor_iban is not null)
        and (creditor_sort_code is null) = (creditor_account_number is null)
        and (creditor_bic_swift is null or creditor_iban is not null)
    ),
    constraint payments_response_code_known check (response_code in (1, 12, 101, 606, 650, 651)),
    constraint payments_only_rejected_fail check ((status = 'rejected') = (response_code <> 1)),
    constraint payments_settled_has_transfer check (status <> 'settled' or transfer_id is not null),
    constraint payments_open_has_no_transfer check (
        status not in ('accepted', 'submitted', 'cancelled') or transfer_id is null
    ),
    constraint payments_only_settled_returns check (
        return_transfer_id is null or status = 'settled'
    ),
    constraint payments_route_known check (route in ('rail', 'on_us')),
    constraint payments_submitted_has_route check (status <> 'submitted' or route is not null),
    constraint payments_attempts_not_negative check (attempts >= 0),
    -- No payment is forgotten: it has ended, or work is due.
    constraint payments_work_is_due check (
        (next_attempt_time is not null) = (status in ('accepted', 'submitted'))
    ),
    constraint payments_updated_after_creation check (update_time >= create_time)
)
-- Room for its transitions.
with (fillfactor = 80);

-- A ledger's payments, newest first; the status is there so that they are counted here alone.
create index payments_by_account on payments (tenant_id, account_id, payment_id) include (status);

-- A tenant's payments in one status.
create index payments_by_status on payments (tenant_id, status, payment_id);

-- Rails know no tenants: they name a payment by its id alone.
create unique index payments_id_once on payments (payment_id);

-- Work, whichever tenant's, in the order in which it is due.
create index payments_by_next_attempt on payments (next_attempt_time)
where next_attempt_time is not null;

-- What came in, by the rail's own name for it, so that nothing is taken in twice.
create table inbound_payments (
    -- The rail: as a payment's type, or on_us for what another tenant's ledger paid.
    rail text not null,
    -- The rail's name for it; the sandbox's begin with the tenant, whose outside world it plays. So no
    -- tenant_id leads the key: rails know no tenants.
    rail_reference text not null,
    -- Whose books it is in; the platform's own, the nil UUID, where it named no ledger of ours.
    tenant_id uuid not null,
    outcome text not null,
    -- From settlement to the ledger, or to suspense.
    transfer_id uuid not null,
    -- What gives it back; null where it was credited.
    return_payment_id uuid,
    create_time timestamptz not null default now(),

    constraint inbound_payments_once primary key (rail, rail_reference),
    constraint inbound_payments_rail_known check (
        rail in ('faster_payment', 'sepa_credit', 'swift_credit', 'on_us')
    ),
    constraint inbound_payments_reference_length check (length(rail_reference) between 1 and 128),
    constraint inbound_payments_outcome_known check (outcome in ('credited', 'returned')),
    constraint inbound_payments_returned_by_payment check (
        (outcome = 'returned') = (return_payment_id is not null)
    )
);

-- The sandbox rail's memory of what it was given. It stands for somebody else's database: nothing but
-- the sandbox rail reads it or writes it, in transactions of its own.
create table sandbox_rail_payments (
    -- The sender's name for it: a payment that is given again is the same one, and is paid once.
    payment_id uuid not null,
    times_submitted integer not null,
    -- What was asked for; a second order under the same id must be equal.
    amount_minor bigint not null,
    currency text not null,
    creditor text not null,
    -- False while the rail plays an outage.
    taken boolean not null,
    -- When it is decided.
    decision_time timestamptz,
    -- What is then said: null that it has settled.
    rejection_reason text,

    constraint sandbox_rail_payments_pkey primary key (payment_id),
    constraint sandbox_rail_payments_taken_is_decided check (taken = (decision_time is not null))
);

-- What the sandbox rail has for us, until it is acknowledged.
create table sandbox_rail_incoming (
    rail_reference text not null,
    due_time timestamptz not null,
    acknowledge_time timestamptz,
    -- The payment that comes back; null for one that comes in.
    returned_payment_id uuid,
    -- Of a payment that comes in, all of these.
    type text,
    amount_minor bigint,
    currency text,
    reference text,
    -- The account that it is for.
    creditor_sort_code text,
    creditor_account_number text,
    creditor_iban text,
    debtor_name text,
    debtor_sort_code text,
    debtor_account_number text,
    debtor_iban text,

    constraint sandbox_rail_incoming_pkey primary key (rail_reference),
    constraint sandbox_rail_incoming_payment_or_return check (
        (returned_payment_id is null) = (
            num_nulls(type, amount_minor, currency, reference, debtor_name) = 0
        )
    )
);

create index sandbox_rail_incoming_by_due_time on sandbox_rail_incoming (due_time)
where acknowledge_time is null;
