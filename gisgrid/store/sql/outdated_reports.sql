-- Open reports whose grid was last confirmed by an edition that has ended, and those without a grid for which none was
-- sought since so many editions were published; held until the transaction ends, those held by others left out.
SELECT r.id
FROM gisgrid.reports AS r
WHERE r.state <> 'closed'
  AND r.id IN (
    SELECT o.id
    FROM gisgrid.editions AS e
    JOIN gisgrid.reports AS o ON o.confirmed_edition_id = e.id AND o.state <> 'closed'
    WHERE NOT upper_inf(e.valid)
    UNION ALL
    SELECT o.id
    FROM gisgrid.reports AS o
    WHERE o.confirmed_edition_id IS NULL AND o.state <> 'closed' AND o.sought_editions < :editions
  )
ORDER BY r.id
LIMIT :limit
FOR NO KEY UPDATE OF r SKIP LOCKED
