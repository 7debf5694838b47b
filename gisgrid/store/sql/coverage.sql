-- Every grid in force at an instant (now: the editions without an end), in order of the codes.
SELECT
  g.code,
  g.name,
  g.kind,
  g.households,
  g.buildings,
  g.area_m2,
  e.community_code,
  e.id AS edition_id,
  lower(e.valid) AS valid_from,
  upper(e.valid) AS valid_to,
  ST_AsBinary(g.geom) AS shape
FROM gisgrid.editions AS e
JOIN gisgrid.edition_grids AS g ON g.edition_id = e.id
WHERE CASE
    WHEN CAST(:at AS timestamptz) IS NULL THEN upper_inf(e.valid)
    ELSE e.valid @> CAST(:at AS timestamptz)
  END
  AND (CAST(:communities AS text[]) IS NULL OR e.community_code = ANY (CAST(:communities AS text[])))
ORDER BY g.code
