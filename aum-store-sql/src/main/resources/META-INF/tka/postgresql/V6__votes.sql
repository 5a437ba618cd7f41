-- The votes that the operator asks of edits, and proposals, see dev/tka/store/sql/sqlite-1-votes.sql.
-- Older versions may go on beside it, and begin beside it: nothing that they read or write changes,
-- so this step is noted without a version.
alter table record
  add column votes text,
  add column votes_checksum bigint;

drop trigger fence on record;

create trigger fence before delete or update of genesis, state1, state2, begun, begun_by, begun_at,
  support, made, retired, checksum, restored, restored_checksum, votes, votes_checksum on record
  for each row when (old.standing > 0 and old.opened is null) execute function fence_record();
