create table words (word text primary key);
insert into words (word) values ('migrated');
