-- What was said of a plan, thread by thread, and whether what a thread is pinned to is still there.
SELECT
  c.id,
  coalesce(c.thread_id, c.id) AS thread,
  c.action,
  c.pin,
  c.code,
  ST_AsBinary(c.geom) AS shape,
  c.actor,
  c.at,
  c.words,
  CASE c.pin
    WHEN 'grid' THEN EXISTS (SELECT FROM gisgrid.plan_grids AS g WHERE g.plan_id = c.plan_id AND g.key = c.code)
    WHEN 'building' THEN EXISTS (
      SELECT
      FROM gisgrid.buildings AS b
      JOIN gisgrid.plans AS p ON p.id = c.plan_id
      WHERE b.code = c.code AND b.community_code = p.community_code
    )
    ELSE true
  END AS present
FROM gisgrid.plan_comments AS c
WHERE c.plan_id = :plan
ORDER BY thread, c.id
