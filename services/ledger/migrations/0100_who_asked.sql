-- On whose request money moved. Null, both, of what was recorded before these columns, and of what a service
-- did on its own account: what came in, and what its worker made of a payment, whose audit record says who
-- created it.
alter table transfers
add column user_id uuid,
-- The API key that the user's call was made with; null: it was made after a login.
add column api_key_id uuid,
-- Not looked for in what is there, which has neither: that would keep everybody out meanwhile.
add constraint transfers_key_of_user check (api_key_id is null or user_id is not null) not valid;

-- Which version of its encoding a leaf of the seal has (docs/adr/0011-seals.md): those that are there, and what
-- a process from before makes yet, have the first.
alter table seals
add column version smallint not null default 1,
add constraint seals_version_known check (version in (1, 2)) not valid;
