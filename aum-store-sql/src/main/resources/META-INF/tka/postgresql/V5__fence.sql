-- Whether a tailnet lives here, see dev/tka/store/sql/sqlite-1-fence.sql. Older versions may go on
-- beside it, and begin beside it, but the triggers refuse what they write where it does not, so this
-- step is noted without a version.
--
-- Whoever writes holds the tailnet's lock together with others, and whoever changes the fence waits
-- until he holds it alone: then all that was written before is committed, and who comes later sees
-- the new fence. It is no lock of a row, because a row is locked together by ever new writers, for
-- as long as they overlap.

create function fence_key(of_tailnet text) returns bigint language sql immutable as $$
  select hashtextextended(of_tailnet, 1414217984)
$$;

create function require_open(of_tailnet text) returns void language plpgsql as $$
begin
  perform pg_advisory_xact_lock_shared(tka.fence_key(of_tailnet));
  if exists(select 1 from tka.record
      where name = of_tailnet and standing > 0 and opened is null) then
    raise exception using errcode = 'TKA01',
      message = 'tailnet "' || of_tailnet || '" is being moved, or lives elsewhere';
  end if;
end
$$;

create function fence_aums() returns trigger language plpgsql as $$
begin
  if tg_op = 'INSERT' then
    perform tka.require_open(new.name);
  elsif old.retired is null then
    perform tka.require_open(old.name);
  else
    perform tka.require_open(r.name)
      from tka.retired as q join tka.record as r on r.number = q.tailnet where q.store = old.name;
  end if;
  return null;
end
$$;

create function fence_rows() returns trigger language plpgsql as $$
declare
  of_record bigint;
begin
  -- Whoever repairs marks touches the nodes of all tailnets at once, and would need a lock of each.
  -- Where a tailnet lives does not matter to them: nothing that is said of a node changes.
  if current_setting('tka.repairs_marks', true) = 'on' then
    return null;
  end if;
  for of_record in select distinct tailnet from touched loop
    perform tka.require_open((select name from tka.record where number = of_record));
  end loop;
  return null;
end
$$;

create function fence_record() returns trigger language plpgsql as $$
begin
  perform tka.require_open(old.name);
  return case when tg_op = 'DELETE' then old else new end;
end
$$;

-- In the order in which writers lock the tables.
create trigger fence after insert or delete or update of name, revision on tailnet
  for each row execute function fence_aums();

alter table record
  add column epoch bigint,
  add column move text,
  add column standing bigint,
  add column fence_place text,
  add column fence_server text,
  add column fence_at text,
  add column fence_checksum bigint,
  add column opened bigint;

create trigger fence before delete or update of genesis, state1, state2, begun, begun_by, begun_at,
  support, made, retired, checksum, restored, restored_checksum on record
  for each row when (old.standing > 0 and old.opened is null) execute function fence_record();

create index retired_store on retired (store);

create trigger fence_insert after insert on node referencing new table as touched
  for each statement execute function fence_rows();
create trigger fence_update after update on node referencing new table as touched
  for each statement execute function fence_rows();
create trigger fence_delete after delete on node referencing old table as touched
  for each statement execute function fence_rows();

create trigger fence_insert after insert on sighting referencing new table as touched
  for each statement execute function fence_rows();
create trigger fence_update after update on sighting referencing new table as touched
  for each statement execute function fence_rows();
create trigger fence_delete after delete on sighting referencing old table as touched
  for each statement execute function fence_rows();

create trigger fence_insert after insert on token referencing new table as touched
  for each statement execute function fence_rows();
create trigger fence_update after update on token referencing new table as touched
  for each statement execute function fence_rows();
create trigger fence_delete after delete on token referencing old table as touched
  for each statement execute function fence_rows();
