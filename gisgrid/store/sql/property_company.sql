-- The company that manages the estate of a building; without one, the only company among the estates of the grid.
SELECT coalesce(
  (
    SELECT e.property_company
    FROM gisgrid.buildings AS b
    JOIN gisgrid.estates AS e ON e.code = b.estate_code
    WHERE b.code = CAST(:building AS text)
  ),
  (
    SELECT min(e.property_company)
    FROM gisgrid.editions AS d
    JOIN gisgrid.edition_buildings AS h ON h.edition_id = d.id
    JOIN gisgrid.buildings AS b ON b.code = h.building_code
    JOIN gisgrid.estates AS e ON e.code = b.estate_code
    WHERE h.grid_code = CAST(:grid AS text) AND upper_inf(d.valid) AND e.property_company IS NOT NULL
    HAVING count(DISTINCT e.property_company) = 1
  )
) AS company
