-- When a tailnet was restored from a backup, see dev/tka/store/sql/sqlite-1-restored.sql. Older
-- versions may go on beside it, and begin beside it: nothing that they read or write changes, so this
-- step is noted without a version.
alter table record
  add column restored text,
  add column restored_checksum bigint;
