-- What a provider has decided is stored before we look ourselves: whatever fails then, it is not asked again.
-- No row has it yet, so nothing need be checked.
alter table verifications
    -- The status that the provider's decision leads to, unless what we find says otherwise.
    add column decided_status text,
    add column decided_reasons text[],
    add constraint verifications_decided_status_known check (
        decided_status in (
            'in_review', 'verified', 'resubmission_required', 'rejected', 'expired', 'error'
        )
    ) not valid,
    add constraint verifications_decided_with_reasons check (
        (decided_status is null) = (decided_reasons is null)
    ) not valid;

comment on column verifications.callback_time is
    'When the provider is to be asked because it has called back; the last such time.';

-- Whose turn it is to look after documents, in one row: it goes over all tenants'.
create table upkeep_work (
    single boolean not null default true,
    -- When the next process looks for objects that nobody knows of.
    next_sweep_time timestamptz not null default '-infinity',

    constraint upkeep_work_single primary key (single),
    constraint upkeep_work_one_row check (single)
);

insert into upkeep_work default values;

grant select, update on upkeep_work to kyc_service;
