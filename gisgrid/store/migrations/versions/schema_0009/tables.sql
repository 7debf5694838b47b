-- Time limits of reports; gisgrid/store/tables holds the same for queries.

CREATE TABLE gisgrid.time_limits (
  id BIGINT GENERATED ALWAYS AS IDENTITY,
  category TEXT COLLATE "C" NOT NULL,
  urgency TEXT COLLATE "C",
  accept_within DOUBLE PRECISION,
  close_within DOUBLE PRECISION,
  unit TEXT NOT NULL,
  CONSTRAINT time_limits_pkey PRIMARY KEY (id),
  CONSTRAINT time_limits_key_check CHECK (category <> '' AND urgency <> ''),
  CONSTRAINT time_limits_accept_within_check CHECK (accept_within > 0 AND accept_within < 'Infinity'),
  CONSTRAINT time_limits_close_within_check CHECK (close_within > 0 AND close_within < 'Infinity'),
  CONSTRAINT time_limits_unit_check CHECK (unit IN ('hours', 'working_hours', 'working_days'))
);

CREATE UNIQUE INDEX time_limits_key ON gisgrid.time_limits (category, coalesce(urgency, ''::text));

COMMENT ON TABLE gisgrid.time_limits IS 'Within what time reports of a category and urgency are to be accepted and closed, as imported.';

CREATE TABLE gisgrid.holidays (
  date DATE NOT NULL,
  kind TEXT NOT NULL,
  name TEXT,
  CONSTRAINT holidays_pkey PRIMARY KEY (date),
  CONSTRAINT holidays_kind_check CHECK (kind IN ('holiday', 'workday'))
);

COMMENT ON TABLE gisgrid.holidays IS 'Days that are not what their weekday says: holidays, and weekends that are worked instead.';

ALTER TABLE gisgrid.reports
  ADD COLUMN accept_due TIMESTAMP WITH TIME ZONE,
  ADD COLUMN close_due TIMESTAMP WITH TIME ZONE;

DROP TRIGGER reports_change ON gisgrid.reports;
CREATE TRIGGER reports_change
  BEFORE UPDATE ON gisgrid.reports
  FOR EACH ROW EXECUTE FUNCTION gisgrid.allow_change_of(
    'state', 'confirmed_edition_id', 'sought_editions', 'accept_due', 'close_due'
  );

CREATE INDEX reports_accept_due_idx ON gisgrid.reports (accept_due)
  WHERE state IN ('unplaced', 'assigned', 'returned');
CREATE INDEX reports_close_due_idx ON gisgrid.reports (close_due) WHERE state <> 'closed';
