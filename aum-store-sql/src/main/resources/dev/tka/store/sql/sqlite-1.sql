-- The AUMs of many tailnets, version 1. All SQL stores have these tables and columns; only the types
-- and "without rowid", which keeps a tailnet's rows together, are SQLite's.
--
-- Rows of aum and aum_body never change, except for removed_by: older snapshots still read them.
-- AUMs that a commit or a wipe removed are deleted a day later (removal). Times named ..._at are
-- seconds since the epoch if they are numbers, and ISO 8601 if they are texts.

create table tailnet (
  number integer primary key,
  name text not null unique,
  -- Increases by one with every commit and every wipe, and never decreases.
  revision integer not null,
  -- The last revision that did more than add AUMs.
  rewritten integer not null,
  -- The number of the last AUM added.
  last_number integer not null,
  last_active_ancestor blob,
  agreed_at text,
  -- The sum of the CRC-32C of this row and of all rows of its tailnet, without bodies.
  checksum integer not null
);

create table aum (
  tailnet integer not null,
  number integer not null,
  hash blob not null,
  parent blob,
  kind integer not null,
  committed_at integer not null,
  -- The revision that removed it; null while it is stored.
  removed_by integer,
  primary key (tailnet, number)
) without rowid;

create table aum_body (
  tailnet integer not null,
  number integer not null,
  encoded blob not null,
  primary key (tailnet, number)
) without rowid;

-- From the oldest entry on, without gaps. The three columns of key ids are CBOR arrays.
create table trail (
  tailnet integer not null,
  position integer not null,
  hash blob not null,
  parent blob,
  kind integer not null,
  committed_at integer not null,
  signers blob not null,
  added blob not null,
  taken_away blob not null,
  checkpoint blob,
  primary key (tailnet, position)
) without rowid;

create table own_aum (
  tailnet integer not null,
  hash blob not null,
  -- Null while control is not known to have it.
  acknowledged_at text,
  primary key (tailnet, hash)
) without rowid;

create table set_aside (
  tailnet integer not null,
  position integer not null,
  encoded blob not null,
  set_aside_at text not null,
  revocation integer not null,
  primary key (tailnet, position)
) without rowid;

create table removal (
  removed_at integer not null,
  tailnet integer not null,
  revision integer not null,
  primary key (removed_at, tailnet, revision)
) without rowid;
