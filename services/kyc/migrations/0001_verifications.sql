-- Attempts to establish customers' identities.
create table verifications (
    tenant_id uuid not null,
    -- UUIDv7. A customer's later attempt has a greater one, whatever the clocks say.
    verification_id uuid not null,
    -- In the customer service's database.
    customer_id uuid not null,
    -- The name that the provider was asked for under.
    provider text not null,
    id_type text not null,
    status text not null,
    -- Why, as UPPER_SNAKE codes.
    reasons text[] not null,
    -- The version of the customer's details that the attempt is about.
    details_version bigint not null,
    -- The number of transitions, the creation being the first.
    version bigint not null,
    -- The last version that the customer service has acknowledged.
    reported_version bigint not null,
    -- Tries at the provider that have failed, one after the other.
    attempts integer not null,
    -- Leases, one after the other, that a worker took and did not end in order: it died, or overran.
    overruns integer not null default 0,
    -- When a worker may next take this up. While one works on it, this is the end of its lease: a
    -- worker that dies leaves the work to be taken up again then. Null when nothing is left to do.
    next_attempt_time timestamptz,
    -- What the provider calls the attempt, once it has taken it and not decided at once.
    provider_reference text,
    create_time timestamptz not null,
    -- When the status last changed.
    update_time timestamptz not null,

    constraint verifications_pkey primary key (tenant_id, verification_id),
    constraint verifications_id_type_known check (
        id_type in ('passport', 'driving_license', 'id_card')
    ),
    constraint verifications_status_known check (
        status in (
            'pending', 'in_review', 'verified', 'resubmission_required', 'rejected', 'expired',
            'error'
        )
    ),
    constraint verifications_details_version_positive check (details_version > 0),
    constraint verifications_first_version_pending check (
        version >= 1 and (version = 1) = (status = 'pending')
    ),
    constraint verifications_reported_version_exists check (reported_version between 0 and version),
    constraint verifications_attempts_not_negative check (attempts >= 0),
    constraint verifications_overruns_not_negative check (overruns >= 0),
    -- No attempt is forgotten: it is decided, and the customer service knows, or work is due.
    constraint verifications_work_is_due check (
        next_attempt_time is not null or (status <> 'pending' and reported_version = version)
    )
);

-- A customer has one attempt under way at most.
create unique index verifications_one_in_progress on verifications (tenant_id, customer_id)
    where status in ('pending', 'in_review');

-- A customer's attempts, newest first.
create index verifications_by_customer on verifications (tenant_id, customer_id, verification_id);

-- Work, whichever tenant's, in the order in which it is due.
create index verifications_by_next_attempt on verifications (next_attempt_time)
    where next_attempt_time is not null;

-- What was sent in to prove an identity.
create table documents (
    tenant_id uuid not null,
    verification_id uuid not null,
    side text not null,
    mime_type text not null,
    content bytea not null,
    create_time timestamptz not null,

    constraint documents_pkey primary key (tenant_id, verification_id, side),
    constraint documents_of_verification foreign key (tenant_id, verification_id)
        references verifications (tenant_id, verification_id),
    constraint documents_side_known check (side in ('front', 'back', 'additional_data')),
    constraint documents_mime_type_known check (
        mime_type in ('image/jpeg', 'image/bmp', 'image/png', 'application/pdf', 'image/tiff')
    ),
    constraint documents_size check (octet_length(content) between 1 and 4194304)
);

-- Images are compressed already: PostgreSQL need not try.
alter table documents alter column content set storage external;

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
