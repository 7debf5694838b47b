-- A building that names no estate belongs to the one whose polygon holds its point on surface.
WITH placed AS (
  SELECT
    b.code,
    min(e.code) AS estate_code
  FROM gisgrid.estates AS e
  JOIN gisgrid.buildings AS b ON b.geom && e.geom
  WHERE b.estate_code IS NULL
    AND ST_Intersects(e.geom, ST_PointOnSurface(b.geom))
  GROUP BY b.code
)
UPDATE gisgrid.buildings AS b
SET estate_code = placed.estate_code
FROM placed
WHERE b.code = placed.code
