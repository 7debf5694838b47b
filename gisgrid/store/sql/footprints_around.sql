-- The footprints within some degrees of any of these points.
SELECT
    public.ST_AsBinary(building.geom) AS shape
FROM gisgrid.buildings AS building
WHERE building.code IN (
    SELECT near.code
    FROM unnest(
        CAST(:lon AS DOUBLE PRECISION[]),
        CAST(:lat AS DOUBLE PRECISION[])
    ) AS point (lon, lat)
    INNER JOIN gisgrid.buildings AS near
        ON near.geom && public.ST_MakeEnvelope(
            point.lon - :around,
            point.lat - :around,
            point.lon + :around,
            point.lat + :around,
            4326
        )
)
