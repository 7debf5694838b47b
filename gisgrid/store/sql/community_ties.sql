-- Ties between two buildings of the same community.
SELECT
  t.a,
  t.b,
  t.weight,
  t.kind
FROM gisgrid.ties AS t
JOIN gisgrid.buildings AS first ON first.code = t.a
JOIN gisgrid.buildings AS second ON second.code = t.b
WHERE first.community_code = :community
  AND second.community_code = :community
ORDER BY t.a, t.b, t.kind
