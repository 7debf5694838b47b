-- The estates that the community's buildings belong to, and those whose polygon touches it, in order of their codes.
SELECT
  e.code,
  e.name,
  e.type,
  e.property_company,
  ST_AsBinary(e.geom) AS shape
FROM gisgrid.estates AS e
WHERE e.code IN (
    SELECT b.estate_code
    FROM gisgrid.buildings AS b
    WHERE b.community_code = :community
  )
  OR e.code IN (
    SELECT touching.code
    FROM gisgrid.divisions AS d
    JOIN gisgrid.estates AS touching ON touching.geom && d.geom AND ST_Intersects(d.geom, touching.geom)
    WHERE d.code = :community
  )
ORDER BY e.code
