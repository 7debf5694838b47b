-- A point in a grid of a plan, or in a building of its community: no row where there is none of that code.
SELECT ST_AsBinary(ST_PointOnSurface(g.geom)) AS shape
FROM gisgrid.plan_grids AS g
WHERE :pin = 'grid' AND g.plan_id = :plan AND g.key = :code
UNION ALL
SELECT ST_AsBinary(ST_PointOnSurface(b.geom))
FROM gisgrid.buildings AS b
JOIN gisgrid.plans AS p ON p.community_code = b.community_code
WHERE :pin = 'building' AND p.id = :plan AND b.code = :code
