-- Tables of the feed; gisgrid/store/tables holds the same for queries.

CREATE TABLE gisgrid.feed_pending (
  id BIGINT GENERATED ALWAYS AS IDENTITY,
  at TIMESTAMP WITH TIME ZONE NOT NULL,
  type TEXT NOT NULL,
  report_event_id BIGINT,
  edition_id BIGINT,
  CONSTRAINT feed_pending_pkey PRIMARY KEY (id),
  CONSTRAINT feed_pending_subject_check CHECK ((report_event_id IS NULL) <> (edition_id IS NULL))
);

COMMENT ON TABLE gisgrid.feed_pending IS 'Events that have no position in the feed yet; written with the event itself, in its transaction.';

CREATE TABLE gisgrid.feed (
  position BIGINT NOT NULL,
  at TIMESTAMP WITH TIME ZONE NOT NULL,
  type TEXT NOT NULL,
  report_event_id BIGINT,
  edition_id BIGINT,
  CONSTRAINT feed_pkey PRIMARY KEY (position),
  CONSTRAINT feed_position_check CHECK (position >= 1),
  CONSTRAINT feed_subject_check CHECK ((report_event_id IS NULL) <> (edition_id IS NULL)),
  CONSTRAINT feed_report_event_id_key UNIQUE (report_event_id),
  CONSTRAINT feed_report_event_id_fkey FOREIGN KEY(report_event_id) REFERENCES gisgrid.report_events (id),
  CONSTRAINT feed_edition_id_fkey FOREIGN KEY(edition_id) REFERENCES gisgrid.editions (id)
);

CREATE UNIQUE INDEX feed_edition_id_type_idx ON gisgrid.feed (edition_id, type) WHERE edition_id IS NOT NULL;

COMMENT ON TABLE gisgrid.feed IS 'Every report event and edition event, numbered without gaps once committed. Append-only.';
