-- The grid that holds a building at an instant (now: in the edition without an end).
SELECT
  h.grid_code,
  h.edition_id
FROM gisgrid.edition_buildings AS h
JOIN gisgrid.editions AS e ON e.id = h.edition_id
WHERE h.building_code = :building
  AND CASE
    WHEN CAST(:at AS timestamptz) IS NULL THEN upper_inf(e.valid)
    ELSE e.valid @> CAST(:at AS timestamptz)
  END
ORDER BY h.grid_code
LIMIT 1
