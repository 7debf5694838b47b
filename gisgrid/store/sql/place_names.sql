-- Every name of every estate and building: their own, their aliases, addresses, and buildings within an estate's names.
WITH estate_names AS (
    SELECT
        code,
        name AS spelled
    FROM gisgrid.estates
    UNION ALL
    SELECT
        estate.code,
        other.alias AS spelled
    FROM gisgrid.aliases AS other
    INNER JOIN gisgrid.estates AS estate
        ON estate.code = other.code
)

SELECT
    'estate' AS kind,
    code,
    spelled,
    NULL AS of_estate
FROM estate_names
UNION ALL
SELECT
    'building' AS kind,
    building.code,
    building.name AS spelled,
    estate.spelled AS of_estate
FROM gisgrid.buildings AS building
LEFT JOIN estate_names AS estate
    ON estate.code = building.estate_code
WHERE building.name IS NOT NULL
UNION ALL
SELECT
    'building' AS kind,
    code,
    address AS spelled,
    NULL AS of_estate
FROM gisgrid.buildings
WHERE address IS NOT NULL
UNION ALL
SELECT
    'building' AS kind,
    building.code,
    other.alias AS spelled,
    NULL AS of_estate
FROM gisgrid.aliases AS other
INNER JOIN gisgrid.buildings AS building
    ON building.code = other.code
