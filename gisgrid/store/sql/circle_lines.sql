-- Streets, barriers and crossings of a stretch of ground.
SELECT
  b.kind,
  b.name,
  ST_AsBinary(b.geom) AS shape
FROM gisgrid.barriers AS b
WHERE b.geom && ST_MakeEnvelope(:west, :south, :east, :north, 4326)
ORDER BY b.kind, b.fingerprint
