-- Events of the feed between two positions, each with its subject as it stood then: the grid that the event itself tells,
-- else that of the assignment which held when it was written (the first one where the clock was put back); the state by
-- the newest event that tells one.
SELECT
  f.position,
  f.at,
  f.type,
  e.report_id,
  e.details,
  r.source,
  r.external_id,
  g.grid_code,
  s.state,
  d.id AS edition_id,
  d.community_code,
  d.plan_id,
  lower(d.valid) AS valid_from,
  CASE WHEN f.type = 'edition.ended' THEN upper(d.valid) END AS valid_to
FROM gisgrid.feed AS f
LEFT JOIN gisgrid.report_events AS e ON e.id = f.report_event_id
LEFT JOIN gisgrid.reports AS r ON r.id = e.report_id
LEFT JOIN gisgrid.editions AS d ON d.id = f.edition_id
LEFT JOIN LATERAL (
  SELECT
    CASE
      WHEN e.details ? 'to' THEN e.details ->> 'to'
      WHEN e.details ? 'grid' THEN e.details ->> 'grid'
      ELSE (
        SELECT a.grid_code
        FROM gisgrid.report_assignments AS a
        WHERE a.report_id = e.report_id
          AND (a.at <= e.at OR a.sequence = 1)
        ORDER BY a.sequence DESC
        LIMIT 1
      )
    END AS grid_code
) AS g ON true
LEFT JOIN LATERAL (
  SELECT b.details ->> 'state' AS state
  FROM gisgrid.report_events AS b
  WHERE b.report_id = e.report_id
    AND b.id <= e.id
    AND b.details ? 'state'
  ORDER BY b.id DESC
  LIMIT 1
) AS s ON true
WHERE f.position > :after
  AND f.position <= :until
  AND (CAST(:types AS text[]) IS NULL OR f.type = ANY (:types))
  AND (
    CAST(:communities AS text[]) IS NULL
    OR d.community_code = ANY (:communities)
    -- A move is seen from where the report left as well as from where it went.
    OR left(g.grid_code, 12) = ANY (:communities)
    OR left(e.details ->> 'from', 12) = ANY (:communities)
    OR EXISTS (
      SELECT
      FROM gisgrid.report_events AS b
      WHERE b.report_id = e.report_id
        AND b.type = 'received'
        AND b.actor = :actor
    )
  )
ORDER BY f.position
LIMIT :limit
