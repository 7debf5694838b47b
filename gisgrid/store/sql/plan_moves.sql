-- What became of a plan, the oldest first: decisions from the audit log, its publication from the edition.
SELECT
  substr(a.action, length('plan.') + 1) AS kind,
  a.actor,
  a.at,
  a.details ->> 'reason' AS reason,
  CAST(a.details ->> 'valid_from' AS timestamptz) AS valid_from
FROM gisgrid.audit AS a
WHERE a.subject = CAST(:plan AS text)
  AND a.action IN (
    'plan.draft', 'plan.submitted', 'plan.approved', 'plan.rejected', 'plan.scheduled', 'plan.withdrawn', 'plan.refused'
  )
UNION ALL
SELECT
  'published',
  e.published_by,
  e.published_at,
  NULL,
  lower(e.valid)
FROM gisgrid.editions AS e
WHERE e.plan_id = CAST(:plan AS bigint)
ORDER BY at
