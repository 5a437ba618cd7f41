-- When a tailnet was restored from a backup; null if it was not, or when that is over. Servers of the
-- version before neither read nor write these columns, so they have a checksum of their own: the
-- CRC-32C of the record's number and the time.
alter table record add column restored text;
alter table record add column restored_checksum integer;
