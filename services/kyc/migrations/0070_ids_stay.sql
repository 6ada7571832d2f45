-- A verification keeps its tenant and its id for ever, so nothing has to follow them; and no database of several
-- servers lets a key follow what decides on which server a row is (docs/scaling.md).
alter table mrz_findings
    drop constraint mrz_findings_of_verification,
    add constraint mrz_findings_of_verification foreign key (tenant_id, verification_id)
        references verifications (tenant_id, verification_id) on delete cascade not valid;
alter table screening_matches
    drop constraint screening_matches_of_verification,
    add constraint screening_matches_of_verification foreign key (tenant_id, verification_id)
        references verifications (tenant_id, verification_id) on delete cascade not valid;
alter table mrz_findings validate constraint mrz_findings_of_verification;
alter table screening_matches validate constraint screening_matches_of_verification;
