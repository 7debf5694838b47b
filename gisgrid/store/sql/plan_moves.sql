-- The states that a plan came into, the oldest first: decisions from the audit log, its publication from the edition.
SELECT
  substr(a.action, length('plan.') + 1) AS state,
  a.actor,
  a.at,
  a.details ->> 'reason' AS reason
FROM gisgrid.audit AS a
WHERE a.subject = CAST(:plan AS text)
  AND a.action IN ('plan.draft', 'plan.submitted', 'plan.approved', 'plan.rejected')
UNION ALL
SELECT
  'published',
  e.published_by,
  e.published_at,
  NULL
FROM gisgrid.editions AS e
WHERE e.plan_id = CAST(:plan AS bigint)
ORDER BY at
