-- What version 2 keeps besides. Names and columns are explained in
-- dev/tka/store/sql/sqlite-1-facts.sql. Version 1 may go on beside it: nothing that it reads or
-- writes changes.

-- First the table that every transaction locks first.
alter table tailnet
  add column own_at bigint,
  add column clock_at bigint,
  add column latest_clock_at bigint,
  add column begun_at bigint,
  add column time_checksum bigint;

alter table aum
  add column size bigint,
  add column own_at bigint,
  add column reference_at bigint,
  add column changes bytea,
  add column signers bytea,
  add column facts_checksum bigint;

create table trail_facts (
  tailnet bigint not null,
  position bigint not null,
  hash bytea not null,
  own_at bigint,
  reference_at bigint,
  changes bytea not null,
  checksum bigint not null,
  primary key (tailnet, position)
);

create table own_aum_facts (
  tailnet bigint not null,
  hash bytea not null,
  revocation bigint not null,
  acknowledged_own_at text,
  checksum bigint not null,
  primary key (tailnet, hash)
);

create table elsewhere_aum (
  tailnet bigint not null,
  hash bytea not null,
  checksum bigint not null,
  primary key (tailnet, hash)
);

create table inherited (
  tailnet bigint not null,
  hash bytea not null,
  content bytea not null,
  checksum bigint not null,
  primary key (tailnet, hash)
);
