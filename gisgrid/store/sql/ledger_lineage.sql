-- What became of every retired grid of communities, the latest change first.
SELECT
  e.community_code,
  e.id AS edition_id,
  lower(e.valid) AS changed_at,
  e.published_by,
  l.parent,
  l.child,
  l.households
FROM gisgrid.grid_lineage AS l
JOIN gisgrid.editions AS e ON e.id = l.edition_id
WHERE e.community_code = ANY (:communities)
ORDER BY lower(e.valid) DESC, l.parent, l.child
