-- Areas of second nets that reach into communities, in order of net and code.
SELECT DISTINCT ON (n.net, n.code)
  n.net,
  n.code,
  n.name,
  ST_AsBinary(n.geom) AS shape
FROM gisgrid.divisions AS d
JOIN gisgrid.net_areas AS n ON n.geom && d.geom AND ST_Intersects(n.geom, d.geom)
WHERE d.code = ANY (:communities)
ORDER BY n.net, n.code
