-- The laws of micro grids.
--
-- 1. They are parts of a plan's grids as these are: when cells of the plan change hands, its micro grids are gone.
-- 2. They are frozen with the plan: once an edition was published from it, nobody adds, changes or removes any. What
--    counts is the edition, which is append-only itself, not the state that the plan's row tells.

CREATE FUNCTION gisgrid.drop_micro_grids()
RETURNS trigger
LANGUAGE plpgsql
AS $$
BEGIN
  DELETE FROM gisgrid.micro_drawings AS m
  WHERE m.plan_id IN (SELECT t.plan_id FROM touched AS t);
  RETURN NULL;
END
$$;

CREATE TRIGGER plan_cells_added
  AFTER INSERT ON gisgrid.plan_cells
  REFERENCING NEW TABLE AS touched
  FOR EACH STATEMENT EXECUTE FUNCTION gisgrid.drop_micro_grids();
CREATE TRIGGER plan_cells_changed
  AFTER UPDATE ON gisgrid.plan_cells
  REFERENCING OLD TABLE AS touched
  FOR EACH STATEMENT EXECUTE FUNCTION gisgrid.drop_micro_grids();
CREATE TRIGGER plan_cells_removed
  AFTER DELETE ON gisgrid.plan_cells
  REFERENCING OLD TABLE AS touched
  FOR EACH STATEMENT EXECUTE FUNCTION gisgrid.drop_micro_grids();

-- The plan's row is held first: a publication that is under way holds it too, and is seen once it has ended.
CREATE FUNCTION gisgrid.require_unpublished_plan()
RETURNS trigger
LANGUAGE plpgsql
AS $$
DECLARE
  changed bigint;
BEGIN
  FOREACH changed IN ARRAY array_remove(
    ARRAY[CASE WHEN TG_OP <> 'INSERT' THEN OLD.plan_id END, CASE WHEN TG_OP <> 'DELETE' THEN NEW.plan_id END], NULL
  )
  LOOP
    PERFORM FROM gisgrid.plans AS p WHERE p.id = changed FOR SHARE;
    IF EXISTS (SELECT FROM gisgrid.editions AS e WHERE e.plan_id = changed) THEN
      RAISE EXCEPTION USING
        ERRCODE = 'GG002',
        MESSAGE = format(
          'Plan %s is published, and its micro grids stay as they are; draw a new plan to change them.', changed
        );
    END IF;
  END LOOP;
  RETURN CASE WHEN TG_OP = 'DELETE' THEN OLD ELSE NEW END;
END
$$;

CREATE TRIGGER micro_drawings_frozen
  BEFORE INSERT OR UPDATE OR DELETE ON gisgrid.micro_drawings
  FOR EACH ROW EXECUTE FUNCTION gisgrid.require_unpublished_plan();
CREATE TRIGGER micro_grids_frozen
  BEFORE INSERT OR UPDATE OR DELETE ON gisgrid.micro_grids
  FOR EACH ROW EXECUTE FUNCTION gisgrid.require_unpublished_plan();
CREATE TRIGGER micro_grid_cells_frozen
  BEFORE INSERT OR UPDATE OR DELETE ON gisgrid.micro_grid_cells
  FOR EACH ROW EXECUTE FUNCTION gisgrid.require_unpublished_plan();

CREATE TRIGGER micro_drawings_not_truncated
  BEFORE TRUNCATE ON gisgrid.micro_drawings
  FOR EACH STATEMENT EXECUTE FUNCTION gisgrid.refuse_change();
CREATE TRIGGER micro_grids_not_truncated
  BEFORE TRUNCATE ON gisgrid.micro_grids
  FOR EACH STATEMENT EXECUTE FUNCTION gisgrid.refuse_change();
CREATE TRIGGER micro_grid_cells_not_truncated
  BEFORE TRUNCATE ON gisgrid.micro_grid_cells
  FOR EACH STATEMENT EXECUTE FUNCTION gisgrid.refuse_change();
