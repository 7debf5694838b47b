-- Divisions without a parent get the one that their statistical code names, where it is imported.
UPDATE gisgrid.divisions AS child
SET parent_code = parent.code
FROM gisgrid.divisions AS parent
WHERE child.parent_code IS NULL
  AND child.level IN ('street', 'community')
  AND parent.code = left(child.code, CASE child.level WHEN 'street' THEN 6 ELSE 9 END)
