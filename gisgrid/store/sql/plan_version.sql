-- What a plan's figures depend on, in one cheap row: its revision, the last import, the community's last edition.
SELECT
  p.community_code,
  p.revision,
  (SELECT max(r.id) FROM gisgrid.import_runs AS r) AS last_import,
  (SELECT max(e.id) FROM gisgrid.editions AS e WHERE e.community_code = p.community_code) AS last_edition
FROM gisgrid.plans AS p
WHERE p.id = :plan
