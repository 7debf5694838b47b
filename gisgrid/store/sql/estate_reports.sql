-- What was reported in a stretch of time, by estate: that of the building that the report names or was given by, else
-- of the building that its point lies on, else the estate that its point lies in. Without an estate only the reports in
-- grids of these communities come, as one row.
SELECT
  placed.estate_code,
  count(*) AS reports,
  count(*) FILTER (WHERE placed.closed_at <= placed.close_due OR placed.is_late) AS due,
  count(*) FILTER (WHERE placed.is_late) AS late,
  count(*) FILTER (WHERE placed.is_reopened) AS reopened
FROM (
  SELECT
    coalesce(named.estate_code, under.estate_code, around.code) AS estate_code,
    given.grid_code,
    r.close_due,
    happened.closed_at,
    coalesce(happened.closed_at, CAST(:now AS timestamptz)) > r.close_due AS is_late,
    happened.is_reopened
  FROM gisgrid.reports AS r
  LEFT JOIN LATERAL (
    SELECT
      a.grid_code,
      a.building_code
    FROM gisgrid.report_assignments AS a
    WHERE a.report_id = r.id
    ORDER BY a.sequence DESC
    LIMIT 1
  ) AS given ON true
  LEFT JOIN gisgrid.buildings AS named ON named.code = coalesce(given.building_code, r.building_code)
  LEFT JOIN LATERAL (
    SELECT b.estate_code
    FROM gisgrid.buildings AS b
    WHERE named.estate_code IS NULL
      AND b.estate_code IS NOT NULL
      AND b.geom && r.geom
      AND ST_Intersects(b.geom, r.geom)
    ORDER BY b.code
    LIMIT 1
  ) AS under ON true
  LEFT JOIN LATERAL (
    SELECT s.code
    FROM gisgrid.estates AS s
    WHERE named.estate_code IS NULL
      AND under.estate_code IS NULL
      AND s.geom && r.geom
      AND ST_Intersects(s.geom, r.geom)
    ORDER BY s.code
    LIMIT 1
  ) AS around ON true
  CROSS JOIN LATERAL (
    SELECT
      CASE WHEN r.state = 'closed' THEN max(e.at) FILTER (WHERE e.type = 'close') END AS closed_at,
      coalesce(bool_or(e.type = 'reopen'), false) AS is_reopened
    FROM gisgrid.report_events AS e
    WHERE e.report_id = r.id
  ) AS happened
  WHERE coalesce(r.reported_at, r.received_at) >= :begin
    AND coalesce(r.reported_at, r.received_at) < :end
) AS placed
WHERE placed.estate_code = ANY (:estates)
  OR (placed.estate_code IS NULL AND left(placed.grid_code, 12) = ANY (:communities))
GROUP BY placed.estate_code
ORDER BY placed.estate_code
