-- A division and those above it, the nearest first; UNION ends the walk should parents ever form a ring.
WITH RECURSIVE above AS (
  SELECT d.code, d.name, d.level, d.parent_code
  FROM gisgrid.divisions AS d
  WHERE d.code = :code
  UNION
  SELECT d.code, d.name, d.level, d.parent_code
  FROM gisgrid.divisions AS d
  JOIN above ON d.code = above.parent_code
)
SELECT
  above.code,
  above.name,
  above.level,
  above.parent_code,
  NULL AS shape
FROM above
ORDER BY length(above.code) DESC
