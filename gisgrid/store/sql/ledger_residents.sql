-- Households registered one by one in communities, the people in them, and how many have a size.
SELECT
  b.community_code,
  count(*) AS households,
  count(*) FILTER (WHERE h.size > 0) AS with_size,
  coalesce(sum(h.size), 0) AS people
FROM gisgrid.households AS h
JOIN gisgrid.buildings AS b ON b.code = h.building_code
WHERE b.community_code = ANY (:communities)
GROUP BY b.community_code
ORDER BY b.community_code
