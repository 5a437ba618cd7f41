-- The votes that the operator asks of edits, and the changes for which signatures are collected, in
-- JSON; null if there are none. Servers of the version before neither read nor write these columns,
-- so they have a checksum of their own: the CRC-32C of the record's number and the text. Those
-- servers let in edits without counting votes: set thresholds once all servers are of this version.
alter table record add column votes text;
alter table record add column votes_checksum integer;

drop trigger fence_record;

create trigger fence_record before update of genesis, state1, state2, begun, begun_by, begun_at,
  support, made, retired, checksum, restored, restored_checksum, votes, votes_checksum on record
  when old.standing > 0 and old.opened is null begin
  select raise(abort, 'the tailnet is being moved, or lives elsewhere');
end;
