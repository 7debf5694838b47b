-- The communities that a shape reaches into, in order of their codes.
SELECT
  d.code,
  d.name,
  d.level,
  d.parent_code,
  ST_AsBinary(d.geom) AS shape
FROM gisgrid.divisions AS d
WHERE d.level = 'community'
  AND ST_Intersects(d.geom, ST_GeomFromWKB(:shape, 4326))
ORDER BY d.code
