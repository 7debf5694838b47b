-- Households of estates, in all their buildings, whatever community they stand in.
SELECT
  b.estate_code,
  sum(b.households) AS households
FROM gisgrid.buildings AS b
WHERE b.estate_code = ANY (:estates)
GROUP BY b.estate_code
ORDER BY b.estate_code
