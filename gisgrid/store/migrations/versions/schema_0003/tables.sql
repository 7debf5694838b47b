-- Urgency and claimed grid of reports; gisgrid/store/tables holds the same for queries.

ALTER TABLE gisgrid.reports
  ADD COLUMN urgency TEXT,
  ADD COLUMN grid_code TEXT COLLATE "C",
  ADD CONSTRAINT reports_grid_code_check CHECK (grid_code ~ '^[0-9]{15}$');
