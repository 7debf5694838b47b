-- The grid in force of each building that is known: in the register of buildings, or in an edition that still counts it.
SELECT
    named.code,
    holding.grid_code,
    holding.edition_id
FROM unnest(CAST(:codes AS TEXT[])) AS named (code)
LEFT JOIN gisgrid.buildings AS registered
    ON registered.code = named.code
LEFT JOIN LATERAL (
    SELECT
        held.grid_code,
        held.edition_id
    FROM gisgrid.edition_buildings AS held
    INNER JOIN gisgrid.editions AS edition
        ON edition.id = held.edition_id
    WHERE held.building_code = named.code
        AND edition.valid @> now()
    ORDER BY held.grid_code
    LIMIT 1
) AS holding ON TRUE
WHERE registered.code IS NOT NULL
    OR holding.grid_code IS NOT NULL
