-- What can happen to a report after it was filed; gisgrid/store/tables holds the same for queries.

ALTER TABLE gisgrid.reports ALTER COLUMN state DROP DEFAULT;
ALTER TABLE gisgrid.reports DROP CONSTRAINT reports_state_check;
ALTER TABLE gisgrid.reports ADD CONSTRAINT reports_state_check
  CHECK (state IN ('unplaced', 'assigned', 'accepted', 'returned', 'escalated', 'closed'));

ALTER TABLE gisgrid.report_assignments ADD COLUMN building_code TEXT COLLATE "C";
ALTER TABLE gisgrid.report_assignments ADD CONSTRAINT report_assignments_building_check
  CHECK (building_code IS NULL OR method = 'building');
ALTER TABLE gisgrid.report_assignments DROP CONSTRAINT report_assignments_method_check;
ALTER TABLE gisgrid.report_assignments ADD CONSTRAINT report_assignments_method_check
  CHECK (method IN ('inside', 'border', 'nearest', 'building', 'manual', 'successor', 'unplaced'));

ALTER TABLE gisgrid.report_events ADD COLUMN event_id TEXT COLLATE "C";
ALTER TABLE gisgrid.report_events ADD COLUMN body_sha256 BYTEA;
ALTER TABLE gisgrid.report_events ADD CONSTRAINT report_events_event_id_check
  CHECK ((event_id IS NULL) = (body_sha256 IS NULL) AND event_id <> '');
ALTER TABLE gisgrid.report_events ADD CONSTRAINT report_events_body_check CHECK (octet_length(body_sha256) = 32);
CREATE UNIQUE INDEX report_events_event_id_idx ON gisgrid.report_events (report_id, event_id)
  WHERE event_id IS NOT NULL;
