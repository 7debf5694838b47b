-- A building with household rows counts them; one whose rows are gone has no count any more.
WITH counted AS (
  SELECT
    h.building_code AS code,
    count(*)::integer AS households
  FROM gisgrid.households AS h
  GROUP BY h.building_code
),
settled AS (
  SELECT
    b.code,
    coalesce(counted.households, 0) AS households,
    CASE WHEN counted.code IS NULL THEN 'estimated' ELSE 'counted' END AS household_source
  FROM gisgrid.buildings AS b
  LEFT JOIN counted ON counted.code = b.code
  WHERE counted.code IS NOT NULL
     OR b.household_source = 'counted'
)
UPDATE gisgrid.buildings AS b
SET
  households = settled.households,
  household_source = settled.household_source
FROM settled
WHERE b.code = settled.code
  AND (b.households, b.household_source) IS DISTINCT FROM (settled.households, settled.household_source)
