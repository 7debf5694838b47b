-- Estates and buildings as they are shown, each with the grids in force that it lies in.
WITH homes AS (
    SELECT
        held.building_code,
        held.grid_code
    FROM gisgrid.edition_buildings AS held
    INNER JOIN gisgrid.editions AS edition
        ON edition.id = held.edition_id
    WHERE upper_inf(edition.valid)
        AND (
            held.building_code = ANY(CAST(:buildings AS TEXT[]))
            OR held.building_code IN (
                SELECT code
                FROM gisgrid.buildings
                WHERE estate_code = ANY(CAST(:estates AS TEXT[]))
            )
        )
)

SELECT
    'estate' AS kind,
    estate.code,
    estate.name,
    array_remove(array_agg(DISTINCT homes.grid_code ORDER BY homes.grid_code), NULL) AS grids
FROM gisgrid.estates AS estate
LEFT JOIN gisgrid.buildings AS building
    ON building.estate_code = estate.code
LEFT JOIN homes
    ON homes.building_code = building.code
WHERE estate.code = ANY(CAST(:estates AS TEXT[]))
GROUP BY estate.code, estate.name
UNION ALL
SELECT
    'building' AS kind,
    building.code,
    coalesce(
        nullif(concat(estate.name, building.name), estate.name),
        building.address,
        building.code
    ) AS name,
    array_remove(array_agg(DISTINCT homes.grid_code ORDER BY homes.grid_code), NULL) AS grids
FROM gisgrid.buildings AS building
LEFT JOIN gisgrid.estates AS estate
    ON estate.code = building.estate_code
LEFT JOIN homes
    ON homes.building_code = building.code
WHERE building.code = ANY(CAST(:buildings AS TEXT[]))
GROUP BY building.code, building.name, building.address, estate.name
