-- What changes with every committed change of the editions, the posts and the divisions: a row's version is the pair
-- of the transaction that wrote it (xmin) and the place where it stands (ctid).
SELECT
  (SELECT count(*) FROM gisgrid.editions) AS editions,
  (SELECT coalesce(sum(hashtextextended(xmin::text || ctid::text, 0)), 0) FROM gisgrid.posts) AS posts,
  (SELECT coalesce(sum(hashtextextended(xmin::text || ctid::text, 0)), 0) FROM gisgrid.divisions) AS divisions
