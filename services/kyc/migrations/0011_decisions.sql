-- What became of verifications, and the people who decided.

-- Every transition of every verification, the creation being the first. Rows are only ever added.
create table verification_transitions (
    tenant_id uuid not null,
    verification_id uuid not null,
    -- The version that the transition made.
    version bigint not null,
    status text not null,
    reasons text[] not null,
    -- The API user who asked for it or decided; null when a provider did, or a limit of time.
    user_id uuid,
    -- The request that made it; null when a worker did.
    request_id text,
    create_time timestamptz not null,

    constraint verification_transitions_pkey primary key (tenant_id, verification_id, version)
);

-- Of what was there before, only the last transition is known.
insert into verification_transitions
    (tenant_id, verification_id, version, status, reasons, create_time)
select tenant_id, verification_id, version, status, reasons, update_time
from verifications;

-- What people have decided, also where another must agree first. Rows are only ever added.
create table verification_decisions (
    tenant_id uuid not null,
    verification_id uuid not null,
    -- 1, and one more with each decision on the verification.
    number integer not null,
    decision text not null,
    reason text not null,
    -- The API user.
    user_id uuid not null,
    request_id text not null,
    -- Whether the verification changed because of it.
    took_effect boolean not null,
    create_time timestamptz not null,

    constraint verification_decisions_pkey primary key (tenant_id, verification_id, number),
    constraint verification_decisions_number_positive check (number > 0),
    constraint verification_decisions_known check (
        decision in ('approve', 'reject', 'resubmission')
    ),
    constraint verification_decisions_of_verification foreign key (tenant_id, verification_id)
        references verifications (tenant_id, verification_id)
);

-- How a tenant wants decisions to be made. Without a row: by one person.
create table review_policies (
    tenant_id uuid not null,
    four_eyes boolean not null,
    user_id uuid,
    update_time timestamptz not null,

    constraint review_policies_pkey primary key (tenant_id)
);

-- A tenant's verifications of one status, newest first.
create index verifications_by_status on verifications (tenant_id, status, verification_id);
