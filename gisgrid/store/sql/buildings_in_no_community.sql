-- Buildings that lie in no community, once any community has a boundary.
SELECT b.code
FROM gisgrid.buildings AS b
WHERE b.community_code IS NULL
  AND EXISTS (SELECT FROM gisgrid.divisions AS d WHERE d.level = 'community' AND d.geom IS NOT NULL)
ORDER BY b.code
