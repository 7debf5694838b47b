-- The estates that the buildings of communities belong to, in order of their codes.
SELECT
  s.code,
  s.name,
  s.type,
  s.property_company
FROM gisgrid.estates AS s
WHERE s.code IN (
  SELECT b.estate_code
  FROM gisgrid.buildings AS b
  WHERE b.community_code = ANY (:communities)
)
ORDER BY s.code
