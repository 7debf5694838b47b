-- Buildings that reach more than about 5 cm (5e-7 degrees) over the edge of their community.
SELECT b.code
FROM gisgrid.divisions AS d
JOIN gisgrid.buildings AS b ON b.community_code = d.code
WHERE NOT ST_Covers(d.geom, ST_Buffer(b.geom, -5e-7))
ORDER BY b.code
