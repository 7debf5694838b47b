-- For each grid code that was ever given: the grid in force that continues it, itself where it did not end, else by way
-- of the grid to which most of its households went; null where none does.
WITH RECURSIVE line (ancestor, code, step) AS (
  SELECT
    g.code,
    g.code,
    0
  FROM gisgrid.grid_codes AS g
  WHERE g.code = ANY (CAST(:codes AS text[]))
  UNION ALL
  SELECT
    line.ancestor,
    heir.child,
    line.step + 1
  FROM line
  CROSS JOIN LATERAL (
    SELECT l.child
    FROM gisgrid.grid_codes AS ended
    JOIN gisgrid.grid_lineage AS l ON l.edition_id = ended.retired_edition_id AND l.parent = ended.code
    WHERE ended.code = line.code
    ORDER BY l.households DESC, l.child
    LIMIT 1
  ) AS heir
)
SELECT DISTINCT ON (line.ancestor)
  line.ancestor,
  g.code,
  e.id AS edition_id
FROM line
LEFT JOIN (
  gisgrid.edition_grids AS g
  JOIN gisgrid.editions AS e ON e.id = g.edition_id AND upper_inf(e.valid)
) ON g.code = line.code
ORDER BY line.ancestor, line.step DESC
