-- What is kept for a control server beside AUMs. Older versions go on beside: they never look at
-- these tables and columns, and the triggers see to it that their commits count, too. Each checksum
-- is the CRC-32C of the columns before it.
--
-- A mark is the number of a commit in this file (place), taken while nobody else can write.

create table place (
  one integer primary key check (one = 1),
  -- Tells this file's positions from those of others.
  id blob not null,
  number integer not null
);

insert into place values (1, randomblob(8), 0);

-- Not null if the row keeps an authority that was ended: then it is no tailnet for a control server.
alter table tailnet add column retired integer;

-- The marks of the last commit, and of the last that may have begun or ended an authority; null if
-- that was before this script.
alter table tailnet add column changed integer;
alter table tailnet add column switched integer;

create table record (
  number integer primary key autoincrement,
  name text not null unique,
  genesis blob,
  state1 integer,
  state2 integer,
  -- The init that was begun: the genesis as an AUM.
  begun blob,
  begun_by integer,
  begun_at text,
  support text,
  -- 1 if the operator made it.
  made integer not null,
  -- How many rows it has in the table of that name.
  retired integer not null,
  checksum integer not null,
  -- Also when a node was removed.
  changed integer,
  switched integer
);

create table retired (
  tailnet integer not null,
  position integer not null,
  genesis blob not null,
  state1 integer not null,
  state2 integer not null,
  secret text not null,
  ended_at text not null,
  -- The name of the row in the table of tailnets.
  store text not null,
  checksum integer not null,
  primary key (tailnet, position)
) without rowid;

create table node (
  -- The number of the record, as in all tables that follow.
  tailnet integer not null,
  id integer not null,
  node_key blob not null,
  rotation_key blob,
  signature blob,
  -- The genesis under which the signature was verified.
  authority blob,
  name text,
  unsigned_only integer not null,
  may_init integer not null,
  -- 1 if it holds an authority that was ended, 2 if it is catching up; and which, or with what.
  told_kind integer,
  told blob,
  checksum integer not null,
  changed integer,
  -- When what others see of it changed.
  looked integer,
  primary key (tailnet, id)
) without rowid;

create index node_key on node (tailnet, node_key);
create index node_told on node (tailnet, id) where told_kind is not null;
create index node_changed on node (changed);

create table sighting (
  tailnet integer not null,
  node integer not null,
  came_at integer not null,
  head blob,
  oldest blob,
  outcome text not null,
  detail text not null,
  checksum integer not null,
  primary key (tailnet, node)
) without rowid;

create table token (
  hash blob primary key,
  tailnet integer not null,
  node integer not null,
  made_at integer not null,
  checksum integer not null
) without rowid;

create index token_node on token (tailnet, node);

-- Tailnets that were deleted.
create table gone (
  name text primary key,
  changed integer not null
) without rowid;

create trigger mark_begin after insert on tailnet begin
  update place set number = number + 1;
  update tailnet set changed = (select number from place), switched = (select number from place)
    where number = new.number;
end;

create trigger mark_commit after update of name, revision on tailnet begin
  update place set number = number + 1;
  update tailnet set changed = (select number from place),
    -- A wipe, or the first commit after one.
    switched = case
      when new.rewritten = new.revision and new.last_active_ancestor is null
        or old.rewritten = old.revision and old.last_active_ancestor is null
      then (select number from place) else switched end
    where number = new.number;
end;

create trigger mark_delete after delete on tailnet when old.retired is null begin
  update place set number = number + 1;
  insert or replace into gone values (old.name, (select number from place));
end;
