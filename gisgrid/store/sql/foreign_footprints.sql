-- Footprints of other communities' buildings that reach over this community's edge, in order of their codes.
SELECT
  b.code,
  ST_AsBinary(b.geom) AS shape
FROM gisgrid.divisions AS d
JOIN gisgrid.buildings AS b ON b.geom && d.geom AND ST_Intersects(d.geom, b.geom)
WHERE d.code = :community
  AND b.community_code IS DISTINCT FROM d.code
ORDER BY b.code
