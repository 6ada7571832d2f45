-- So that a rotation that is asked for twice is made once: the second would end the secret that the first one
-- left in use.
alter table api_key_secrets
    -- The rpc and the request_id that the secret was made by; null where the request had none.
    add column request_id text;
