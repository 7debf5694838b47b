-- The laws that the database itself keeps.
--
-- 1. What is published or happened is frozen: triggers refuse UPDATE, DELETE and TRUNCATE to everybody.
-- 2. An edition is judged as a whole when its transaction commits (or sooner: SET CONSTRAINTS gisgrid.editions_law
--    IMMEDIATE); an edition that breaks a law can therefore never be seen by anybody, whoever wrote it and how. Once
--    judged it is sealed, and no row can be added to it.
--
-- The judgement uses predicates and grouped counts only, never an overlay of shapes that came from outside: the overlay
-- of two valid polygons can take minutes and gigabytes.
--
-- Error states: GG001 an edition breaks a law (DETAIL holds the faults as JSON), GG002 an append-only row.

-- ---------------------------------------------------------------------------------------------------------- freezing

CREATE FUNCTION gisgrid.refuse_change()
RETURNS trigger
LANGUAGE plpgsql
AS $$
BEGIN
  RAISE EXCEPTION USING
    ERRCODE = 'GG002',
    MESSAGE = format(
      'Table %s is append-only: %s is refused; what is wrong is corrected by a later row.', TG_TABLE_NAME, TG_OP
    );
END
$$;

-- TG_ARGV names the columns that may change, and nothing else may.
CREATE FUNCTION gisgrid.allow_change_of()
RETURNS trigger
LANGUAGE plpgsql
AS $$
BEGIN
  IF to_jsonb(NEW) - TG_ARGV IS DISTINCT FROM to_jsonb(OLD) - TG_ARGV THEN
    RAISE EXCEPTION USING
      ERRCODE = 'GG002',
      MESSAGE = format(
        'In table %s only %s may change; the rest is append-only.', TG_TABLE_NAME, array_to_string(TG_ARGV, ', ')
      );
  END IF;
  RETURN NEW;
END
$$;

-- An edition is ended once; its seal is never broken.
CREATE FUNCTION gisgrid.allow_end_of_edition()
RETURNS trigger
LANGUAGE plpgsql
AS $$
BEGIN
  IF NEW.valid <> OLD.valid
    AND (NOT upper_inf(OLD.valid) OR upper_inf(NEW.valid) OR lower(NEW.valid) <> lower(OLD.valid))
  THEN
    RAISE EXCEPTION USING
      ERRCODE = 'GG002',
      MESSAGE = format('Edition %s can only be ended, and only once; its period stays as it is.', OLD.id);
  END IF;
  IF OLD.sealed AND NOT NEW.sealed THEN
    RAISE EXCEPTION USING
      ERRCODE = 'GG002',
      MESSAGE = format('Edition %s is sealed and stays so.', OLD.id);
  END IF;
  RETURN NEW;
END
$$;

CREATE FUNCTION gisgrid.allow_retirement_of_code()
RETURNS trigger
LANGUAGE plpgsql
AS $$
BEGIN
  IF OLD.retired_edition_id IS NOT NULL AND NEW.retired_edition_id IS DISTINCT FROM OLD.retired_edition_id THEN
    RAISE EXCEPTION USING
      ERRCODE = 'GG002',
      MESSAGE = format('Grid code %s was retired by edition %s and stays so.', OLD.code, OLD.retired_edition_id);
  END IF;
  IF NEW.retired_edition_id IS NOT NULL
    AND (SELECT e.sealed FROM gisgrid.editions AS e WHERE e.id = NEW.retired_edition_id)
    AND OLD.retired_edition_id IS NULL
  THEN
    RAISE EXCEPTION USING
      ERRCODE = 'GG002',
      MESSAGE = format('Edition %s is sealed and retires no more codes.', NEW.retired_edition_id);
  END IF;
  RETURN NEW;
END
$$;

-- TG_ARGV[0] names the column that holds the edition.
CREATE FUNCTION gisgrid.require_open_edition()
RETURNS trigger
LANGUAGE plpgsql
AS $$
DECLARE
  sealed_edition bigint;
BEGIN
  EXECUTE format(
    'SELECT e.id FROM added JOIN gisgrid.editions AS e ON e.id = added.%I WHERE e.sealed LIMIT 1', TG_ARGV[0]
  ) INTO sealed_edition;
  IF sealed_edition IS NOT NULL THEN
    RAISE EXCEPTION USING
      ERRCODE = 'GG002',
      MESSAGE = format('Edition %s is sealed; publish another to change its grids.', sealed_edition);
  END IF;
  RETURN NULL;
END
$$;

CREATE FUNCTION gisgrid.open_new_edition()
RETURNS trigger
LANGUAGE plpgsql
AS $$
BEGIN
  NEW.sealed := false;
  RETURN NEW;
END
$$;

CREATE TRIGGER edition_grids_append_only
  BEFORE UPDATE OR DELETE OR TRUNCATE ON gisgrid.edition_grids
  FOR EACH STATEMENT EXECUTE FUNCTION gisgrid.refuse_change();
CREATE TRIGGER edition_buildings_append_only
  BEFORE UPDATE OR DELETE OR TRUNCATE ON gisgrid.edition_buildings
  FOR EACH STATEMENT EXECUTE FUNCTION gisgrid.refuse_change();
CREATE TRIGGER edition_acceptances_append_only
  BEFORE UPDATE OR DELETE OR TRUNCATE ON gisgrid.edition_acceptances
  FOR EACH STATEMENT EXECUTE FUNCTION gisgrid.refuse_change();
CREATE TRIGGER grid_lineage_append_only
  BEFORE UPDATE OR DELETE OR TRUNCATE ON gisgrid.grid_lineage
  FOR EACH STATEMENT EXECUTE FUNCTION gisgrid.refuse_change();
CREATE TRIGGER report_assignments_append_only
  BEFORE UPDATE OR DELETE OR TRUNCATE ON gisgrid.report_assignments
  FOR EACH STATEMENT EXECUTE FUNCTION gisgrid.refuse_change();
CREATE TRIGGER report_events_append_only
  BEFORE UPDATE OR DELETE OR TRUNCATE ON gisgrid.report_events
  FOR EACH STATEMENT EXECUTE FUNCTION gisgrid.refuse_change();
CREATE TRIGGER audit_append_only
  BEFORE UPDATE OR DELETE OR TRUNCATE ON gisgrid.audit
  FOR EACH STATEMENT EXECUTE FUNCTION gisgrid.refuse_change();

CREATE TRIGGER editions_append_only
  BEFORE DELETE OR TRUNCATE ON gisgrid.editions
  FOR EACH STATEMENT EXECUTE FUNCTION gisgrid.refuse_change();
CREATE TRIGGER editions_change
  BEFORE UPDATE ON gisgrid.editions
  FOR EACH ROW EXECUTE FUNCTION gisgrid.allow_change_of('valid', 'sealed');
CREATE TRIGGER editions_end
  BEFORE UPDATE ON gisgrid.editions
  FOR EACH ROW EXECUTE FUNCTION gisgrid.allow_end_of_edition();
CREATE TRIGGER editions_open
  BEFORE INSERT ON gisgrid.editions
  FOR EACH ROW EXECUTE FUNCTION gisgrid.open_new_edition();

CREATE TRIGGER grid_codes_append_only
  BEFORE DELETE OR TRUNCATE ON gisgrid.grid_codes
  FOR EACH STATEMENT EXECUTE FUNCTION gisgrid.refuse_change();
CREATE TRIGGER grid_codes_change
  BEFORE UPDATE ON gisgrid.grid_codes
  FOR EACH ROW EXECUTE FUNCTION gisgrid.allow_change_of('retired_edition_id');
CREATE TRIGGER grid_codes_retire
  BEFORE UPDATE ON gisgrid.grid_codes
  FOR EACH ROW EXECUTE FUNCTION gisgrid.allow_retirement_of_code();

CREATE TRIGGER reports_append_only
  BEFORE DELETE OR TRUNCATE ON gisgrid.reports
  FOR EACH STATEMENT EXECUTE FUNCTION gisgrid.refuse_change();
CREATE TRIGGER reports_change
  BEFORE UPDATE ON gisgrid.reports
  FOR EACH ROW EXECUTE FUNCTION gisgrid.allow_change_of('state');

CREATE TRIGGER edition_grids_open
  AFTER INSERT ON gisgrid.edition_grids
  REFERENCING NEW TABLE AS added
  FOR EACH STATEMENT EXECUTE FUNCTION gisgrid.require_open_edition('edition_id');
CREATE TRIGGER edition_buildings_open
  AFTER INSERT ON gisgrid.edition_buildings
  REFERENCING NEW TABLE AS added
  FOR EACH STATEMENT EXECUTE FUNCTION gisgrid.require_open_edition('edition_id');
CREATE TRIGGER edition_acceptances_open
  AFTER INSERT ON gisgrid.edition_acceptances
  REFERENCING NEW TABLE AS added
  FOR EACH STATEMENT EXECUTE FUNCTION gisgrid.require_open_edition('edition_id');
CREATE TRIGGER grid_lineage_open
  AFTER INSERT ON gisgrid.grid_lineage
  REFERENCING NEW TABLE AS added
  FOR EACH STATEMENT EXECUTE FUNCTION gisgrid.require_open_edition('edition_id');
CREATE TRIGGER grid_codes_open
  AFTER INSERT ON gisgrid.grid_codes
  REFERENCING NEW TABLE AS added
  FOR EACH STATEMENT EXECUTE FUNCTION gisgrid.require_open_edition('first_edition_id');

-- ---------------------------------------------------------------------------------------------------------- judgement

-- A footprint drawn in by some metres. Degrees are stretched to metres at the footprint's own latitude, which is right
-- to half a percent: a quarter of a millimetre in 5 cm.
CREATE FUNCTION gisgrid.shrunk(footprint public.geometry, metres double precision)
RETURNS public.geometry
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
AS $$
SELECT
  public.ST_Scale(
    public.ST_Buffer(public.ST_Scale(footprint, stretch.x, stretch.y), -metres, 'join=mitre'),
    1 / stretch.x,
    1 / stretch.y
  )
FROM (
  SELECT
    111320 * cos(radians(public.ST_Y(public.ST_Centroid(footprint)))) AS x,
    110574::double precision AS y
) AS stretch
$$;

-- Edge cancellation. The directed edges of all grids, same orientation, must cancel but for the outline, and the outline
-- must be the community's edge: its vertices and the middles of its edges lie on it, every vertex of the community is
-- met, and each part of the community has as much ground as the grids in it. Together these leave no overlap, no gap and
-- nothing outside. The tolerance of 2e-8 degrees is about 2 mm.
CREATE FUNCTION gisgrid.tiling_faults(judged bigint)
RETURNS TABLE (rule text, codes text[], figures jsonb)
LANGUAGE sql
STABLE
AS $$
WITH community AS MATERIALIZED (
  SELECT
    d.code,
    d.geom,
    public.ST_Boundary(d.geom) AS edge
  FROM gisgrid.editions AS e
  JOIN gisgrid.divisions AS d ON d.code = e.community_code
  WHERE e.id = judged
),
grids AS MATERIALIZED (
  SELECT
    g.code,
    g.geom
  FROM gisgrid.edition_grids AS g
  WHERE g.edition_id = judged
),
vertices AS (
  SELECT
    g.code,
    point.path[1] AS ring,
    point.path[2] AS position,
    public.ST_X(point.geom) AS x,
    public.ST_Y(point.geom) AS y
  FROM grids AS g
  CROSS JOIN LATERAL public.ST_DumpPoints(public.ST_ForcePolygonCCW(g.geom)) AS point
),
edges AS (
  SELECT
    v.code,
    v.x,
    v.y,
    lead(v.x) OVER along AS next_x,
    lead(v.y) OVER along AS next_y
  FROM vertices AS v
  WINDOW along AS (PARTITION BY v.code, v.ring ORDER BY v.position)
),
lines AS MATERIALIZED (
  SELECT
    CASE WHEN forward THEN x ELSE next_x END AS x,
    CASE WHEN forward THEN y ELSE next_y END AS y,
    CASE WHEN forward THEN next_x ELSE x END AS next_x,
    CASE WHEN forward THEN next_y ELSE y END AS next_y,
    count(*) FILTER (WHERE forward) AS forwards,
    count(*) FILTER (WHERE NOT forward) AS backwards,
    array_agg(code) AS codes
  FROM (
    SELECT edges.*, (x, y) < (next_x, next_y) AS forward
    FROM edges
    WHERE next_x IS NOT NULL
  ) AS directed
  GROUP BY 1, 2, 3, 4
),
outline AS MATERIALIZED (
  SELECT lines.*
  FROM lines
  WHERE forwards <> backwards
),
probes AS (
  SELECT x, y, codes FROM outline
  UNION ALL
  SELECT next_x, next_y, codes FROM outline
  UNION ALL
  SELECT (x + next_x) / 2, (y + next_y) / 2, codes FROM outline
),
astray AS (
  SELECT
    p.x,
    p.y,
    p.codes
  FROM probes AS p
  CROSS JOIN community AS c
  WHERE NOT public.ST_DWithin(c.edge, public.ST_SetSRID(public.ST_MakePoint(p.x, p.y), 4326), 2e-8)
),
corners AS (
  SELECT DISTINCT
    public.ST_X(point.geom) AS x,
    public.ST_Y(point.geom) AS y
  FROM community AS c
  CROSS JOIN LATERAL public.ST_DumpPoints(c.geom) AS point
),
missed AS (
  SELECT
    k.x,
    k.y
  FROM corners AS k
  WHERE NOT EXISTS (SELECT FROM outline AS o WHERE o.x = k.x AND o.y = k.y)
    AND NOT EXISTS (SELECT FROM outline AS o WHERE o.next_x = k.x AND o.next_y = k.y)
    AND NOT EXISTS (
      SELECT
      FROM outline AS o
      WHERE (abs(o.x - k.x) <= 2e-8 AND abs(o.y - k.y) <= 2e-8)
        OR (abs(o.next_x - k.x) <= 2e-8 AND abs(o.next_y - k.y) <= 2e-8)
    )
),
parts AS (
  SELECT
    part.path[1] AS part,
    public.ST_Area(part.geom) AS area,
    public.ST_Perimeter(part.geom) * 2e-8 AS tolerance,
    (
      SELECT coalesce(sum(public.ST_Area(g.geom)), 0)
      FROM grids AS g
      WHERE public.ST_Intersects(part.geom, public.ST_PointOnSurface(g.geom))
    ) AS drawn
  FROM community AS c
  CROSS JOIN LATERAL public.ST_Dump(c.geom) AS part
)
SELECT 'edition_without_ground', '{}'::text[], jsonb_build_object('community', e.community_code)
FROM gisgrid.editions AS e
WHERE e.id = judged
  AND (NOT EXISTS (SELECT FROM grids) OR NOT EXISTS (SELECT FROM community WHERE geom IS NOT NULL))
UNION ALL
SELECT
  'grids_overlap',
  (SELECT array_agg(DISTINCT code ORDER BY code) FROM lines AS l, unnest(l.codes) AS code WHERE l.forwards > 1 OR l.backwards > 1),
  jsonb_build_object('edges', count(*), 'lon', min(x), 'lat', (array_agg(y ORDER BY x, y))[1])
FROM lines
WHERE forwards > 1 OR backwards > 1
HAVING count(*) > 0
UNION ALL
SELECT
  'border_not_shared',
  (SELECT array_agg(DISTINCT code ORDER BY code) FROM astray AS a, unnest(a.codes) AS code),
  jsonb_build_object('points', count(*), 'lon', min(x), 'lat', (array_agg(y ORDER BY x, y))[1])
FROM astray
HAVING count(*) > 0
UNION ALL
SELECT
  'community_uncovered',
  '{}'::text[],
  jsonb_build_object('corners', count(*), 'lon', min(x), 'lat', (array_agg(y ORDER BY x, y))[1])
FROM missed
HAVING count(*) > 0
UNION ALL
SELECT
  'area_differs',
  '{}'::text[],
  jsonb_build_object('part', part, 'percent', round((100 * (drawn / area - 1))::numeric, 6))
FROM parts
WHERE abs(drawn - area) > tolerance
$$;

-- Every building of the community belongs to one grid, nothing else does, and no grid border cuts a footprint, be it a
-- neighbour's that reaches over the edge: since the grids tile the community, a footprint drawn in by 5 cm must meet no
-- grid but its own. Only footprints that touch another grid are drawn in, which is the dear part.
CREATE FUNCTION gisgrid.building_faults(judged bigint)
RETURNS TABLE (rule text, codes text[], figures jsonb)
LANGUAGE sql
STABLE
AS $$
WITH edition AS (
  SELECT e.id, e.community_code
  FROM gisgrid.editions AS e
  WHERE e.id = judged
),
without_grid AS (
  SELECT b.code
  FROM edition
  JOIN gisgrid.buildings AS b ON b.community_code = edition.community_code
  WHERE NOT EXISTS (
    SELECT
    FROM gisgrid.edition_buildings AS h
    WHERE h.edition_id = judged
      AND h.building_code = b.code
  )
),
of_elsewhere AS (
  SELECT h.building_code AS code
  FROM edition
  JOIN gisgrid.edition_buildings AS h ON h.edition_id = edition.id
  WHERE NOT EXISTS (
    SELECT
    FROM gisgrid.buildings AS b
    WHERE b.code = h.building_code
      AND b.community_code = edition.community_code
  )
),
miscounted AS (
  SELECT h.building_code AS code
  FROM gisgrid.edition_buildings AS h
  JOIN gisgrid.buildings AS b ON b.code = h.building_code
  WHERE h.edition_id = judged
    AND h.households <> b.households
),
-- A footprint in a grid that is not its own; a neighbour's has no grid of its own and may be in one.
met AS (
  SELECT
    b.code,
    b.geom AS footprint,
    g.geom AS ground,
    h.grid_code AS home,
    count(*) OVER (PARTITION BY b.code) AS grids
  FROM gisgrid.edition_grids AS g
  JOIN gisgrid.buildings AS b ON b.geom && g.geom AND public.ST_Intersects(g.geom, b.geom)
  LEFT JOIN gisgrid.edition_buildings AS h ON h.edition_id = judged AND h.building_code = b.code
  WHERE g.edition_id = judged
    AND h.grid_code IS DISTINCT FROM g.code
),
cut AS (
  SELECT m.code
  FROM met AS m
  WHERE (m.home IS NOT NULL OR m.grids > 1)
    AND public.ST_Intersects(m.ground, gisgrid.shrunk(m.footprint, 0.05))
  GROUP BY m.code, m.home
  HAVING m.home IS NOT NULL OR count(*) > 1
),
-- A footprint that does not even touch the grid it is counted in.
astray AS (
  SELECT h.building_code AS code
  FROM gisgrid.edition_buildings AS h
  JOIN gisgrid.edition_grids AS g ON g.edition_id = h.edition_id AND g.code = h.grid_code
  JOIN gisgrid.buildings AS b ON b.code = h.building_code
  WHERE h.edition_id = judged
    AND NOT public.ST_Intersects(g.geom, b.geom)
),
sums AS (
  SELECT
    h.grid_code AS code,
    sum(h.households) AS households,
    count(*) AS buildings
  FROM gisgrid.edition_buildings AS h
  WHERE h.edition_id = judged
  GROUP BY h.grid_code
),
mistallied AS (
  SELECT g.code
  FROM gisgrid.edition_grids AS g
  LEFT JOIN sums ON sums.code = g.code
  WHERE g.edition_id = judged
    AND (g.households <> coalesce(sums.households, 0) OR g.buildings <> coalesce(sums.buildings, 0))
)
SELECT 'building_without_grid', array_agg(code ORDER BY code), jsonb_build_object('buildings', count(*))
FROM without_grid
HAVING count(*) > 0
UNION ALL
SELECT 'building_of_another_community', array_agg(code ORDER BY code), jsonb_build_object('buildings', count(*))
FROM of_elsewhere
HAVING count(*) > 0
UNION ALL
SELECT 'building_cut', array_agg(code ORDER BY code), jsonb_build_object('buildings', count(*))
FROM (SELECT code FROM cut UNION SELECT code FROM astray) AS misplaced
HAVING count(*) > 0
UNION ALL
SELECT 'households_differ', array_agg(code ORDER BY code), jsonb_build_object('buildings', count(*))
FROM miscounted
HAVING count(*) > 0
UNION ALL
SELECT 'tallies_differ', array_agg(code ORDER BY code), jsonb_build_object('grids', count(*))
FROM mistallied
HAVING count(*) > 0
$$;

-- A residential grid outside the band of its plan stands only with the acceptance of a reviewer.
CREATE FUNCTION gisgrid.band_faults(judged bigint)
RETURNS TABLE (rule text, codes text[], figures jsonb)
LANGUAGE sql
STABLE
AS $$
SELECT
  outside.rule,
  ARRAY[g.code],
  jsonb_build_object('grid', g.code, 'households', g.households, 'minimum', band.minimum, 'maximum', band.maximum)
FROM gisgrid.editions AS e
JOIN gisgrid.plans AS p ON p.id = e.plan_id
JOIN gisgrid.edition_grids AS g ON g.edition_id = e.id
CROSS JOIN LATERAL (
  SELECT
    CAST(p.settings #>> '{band,minimum}' AS integer) AS minimum,
    CAST(p.settings #>> '{band,maximum}' AS integer) AS maximum
) AS band
CROSS JOIN LATERAL (
  SELECT CASE WHEN g.households < band.minimum THEN 'grid_below_band' ELSE 'grid_above_band' END AS rule
) AS outside
WHERE e.id = judged
  AND g.kind = 'residential'
  AND (g.households NOT BETWEEN band.minimum AND band.maximum) IS NOT FALSE
  AND NOT EXISTS (
    SELECT
    FROM gisgrid.edition_acceptances AS a
    WHERE a.edition_id = e.id
      AND a.grid_code = g.code
      AND a.rule = outside.rule
  )
ORDER BY g.code
$$;

-- An edition follows its predecessor without a gap in time; a code goes on or is new; one that ends is retired for good
-- and says what became of it.
CREATE FUNCTION gisgrid.code_faults(judged bigint)
RETURNS TABLE (rule text, codes text[], figures jsonb)
LANGUAGE sql
STABLE
AS $$
WITH edition AS (
  SELECT e.id, e.community_code, e.valid
  FROM gisgrid.editions AS e
  WHERE e.id = judged
),
predecessor AS (
  SELECT old.id, old.valid
  FROM edition
  JOIN gisgrid.editions AS old ON old.community_code = edition.community_code
  WHERE lower(old.valid) < lower(edition.valid)
  ORDER BY lower(old.valid) DESC
  LIMIT 1
),
before AS (
  SELECT g.code
  FROM predecessor
  JOIN gisgrid.edition_grids AS g ON g.edition_id = predecessor.id
),
now AS (
  SELECT g.code, c.community_code, c.first_edition_id, c.retired_edition_id
  FROM gisgrid.edition_grids AS g
  JOIN gisgrid.grid_codes AS c ON c.code = g.code
  WHERE g.edition_id = judged
)
SELECT 'edition_out_of_turn', '{}'::text[], jsonb_build_object('community', edition.community_code)
FROM edition
LEFT JOIN predecessor ON true
WHERE upper(predecessor.valid) <> lower(edition.valid)
  OR (predecessor.id IS NOT NULL AND upper_inf(predecessor.valid))
  OR NOT upper_inf(edition.valid)
UNION ALL
SELECT 'code_reused', array_agg(now.code ORDER BY now.code), jsonb_build_object('grids', count(*))
FROM now
WHERE now.retired_edition_id IS NOT NULL
  OR (now.first_edition_id <> judged AND now.code NOT IN (SELECT code FROM before))
HAVING count(*) > 0
UNION ALL
SELECT 'code_of_another_community', array_agg(now.code ORDER BY now.code), jsonb_build_object('grids', count(*))
FROM now
CROSS JOIN edition
WHERE now.community_code <> edition.community_code
HAVING count(*) > 0
UNION ALL
SELECT 'code_not_retired', array_agg(before.code ORDER BY before.code), jsonb_build_object('grids', count(*))
FROM before
JOIN gisgrid.grid_codes AS c ON c.code = before.code
WHERE before.code NOT IN (SELECT code FROM now)
  AND c.retired_edition_id IS DISTINCT FROM judged
HAVING count(*) > 0
UNION ALL
SELECT 'lineage_unfounded', array_agg(l.parent ORDER BY l.parent, l.child), jsonb_build_object('links', count(*))
FROM gisgrid.grid_lineage AS l
JOIN gisgrid.grid_codes AS c ON c.code = l.parent
WHERE l.edition_id = judged
  AND (c.retired_edition_id IS DISTINCT FROM judged OR l.child NOT IN (SELECT code FROM now))
HAVING count(*) > 0
UNION ALL
SELECT 'lineage_missing', array_agg(c.code ORDER BY c.code), jsonb_build_object('grids', count(*))
FROM gisgrid.grid_codes AS c
WHERE c.retired_edition_id = judged
  AND NOT EXISTS (
    SELECT
    FROM gisgrid.grid_lineage AS l
    WHERE l.edition_id = judged
      AND l.parent = c.code
  )
HAVING count(*) > 0
$$;

CREATE FUNCTION gisgrid.edition_faults(judged bigint)
RETURNS TABLE (rule text, codes text[], figures jsonb)
LANGUAGE sql
STABLE
AS $$
SELECT * FROM gisgrid.tiling_faults(judged)
UNION ALL
SELECT * FROM gisgrid.building_faults(judged)
UNION ALL
SELECT * FROM gisgrid.band_faults(judged)
UNION ALL
SELECT * FROM gisgrid.code_faults(judged)
$$;

-- Runs as the owner, who may seal; the app may not.
CREATE FUNCTION gisgrid.judge_edition()
RETURNS trigger
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp
AS $$
DECLARE
  faults jsonb;
BEGIN
  IF TG_OP = 'UPDATE' THEN
    IF NOT upper_inf(NEW.valid) AND NOT EXISTS (
      SELECT
      FROM gisgrid.editions AS e
      WHERE e.community_code = NEW.community_code
        AND lower(e.valid) = upper(NEW.valid)
    ) THEN
      faults := jsonb_build_array(
        jsonb_build_object(
          'rule', 'edition_without_successor', 'codes', '[]'::jsonb,
          'figures', jsonb_build_object('community', NEW.community_code)
        )
      );
    END IF;
  ELSE
    SELECT jsonb_agg(to_jsonb(fault)) INTO faults
    FROM gisgrid.edition_faults(NEW.id) AS fault;
  END IF;
  IF faults IS NOT NULL THEN
    RAISE EXCEPTION USING
      ERRCODE = 'GG001',
      MESSAGE = format(
        'Edition %s of community %s breaks %s law(s), the first: %s.',
        NEW.id, NEW.community_code, jsonb_array_length(faults), faults -> 0 ->> 'rule'
      ),
      DETAIL = faults::text;
  END IF;
  IF TG_OP = 'INSERT' THEN
    UPDATE gisgrid.editions SET sealed = true WHERE id = NEW.id;
    PERFORM pg_notify('gisgrid_edition', NEW.id::text);
  END IF;
  RETURN NULL;
END
$$;

CREATE CONSTRAINT TRIGGER editions_law
  AFTER INSERT OR UPDATE OF valid ON gisgrid.editions
  DEFERRABLE INITIALLY DEFERRED
  FOR EACH ROW EXECUTE FUNCTION gisgrid.judge_edition();
