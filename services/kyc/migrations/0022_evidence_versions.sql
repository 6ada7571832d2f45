-- Decisions name the evidence that they rest on, and may have a note.

-- Goes up with everything that is added to what a person decides on: matches, findings, the status and its
-- reasons. A decision on another version is refused.
alter table verifications
    add column evidence_version bigint not null default 1,
    add constraint verifications_evidence_version_positive check (evidence_version > 0);

-- Of decisions from before it is not known: 0.
alter table verification_decisions
    add column evidence_version bigint not null default 0,
    add constraint verification_decisions_evidence_version_not_negative check (
        evidence_version >= 0
    );

-- What people wrote beside their decisions: sealed, bound to the tenant, the verification and the
-- decision. A row goes with the customer's personal data; the decision stays.
create table decision_notes (
    tenant_id uuid not null,
    verification_id uuid not null,
    number integer not null,
    note bytea not null,
    -- The note's data key, and the version of the key-encryption key that wraps it.
    note_key bytea not null,
    note_key_version integer not null,

    constraint decision_notes_pkey primary key (tenant_id, verification_id, number),
    constraint decision_notes_of_decision foreign key (tenant_id, verification_id, number)
        references verification_decisions (tenant_id, verification_id, number),
    constraint decision_notes_key_version_positive check (note_key_version > 0)
);

-- Which data keys an old key-encryption key wraps.
create index decision_notes_by_key_version
    on decision_notes (note_key_version, tenant_id, verification_id, number);
