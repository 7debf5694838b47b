-- Reports by the grid that they have: those of a stretch of time, and those that are open now, of whatever time.
SELECT
  given.grid_code,
  count(*) FILTER (WHERE coalesce(r.reported_at, r.received_at) >= :begin) AS reports,
  count(*) FILTER (WHERE r.state <> 'closed') AS open,
  count(*) FILTER (WHERE r.state <> 'closed' AND r.close_due < :now) AS overdue
FROM gisgrid.reports AS r
CROSS JOIN LATERAL (
  SELECT a.grid_code
  FROM gisgrid.report_assignments AS a
  WHERE a.report_id = r.id
  ORDER BY a.sequence DESC
  LIMIT 1
) AS given
WHERE (r.state <> 'closed' OR coalesce(r.reported_at, r.received_at) >= :begin)
  AND left(given.grid_code, 12) = ANY (:communities)
GROUP BY given.grid_code
ORDER BY given.grid_code
