-- The communities below a division (or the division itself when it is one), in order of their codes.
WITH RECURSIVE below AS (
  SELECT d.code
  FROM gisgrid.divisions AS d
  WHERE d.code = :code
  UNION
  SELECT d.code
  FROM gisgrid.divisions AS d
  JOIN below ON d.parent_code = below.code
)
SELECT
  d.code,
  d.name,
  d.level,
  d.parent_code,
  ST_AsBinary(d.geom) AS shape
FROM gisgrid.divisions AS d
JOIN below ON below.code = d.code
WHERE d.level = 'community'
ORDER BY d.code
