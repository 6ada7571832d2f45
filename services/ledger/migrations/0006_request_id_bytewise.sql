-- Keys of requests are looked for, never sorted for people: byte by byte, whatever the database's language.
alter table transfers alter column request_id type text collate "C";
