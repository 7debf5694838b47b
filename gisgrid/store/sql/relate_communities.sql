-- Every building belongs to the community that holds its point on surface; the smallest code where several do.
WITH placed AS (
  SELECT
    b.code,
    min(d.code) AS community_code
  FROM gisgrid.divisions AS d
  JOIN gisgrid.buildings AS b ON b.geom && d.geom
  WHERE d.level = 'community'
    AND ST_Intersects(d.geom, ST_PointOnSurface(b.geom))
  GROUP BY b.code
),
settled AS (
  SELECT
    b.code,
    placed.community_code
  FROM gisgrid.buildings AS b
  LEFT JOIN placed ON placed.code = b.code
  WHERE b.community_code IS DISTINCT FROM placed.community_code
)
UPDATE gisgrid.buildings AS b
SET community_code = settled.community_code
FROM settled
WHERE b.code = settled.code
