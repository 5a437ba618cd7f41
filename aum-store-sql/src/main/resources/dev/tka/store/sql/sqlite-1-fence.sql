-- Whether a tailnet lives here. Servers of the version before know nothing of it, so it has a checksum
-- of its own, the CRC-32C of the record's number and the columns before it, and triggers refuse what
-- anybody writes where the tailnet is being moved or does not live.

-- How often it changed, and the last move that changed it; null if none ever did.
alter table record add column epoch integer;
alter table record add column move text;
-- 0 or null if it lives here, 1 while a move is about to switch, 2 if it was moved, 3 if it is a copy
-- that is not finished.
alter table record add column standing integer;
-- Where it lives if that is elsewhere, and that place's servers.
alter table record add column fence_place text;
alter table record add column fence_server text;
-- Since when it is fenced, or when it was moved.
alter table record add column fence_at text;
alter table record add column fence_checksum integer;
-- Not null within a transaction of the move that holds the fence; others never see that.
alter table record add column opened integer;

create index retired_store on retired (store);

create trigger fence_begin before insert on tailnet when exists(
    select 1 from record as r where r.name = new.name and r.standing > 0 and r.opened is null) begin
  select raise(abort, 'the tailnet is being moved, or lives elsewhere');
end;

create trigger fence_commit before update of name, revision on tailnet when exists(
    select 1 from record as r where r.name = case when old.retired is null then old.name else (
      select o.name from retired as q join record as o on o.number = q.tailnet
        where q.store = old.name limit 1) end and r.standing > 0 and r.opened is null) begin
  select raise(abort, 'the tailnet is being moved, or lives elsewhere');
end;

create trigger fence_end before delete on tailnet when exists(
    select 1 from record as r where r.name = case when old.retired is null then old.name else (
      select o.name from retired as q join record as o on o.number = q.tailnet
        where q.store = old.name limit 1) end and r.standing > 0 and r.opened is null) begin
  select raise(abort, 'the tailnet is being moved, or lives elsewhere');
end;

create trigger fence_record before update of genesis, state1, state2, begun, begun_by, begun_at,
  support, made, retired, checksum, restored, restored_checksum on record when old.standing > 0
  and old.opened is null begin
  select raise(abort, 'the tailnet is being moved, or lives elsewhere');
end;

create trigger fence_record_end before delete on record when old.standing > 0
  and old.opened is null begin
  select raise(abort, 'the tailnet is being moved, or lives elsewhere');
end;

create trigger fence_node_insert before insert on node when exists(
    select 1 from record as r where r.number = new.tailnet and r.standing > 0 and r.opened is null) begin
  select raise(abort, 'the tailnet is being moved, or lives elsewhere');
end;

create trigger fence_node_update before update on node when exists(
    select 1 from record as r where r.number = new.tailnet and r.standing > 0 and r.opened is null) begin
  select raise(abort, 'the tailnet is being moved, or lives elsewhere');
end;

create trigger fence_node_delete before delete on node when exists(
    select 1 from record as r where r.number = old.tailnet and r.standing > 0 and r.opened is null) begin
  select raise(abort, 'the tailnet is being moved, or lives elsewhere');
end;

create trigger fence_sighting_insert before insert on sighting when exists(
    select 1 from record as r where r.number = new.tailnet and r.standing > 0 and r.opened is null) begin
  select raise(abort, 'the tailnet is being moved, or lives elsewhere');
end;

create trigger fence_sighting_update before update on sighting when exists(
    select 1 from record as r where r.number = new.tailnet and r.standing > 0 and r.opened is null) begin
  select raise(abort, 'the tailnet is being moved, or lives elsewhere');
end;

create trigger fence_sighting_delete before delete on sighting when exists(
    select 1 from record as r where r.number = old.tailnet and r.standing > 0 and r.opened is null) begin
  select raise(abort, 'the tailnet is being moved, or lives elsewhere');
end;

create trigger fence_token_insert before insert on token when exists(
    select 1 from record as r where r.number = new.tailnet and r.standing > 0 and r.opened is null) begin
  select raise(abort, 'the tailnet is being moved, or lives elsewhere');
end;

create trigger fence_token_update before update on token when exists(
    select 1 from record as r where r.number = new.tailnet and r.standing > 0 and r.opened is null) begin
  select raise(abort, 'the tailnet is being moved, or lives elsewhere');
end;

create trigger fence_token_delete before delete on token when exists(
    select 1 from record as r where r.number = old.tailnet and r.standing > 0 and r.opened is null) begin
  select raise(abort, 'the tailnet is being moved, or lives elsewhere');
end;
