-- Plans with their tallies, of one community or of all, the newest first.
SELECT
  p.id,
  p.community_code,
  p.state,
  p.revision,
  p.base_edition_id,
  p.created_at,
  grids.grids,
  grids.households,
  findings.errors,
  findings.warnings,
  waiting.valid_from AS scheduled_for
FROM gisgrid.plans AS p
LEFT JOIN gisgrid.scheduled_publications AS waiting ON waiting.plan_id = p.id AND waiting.outcome IS NULL
CROSS JOIN LATERAL (
  SELECT
    count(*) AS grids,
    coalesce(sum(g.households), 0) AS households
  FROM gisgrid.plan_grids AS g
  WHERE g.plan_id = p.id
) AS grids
CROSS JOIN LATERAL (
  SELECT
    count(*) FILTER (WHERE f.severity = 'error') AS errors,
    count(*) FILTER (WHERE f.severity = 'warning') AS warnings
  FROM gisgrid.plan_findings AS f
  WHERE f.plan_id = p.id
) AS findings
WHERE CAST(:community AS text) IS NULL OR p.community_code = :community
ORDER BY p.id DESC
