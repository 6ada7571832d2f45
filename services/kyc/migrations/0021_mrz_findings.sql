-- What the machine-readable zone of a document says beside the customer's record. The zone itself is
-- not kept, and nothing that it says: only how it compares.
create table mrz_findings (
    tenant_id uuid not null,
    verification_id uuid not null,
    -- Which document.
    side text not null,
    -- Who read it: "caller" or "ocr".
    source text not null,
    -- "td1", "td2", "td3", "mrv_a", "mrv_b"; empty when it cannot be read.
    format text not null,
    -- Each of them "match", "mismatch", or "unknown" where one of the two has nothing to compare.
    check_digits text not null,
    name text not null,
    date_of_birth text not null,
    expiry text not null,
    country text not null,
    create_time timestamptz not null default now(),

    constraint mrz_findings_pkey primary key (tenant_id, verification_id, side),
    constraint mrz_findings_of_verification foreign key (tenant_id, verification_id)
        references verifications (tenant_id, verification_id) on delete cascade on update cascade,
    constraint mrz_findings_side_known check (side in ('front', 'back')),
    constraint mrz_findings_source_known check (source in ('caller', 'ocr'))
);
