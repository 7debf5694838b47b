-- Sites in or partly in a community, in order of their codes.
SELECT
  s.code,
  s.kind,
  s.name,
  s.area_m2,
  ST_AsBinary(s.geom) AS shape
FROM gisgrid.divisions AS d
JOIN gisgrid.sites AS s ON s.geom && d.geom AND ST_Intersects(d.geom, s.geom)
WHERE d.code = :community
ORDER BY s.code
