-- The newest usable points of each source and declared system, as they were sent.
SELECT
    newest.source,
    newest.crs,
    newest.lon,
    newest.lat
FROM (
    SELECT
        source,
        crs,
        lon,
        lat,
        row_number() OVER (PARTITION BY source, crs ORDER BY id DESC) AS place
    FROM gisgrid.reports
    WHERE received_at >= :since
        AND geom IS NOT NULL
) AS newest
WHERE newest.place <= :most
ORDER BY newest.source, newest.crs, newest.place
