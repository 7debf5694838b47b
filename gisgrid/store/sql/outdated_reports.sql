-- Open reports whose grid was last confirmed by an edition that has ended, and those without a grid for which none was
-- sought since so many editions were published; held until the transaction ends, those held by others left out. What is
-- outdated is found by two small indexes first: nearly always nothing, and the table itself is not looked at.
WITH outdated AS MATERIALIZED (
  SELECT r.id
  FROM gisgrid.editions AS e
  JOIN gisgrid.reports AS r ON r.confirmed_edition_id = e.id AND r.state <> 'closed'
  WHERE NOT upper_inf(e.valid)
  UNION ALL
  SELECT r.id
  FROM gisgrid.reports AS r
  WHERE r.confirmed_edition_id IS NULL AND r.state <> 'closed' AND r.sought_editions < :editions
)
SELECT r.id
FROM outdated
JOIN gisgrid.reports AS r ON r.id = outdated.id
WHERE r.state <> 'closed'
LIMIT :limit
FOR NO KEY UPDATE OF r SKIP LOCKED
