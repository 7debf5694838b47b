-- What can be taken back and what can be made again in a plan at a revision: at most one row, of the two edits.
SELECT
  last.undo_to AS undo_revision,
  undoable.actor AS undo_actor,
  undoable.op AS undo_op,
  undoable.change AS undo_change,
  redoable.revision AS redo_revision,
  redoable.actor AS redo_actor,
  redoable.op AS redo_op,
  redoable.change AS redo_change
FROM gisgrid.plan_revisions AS last
LEFT JOIN gisgrid.plan_revisions AS undoable
  ON undoable.plan_id = last.plan_id AND undoable.revision = last.undo_to
LEFT JOIN gisgrid.plan_revisions AS undone
  ON undone.plan_id = last.plan_id AND undone.revision = last.redo_to
LEFT JOIN gisgrid.plan_revisions AS redoable
  ON redoable.plan_id = undone.plan_id AND redoable.revision = undone.edit
WHERE last.plan_id = :plan AND last.revision <= :revision
ORDER BY last.revision DESC
LIMIT 1
