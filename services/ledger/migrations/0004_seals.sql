-- What makes it evident when entries or transfers were changed after the fact: see
-- docs/adr/0011-seals.md, which says byte for byte what a root is made of.
create table seals (
    tenant_id uuid not null,
    account_id uuid not null,
    -- The span of the account's entries that it covers; the spans of an account follow one another.
    from_sequence bigint not null,
    to_sequence bigint not null,
    -- Over the entries, their transfers, and the root of the account's seal before.
    root bytea not null,
    -- Of the statement that writes it, which lasts seconds: what was there at a time is known soon after.
    create_time timestamptz not null default statement_timestamp(),

    constraint seals_pkey primary key (tenant_id, account_id, from_sequence),
    constraint seals_from_positive check (from_sequence > 0),
    constraint seals_span_bounded check (
        to_sequence >= from_sequence and to_sequence - from_sequence < 1024
    ),
    constraint seals_root_is_sha256 check (length(root) = 32)
);
