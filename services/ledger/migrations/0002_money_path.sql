-- What posting in batches needs, and what transfers can be beside movements between ledgers.

alter table accounts
-- Counts the changes of this row. Who holds a copy of it writes only while it is as the copy says:
-- a statement that finds another version sets -1, which fails it.
add column version bigint not null default 0,
-- Settlement accounts, which every payment touches, are several of a kind, so that payments seldom
-- wait for each other; 0 where there is one alone.
add column stripe smallint not null default 0,
drop constraint accounts_kind_known,
add constraint accounts_kind_known check (kind in ('customer', 'settlement', 'suspense')),
add constraint accounts_version_as_expected check (version >= 0);

drop index accounts_settlement_once;
-- Each tenant's own accounts are made when they are first needed, once.
create unique index accounts_system_once on accounts (tenant_id, kind, currency, stripe)
where kind <> 'customer';

-- Transfers are written in the statement that changes their accounts, which are locked or as they were
-- read: no foreign key checks that again, once for each side of every transfer.
alter table transfers
drop constraint transfers_debit_account_exists,
drop constraint transfers_credit_account_exists,
-- The rpc and the key, with a space between; null where the caller gave no key.
add column request_id text,
-- Tells whether a later request with the same key is the same request.
add column request_hash bytea,
-- The transfer that this one undoes.
add column reverses uuid,
-- The payment that it was made for.
add column payment_id uuid,
-- The caller's own, an object of strings; null when empty.
add column metadata jsonb,
-- Which side is not a ledger but somebody elsewhere: null when both are ledgers, 'both' on the way
-- through suspense.
add column outside_side text;

alter table transfers rename column sender_name to outside_name;
alter table transfers rename column sender_sort_code to outside_sort_code;
alter table transfers rename column sender_account_number to outside_account_number;
alter table transfers rename column sender_iban to outside_iban;
alter table transfers rename column sender_bic_swift to outside_bic_swift;
update transfers set outside_side = 'debit' where outside_name is not null;

alter table transfers
drop constraint transfers_sender_has_account,
drop constraint transfers_sender_sort_code_with_number,
drop constraint transfers_sender_iban_with_bic,
add constraint transfers_outside_side_known check (outside_side in ('debit', 'credit', 'both')),
-- The BIC of an IBAN may be unknown.
add constraint transfers_outside_has_account check (
    case
        when outside_side is null then num_nonnulls(
            outside_name, outside_sort_code, outside_account_number, outside_iban, outside_bic_swift
        ) = 0
        else outside_name is not null
            and (outside_sort_code is not null or outside_iban is not null)
            and (outside_sort_code is null) = (outside_account_number is null)
            and (outside_bic_swift is null or outside_iban is not null)
    end
),
add constraint transfers_request_with_hash check ((request_id is null) = (request_hash is null));

-- One outcome for one key, kept as long as the transfer.
create unique index transfers_request_once on transfers (tenant_id, request_id)
where request_id is not null;

-- A declined reversal can be tried again.
create unique index transfers_reversed_once on transfers (tenant_id, reverses)
where reverses is not null and response_code = 1;
