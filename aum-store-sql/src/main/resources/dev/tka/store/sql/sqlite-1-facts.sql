-- What later versions keep besides, about AUMs, the trail and notes. Version 1 still reads and writes
-- the file: it never looks at these columns and tables, and they do not enter its checksum. So its
-- rows lack what is here, and what is here may be about rows that it has deleted: a reader takes only
-- what matches a row of version 1. Each checksum is the CRC-32C of what a row has here.

-- The note on own time.
alter table tailnet add column own_at integer;
alter table tailnet add column clock_at integer;
alter table tailnet add column latest_clock_at integer;
alter table tailnet add column begun_at integer;
alter table tailnet add column time_checksum integer;

-- The size of the body, in bytes, and the facts noted when the AUM was taken in.
alter table aum add column size integer;
alter table aum add column own_at integer;
alter table aum add column reference_at integer;
alter table aum add column changes blob;
alter table aum add column signers blob;
alter table aum add column facts_checksum integer;

-- About the trail's entry of the same position and hash.
create table trail_facts (
  tailnet integer not null,
  position integer not null,
  hash blob not null,
  own_at integer,
  reference_at integer,
  changes blob not null,
  checksum integer not null,
  primary key (tailnet, position)
) without rowid;

-- About own AUMs that were meant as rewrites, or that control is known to have.
create table own_aum_facts (
  tailnet integer not null,
  hash blob not null,
  revocation integer not null,
  -- In own time.
  acknowledged_own_at text,
  checksum integer not null,
  primary key (tailnet, hash)
) without rowid;

-- AUMs that came neither from here nor from control.
create table elsewhere_aum (
  tailnet integer not null,
  hash blob not null,
  checksum integer not null,
  primary key (tailnet, hash)
) without rowid;

-- What a rewrite keeps of the branch that it displaced.
create table inherited (
  tailnet integer not null,
  hash blob not null,
  content blob not null,
  checksum integer not null,
  primary key (tailnet, hash)
) without rowid;
