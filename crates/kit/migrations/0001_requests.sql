-- The table that `kit::idempotency` needs. Each service that uses it has the same in its own
-- migrations; this one is for checking this crate's statements and for its tests.
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
