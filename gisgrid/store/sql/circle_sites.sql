-- Sites of a kind in or around communities, in order of their codes.
SELECT
  s.code,
  s.kind,
  s.name,
  s.area_m2,
  ST_AsBinary(s.geom) AS shape
FROM gisgrid.sites AS s
WHERE s.kind = :kind
  AND s.geom && ST_MakeEnvelope(:west, :south, :east, :north, 4326)
ORDER BY s.code
