-- The findings of the plans in force of communities, the accepted ones with who accepted them.
SELECT
  e.community_code,
  f.rule,
  f.severity,
  f.message_zh,
  f.codes,
  (
    SELECT max(a.accepted_by)
    FROM gisgrid.edition_acceptances AS a
    WHERE a.edition_id = e.id
      AND a.rule = f.rule
      AND (a.grid_code IS NULL OR a.grid_code = ANY (f.codes))
  ) AS accepted_by
FROM gisgrid.editions AS e
JOIN gisgrid.plan_findings AS f ON f.plan_id = e.plan_id
WHERE upper_inf(e.valid)
  AND e.community_code = ANY (:communities)
ORDER BY
  e.community_code,
  array_position(ARRAY['error', 'warning', 'info'], f.severity),
  f.position
