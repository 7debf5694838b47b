-- The buildings of communities with their estate and, where an edition is in force, their grid; in order of community
-- and code.
SELECT
  b.community_code,
  b.code,
  b.name,
  b.address,
  b.floors,
  b.households,
  b.household_source,
  b.household_measure,
  b.use,
  b.estate_code,
  placed.grid_code
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
ORDER BY b.community_code, b.code
