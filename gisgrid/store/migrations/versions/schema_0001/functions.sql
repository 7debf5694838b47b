-- What the tables' own CHECKs call. Names are qualified, so that a restore with an empty search_path works.

-- A shape that may be stored: of one of these types, SRID 4326, two dimensions, not empty, finite, valid, on the globe.
-- CASE keeps the cheap tests first; ST_IsValid also refuses NaN and infinite coordinates.
CREATE FUNCTION gisgrid.is_sound(shape public.geometry, VARIADIC types text[])
RETURNS boolean
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
AS $$
SELECT
  CASE
    WHEN shape IS NULL THEN true
    WHEN public.GeometryType(shape) <> ALL (types) THEN false
    WHEN public.ST_SRID(shape) <> 4326 THEN false
    WHEN public.ST_NDims(shape) <> 2 THEN false
    WHEN public.ST_IsEmpty(shape) THEN false
    WHEN NOT public.ST_IsValid(shape) THEN false
    ELSE
      public.ST_XMin(shape) >= -180 AND public.ST_XMax(shape) <= 180
      AND public.ST_YMin(shape) >= -90 AND public.ST_YMax(shape) <= 90
  END
$$;
