-- The tokens of a user, to revoke them all.
create index tokens_by_user on tokens (tenant_id, user_id) where revoke_time is null;
