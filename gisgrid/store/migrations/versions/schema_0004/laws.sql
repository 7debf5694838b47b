-- The feed: what happened, in an order that no reader can miss anything of.
--
-- An id is given when a row is written, and rows become visible when their transaction commits: a reader who has seen id
-- 7 may later find a 5 behind it, from a transaction that took longer. So events are first written down without a
-- position, in their own transaction (feed_pending), and only what is committed is given one (number_feed), one numberer
-- at a time. A position that is given is visible together with all before it; a late transaction gets a later one.
--
-- Only the functions here write into both tables, as the owner: the app can neither forge, lose nor double an entry.

CREATE FUNCTION gisgrid.note_report_events()
RETURNS trigger
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  INSERT INTO gisgrid.feed_pending (at, type, report_event_id)
  SELECT t.at, 'report.' || t.type, t.id
  FROM touched AS t
  ORDER BY t.id;
  RETURN NULL;
END
$$;

-- TG_ARGV[0] is the type of the event.
CREATE FUNCTION gisgrid.note_edition_event()
RETURNS trigger
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  INSERT INTO gisgrid.feed_pending (at, type, edition_id) VALUES (clock_timestamp(), TG_ARGV[0], NEW.id);
  RETURN NULL;
END
$$;

-- Gives the next positions to at most so many pending events and returns how many; 0 as well when somebody else is at
-- it. The lock is taken in a statement of its own: in READ COMMITTED the next one then sees all that the numberer before
-- committed. With one snapshot for both, a position could be given twice.
CREATE FUNCTION gisgrid.number_feed(at_most integer)
RETURNS integer
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  numbered integer;
BEGIN
  IF current_setting('transaction_isolation') <> 'read committed' THEN
    RAISE EXCEPTION 'The feed is numbered in READ COMMITTED only.';
  END IF;
  IF NOT pg_try_advisory_xact_lock(1717921124) THEN
    RETURN 0;
  END IF;
  WITH taken AS (
    DELETE FROM gisgrid.feed_pending
    WHERE id IN (SELECT p.id FROM gisgrid.feed_pending AS p ORDER BY p.id LIMIT at_most)
    RETURNING id, at, type, report_event_id, edition_id
  )
  INSERT INTO gisgrid.feed (position, at, type, report_event_id, edition_id)
  SELECT
    (SELECT coalesce(max(f.position), 0) FROM gisgrid.feed AS f) + row_number() OVER (ORDER BY t.id),
    t.at,
    t.type,
    t.report_event_id,
    t.edition_id
  FROM taken AS t;
  GET DIAGNOSTICS numbered = ROW_COUNT;
  RETURN numbered;
END
$$;

-- What happened before there was a feed begins it. The tables are held, so that nothing falls between copy and trigger.
LOCK TABLE gisgrid.editions, gisgrid.report_events IN SHARE ROW EXCLUSIVE MODE;

INSERT INTO gisgrid.feed (position, at, type, report_event_id, edition_id)
SELECT row_number() OVER (ORDER BY past.at, past.step, past.id), past.at, past.type, past.report_event_id, past.edition_id
FROM (
  SELECT e.at, 2 AS step, e.id, 'report.' || e.type AS type, e.id AS report_event_id, NULL::bigint AS edition_id
  FROM gisgrid.report_events AS e
  UNION ALL
  SELECT d.published_at, 1, d.id, 'edition.published', NULL, d.id
  FROM gisgrid.editions AS d
  UNION ALL
  SELECT s.published_at, 0, d.id, 'edition.ended', NULL, d.id
  FROM gisgrid.editions AS d
  JOIN gisgrid.editions AS s ON s.community_code = d.community_code AND lower(s.valid) = upper(d.valid)
) AS past;

CREATE TRIGGER report_events_feed
  AFTER INSERT ON gisgrid.report_events
  REFERENCING NEW TABLE AS touched
  FOR EACH STATEMENT EXECUTE FUNCTION gisgrid.note_report_events();
CREATE TRIGGER editions_feed_published
  AFTER INSERT ON gisgrid.editions
  FOR EACH ROW EXECUTE FUNCTION gisgrid.note_edition_event('edition.published');
CREATE TRIGGER editions_feed_ended
  AFTER UPDATE OF valid ON gisgrid.editions
  FOR EACH ROW WHEN (upper_inf(OLD.valid) AND NOT upper_inf(NEW.valid))
  EXECUTE FUNCTION gisgrid.note_edition_event('edition.ended');

CREATE TRIGGER feed_append_only
  BEFORE UPDATE OR DELETE OR TRUNCATE ON gisgrid.feed
  FOR EACH STATEMENT EXECUTE FUNCTION gisgrid.refuse_change();
CREATE TRIGGER feed_pending_kept
  BEFORE UPDATE OR TRUNCATE ON gisgrid.feed_pending
  FOR EACH STATEMENT EXECUTE FUNCTION gisgrid.refuse_change();
