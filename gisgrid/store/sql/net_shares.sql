-- The buildings that grids in force and areas of second nets have in common: of grids of these communities, and of all
-- grids that the same areas reach into. A building belongs to the area of smallest code that its point lies in; those of
-- these communities in no area of a net come with a null area.
WITH reaching AS (
  SELECT n.geom
  FROM gisgrid.divisions AS d
  JOIN gisgrid.net_areas AS n ON n.geom && d.geom
  WHERE d.code = ANY (:communities)
),
placed AS (
  SELECT
    e.community_code = ANY (:communities) AS is_asked,
    h.grid_code,
    b.code,
    b.households,
    ST_PointOnSurface(b.geom) AS point
  FROM gisgrid.editions AS e
  JOIN gisgrid.edition_buildings AS h ON h.edition_id = e.id
  JOIN gisgrid.buildings AS b ON b.code = h.building_code
  WHERE upper_inf(e.valid)
    AND (
      e.community_code = ANY (:communities)
      OR EXISTS (
        SELECT
        FROM reaching AS n
        WHERE n.geom && b.geom
      )
    )
),
nets AS (
  SELECT DISTINCT n.net
  FROM gisgrid.net_areas AS n
)
SELECT
  placed.grid_code,
  nets.net,
  area.code AS area_code,
  area.name AS area_name,
  count(*) AS buildings,
  sum(placed.households) AS households
FROM placed
CROSS JOIN nets
LEFT JOIN LATERAL (
  SELECT
    n.code,
    n.name
  FROM gisgrid.net_areas AS n
  WHERE n.net = nets.net
    AND n.geom && placed.point
    AND ST_Intersects(n.geom, placed.point)
  ORDER BY n.code
  LIMIT 1
) AS area ON true
WHERE placed.is_asked
  OR area.code IS NOT NULL
GROUP BY placed.grid_code, nets.net, area.code, area.name
ORDER BY nets.net, placed.grid_code, area.code
