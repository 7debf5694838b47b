-- How many of these points lie in a community with a boundary, and how many such communities there are.
SELECT
  (
    SELECT count(*)
    FROM unnest(CAST(:lons AS double precision[]), CAST(:lats AS double precision[])) AS place (lon, lat)
    WHERE EXISTS (
      SELECT
      FROM gisgrid.divisions AS d
      WHERE d.level = 'community'
        AND ST_Intersects(d.geom, ST_SetSRID(ST_MakePoint(place.lon, place.lat), 4326))
    )
  ) AS inside,
  (
    SELECT count(*)
    FROM gisgrid.divisions AS d
    WHERE d.level = 'community'
      AND d.geom IS NOT NULL
  ) AS communities
