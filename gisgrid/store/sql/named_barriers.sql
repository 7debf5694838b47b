-- Named streets and barriers in and around communities; a line near two of them comes for each.
SELECT
  d.code AS community_code,
  b.name,
  ST_AsBinary(b.geom) AS shape
FROM gisgrid.divisions AS d
JOIN gisgrid.barriers AS b ON b.geom && ST_Expand(d.geom, 0.0005)
WHERE d.code = ANY (:communities)
  AND b.name <> ''
  AND b.kind <> 'crossing'
ORDER BY d.code, b.name, b.fingerprint
