-- Each category with those above it, the nearest first; one that is not imported stands alone.
WITH RECURSIVE ascent (code, above, step) AS (
  SELECT
    named.code,
    named.code COLLATE "C",
    0
  FROM unnest(CAST(:codes AS text[])) AS named (code)
  UNION ALL
  SELECT
    ascent.code,
    c.parent_code,
    ascent.step + 1
  FROM ascent
  JOIN gisgrid.categories AS c ON c.code = ascent.above
  WHERE c.parent_code IS NOT NULL AND ascent.step < 20
)
SELECT
  ascent.code,
  array_agg(ascent.above ORDER BY ascent.step) AS chain
FROM ascent
GROUP BY ascent.code
