-- Barriers, streets and crossings in and around a community. The margin of about 50 m keeps a crossing just outside
-- the edge, and the far end of a street that stops short of it.
SELECT
  b.kind,
  b.name,
  ST_AsBinary(b.geom) AS shape
FROM gisgrid.divisions AS d
JOIN gisgrid.barriers AS b ON b.geom && ST_Expand(d.geom, 0.0005)
WHERE d.code = :community
ORDER BY b.kind, b.fingerprint
