-- The inhabited buildings of communities with a point on each and, where an edition is in force, their grid; in order of
-- community and code.
SELECT
  b.community_code,
  b.code,
  b.households,
  placed.grid_code,
  ST_AsBinary(ST_PointOnSurface(b.geom)) AS shape
FROM gisgrid.buildings AS b
LEFT JOIN (
  SELECT
    e.community_code,
    eb.building_code,
    eb.grid_code
  FROM gisgrid.editions AS e
  JOIN gisgrid.edition_buildings AS eb ON eb.edition_id = e.id
  WHERE upper_inf(e.valid)
    AND e.community_code = ANY (:communities)
) AS placed ON placed.building_code = b.code AND placed.community_code = b.community_code
WHERE b.community_code = ANY (:communities)
  AND b.households > 0
ORDER BY b.community_code, b.code
