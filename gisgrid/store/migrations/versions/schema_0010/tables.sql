-- The journal of edits; gisgrid/store/tables holds the same for queries.

ALTER TABLE gisgrid.plans ADD COLUMN locked_grids TEXT[] DEFAULT '{}' NOT NULL;
ALTER TABLE gisgrid.plans ADD COLUMN locked_buildings TEXT[] DEFAULT '{}' NOT NULL;

-- Plans drawn before have the locks of their draw.
UPDATE gisgrid.plans AS p
SET
  locked_grids = ARRAY(
    SELECT g.key
    FROM gisgrid.plan_grids AS g
    WHERE g.plan_id = p.id AND p.settings -> 'locked_grids' ? g.code
    ORDER BY g.key
  ),
  locked_buildings = ARRAY(
    SELECT b.code COLLATE "C"
    FROM jsonb_array_elements_text(p.settings -> 'locked_buildings') AS b (code)
    ORDER BY b.code COLLATE "C"
  )
WHERE p.settings ? 'locked_grids' AND p.settings ? 'locked_buildings';

-- Undo and redo are two stacks, kept as lists through the rows: `undo_to` and `redo_to` are their tops after a row, and
-- `below` is what its own entry was put on: for an edit on the stack of undo, for an undo on that of redo. So a step
-- reads two rows, however many there are, and no row is ever changed.
CREATE TABLE gisgrid.plan_revisions (
  plan_id BIGINT NOT NULL,
  revision INTEGER NOT NULL,
  action TEXT NOT NULL,
  edit INTEGER NOT NULL,
  below INTEGER,
  undo_to INTEGER,
  redo_to INTEGER,
  actor TEXT NOT NULL,
  at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
  op JSONB,
  change JSONB NOT NULL,
  CONSTRAINT plan_revisions_pkey PRIMARY KEY (plan_id, revision),
  CONSTRAINT plan_revisions_plan_id_fkey FOREIGN KEY(plan_id) REFERENCES gisgrid.plans (id),
  CONSTRAINT plan_revisions_plan_id_edit_fkey FOREIGN KEY(plan_id, edit) REFERENCES gisgrid.plan_revisions (plan_id, revision),
  CONSTRAINT plan_revisions_plan_id_below_fkey FOREIGN KEY(plan_id, below) REFERENCES gisgrid.plan_revisions (plan_id, revision),
  CONSTRAINT plan_revisions_plan_id_undo_to_fkey FOREIGN KEY(plan_id, undo_to) REFERENCES gisgrid.plan_revisions (plan_id, revision),
  CONSTRAINT plan_revisions_plan_id_redo_to_fkey FOREIGN KEY(plan_id, redo_to) REFERENCES gisgrid.plan_revisions (plan_id, revision),
  CONSTRAINT plan_revisions_revision_check CHECK (revision >= 2),
  CONSTRAINT plan_revisions_below_check CHECK (below < revision),
  CONSTRAINT plan_revisions_stacks_check CHECK (
    CASE action
      WHEN 'edit' THEN edit = revision AND undo_to IS NOT DISTINCT FROM revision AND redo_to IS NULL
      WHEN 'undo' THEN edit < revision AND redo_to IS NOT DISTINCT FROM revision AND undo_to IS DISTINCT FROM edit
      ELSE edit < revision AND undo_to IS NOT DISTINCT FROM edit AND below IS NULL
    END
  ),
  CONSTRAINT plan_revisions_op_check CHECK ((action = 'edit') = (op IS NOT NULL)),
  CONSTRAINT plan_revisions_action_check CHECK (action IN ('edit', 'undo', 'redo'))
);

COMMENT ON TABLE gisgrid.plan_revisions IS 'Every change of a draft, in order, and the two stacks of undo and redo as lists through it. Append-only.';
COMMENT ON COLUMN gisgrid.plan_revisions.edit IS 'The edit that it made, took back or made again.';
COMMENT ON COLUMN gisgrid.plan_revisions.below IS 'What lay on top of the stack that this row was put on.';
COMMENT ON COLUMN gisgrid.plan_revisions.undo_to IS 'The edit that can be taken back then.';
COMMENT ON COLUMN gisgrid.plan_revisions.redo_to IS 'The undo that can be reversed then.';

CREATE TRIGGER plan_revisions_append_only
  BEFORE UPDATE OR DELETE OR TRUNCATE ON gisgrid.plan_revisions
  FOR EACH STATEMENT EXECUTE FUNCTION gisgrid.refuse_change();
