-- The buildings of a community, in order of their codes.
SELECT
  b.code,
  b.name,
  b.estate_code,
  b.address,
  b.floors,
  b.height_m,
  b.households,
  b.household_source,
  b.household_measure,
  b.use,
  ST_AsBinary(b.geom) AS shape
FROM gisgrid.buildings AS b
WHERE b.community_code = :community
ORDER BY b.code
