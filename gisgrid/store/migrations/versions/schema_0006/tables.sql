-- By which edition the grid of an open report was last confirmed; gisgrid/store/tables holds the same for queries.

ALTER TABLE gisgrid.reports
  ADD COLUMN confirmed_edition_id BIGINT REFERENCES gisgrid.editions (id),
  ADD COLUMN sought_editions BIGINT DEFAULT 0 NOT NULL;

DROP TRIGGER reports_change ON gisgrid.reports;

UPDATE gisgrid.reports AS r
SET confirmed_edition_id = newest.edition_id
FROM (
  SELECT DISTINCT ON (a.report_id)
    a.report_id,
    a.edition_id
  FROM gisgrid.report_assignments AS a
  ORDER BY a.report_id, a.sequence DESC
) AS newest
WHERE newest.report_id = r.id AND newest.edition_id IS NOT NULL;

CREATE TRIGGER reports_change
  BEFORE UPDATE ON gisgrid.reports
  FOR EACH ROW EXECUTE FUNCTION gisgrid.allow_change_of('state', 'confirmed_edition_id', 'sought_editions');

CREATE INDEX reports_confirmed_edition_id_idx ON gisgrid.reports (confirmed_edition_id)
  WHERE state <> 'closed' AND confirmed_edition_id IS NOT NULL;
CREATE INDEX reports_sought_editions_idx ON gisgrid.reports (sought_editions)
  WHERE state <> 'closed' AND confirmed_edition_id IS NULL;
