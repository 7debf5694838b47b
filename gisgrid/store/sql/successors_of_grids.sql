-- For each grid code that was ever given: the grids in force that its ground went to, itself where it did not end.
WITH RECURSIVE descent (ancestor, code) AS (
    SELECT
        code,
        code
    FROM gisgrid.grid_codes
    WHERE code = ANY(CAST(:codes AS TEXT[]))
    UNION
    SELECT
        descent.ancestor,
        lineage.child
    FROM descent
    INNER JOIN gisgrid.grid_lineage AS lineage
        ON lineage.parent = descent.code
)
SELECT
    descent.ancestor,
    coalesce(
        array_agg(given.code ORDER BY given.code) FILTER (WHERE given.retired_edition_id IS NULL),
        '{}'
    ) AS successors
FROM descent
INNER JOIN gisgrid.grid_codes AS given
    ON given.code = descent.code
GROUP BY descent.ancestor
