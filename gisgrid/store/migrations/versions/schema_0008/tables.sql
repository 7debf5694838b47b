-- Tables of webhooks; gisgrid/store/tables holds the same for queries.

CREATE TABLE gisgrid.webhooks (
  id BIGINT GENERATED ALWAYS AS IDENTITY,
  url TEXT NOT NULL,
  types TEXT[],
  scope TEXT COLLATE "C",
  secret TEXT NOT NULL,
  previous_secret TEXT,
  previous_until TIMESTAMP WITH TIME ZONE,
  position BIGINT NOT NULL,
  disabled TEXT,
  failures INTEGER DEFAULT 0 NOT NULL,
  failing_since TIMESTAMP WITH TIME ZONE,
  paused_until TIMESTAMP WITH TIME ZONE,
  leased_until TIMESTAMP WITH TIME ZONE,
  succeeded_at TIMESTAMP WITH TIME ZONE,
  created_at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
  CONSTRAINT webhooks_pkey PRIMARY KEY (id),
  CONSTRAINT webhooks_words_check CHECK (url <> '' AND secret <> ''),
  CONSTRAINT webhooks_counts_check CHECK (position >= 0 AND failures >= 0),
  CONSTRAINT webhooks_failing_check CHECK ((failures = 0) = (failing_since IS NULL)),
  CONSTRAINT webhooks_previous_check CHECK ((previous_secret IS NULL) = (previous_until IS NULL)),
  CONSTRAINT webhooks_disabled_check CHECK (disabled IN ('gone', 'failing')),
  CONSTRAINT webhooks_scope_fkey FOREIGN KEY(scope) REFERENCES gisgrid.divisions (code)
);

COMMENT ON TABLE gisgrid.webhooks IS 'Destinations of events. Secrets are kept readable: a signature cannot be made from their digest.';
COMMENT ON COLUMN gisgrid.webhooks.position IS 'Events up to here were laid out as deliveries.';

CREATE TABLE gisgrid.webhook_deliveries (
  webhook_id BIGINT NOT NULL,
  position BIGINT NOT NULL,
  attempts INTEGER DEFAULT 0 NOT NULL,
  next_at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp(),
  tried_at TIMESTAMP WITH TIME ZONE,
  status INTEGER,
  fault TEXT,
  CONSTRAINT webhook_deliveries_pkey PRIMARY KEY (webhook_id, position),
  CONSTRAINT webhook_deliveries_attempts_check CHECK (attempts >= 0),
  CONSTRAINT webhook_deliveries_webhook_id_fkey FOREIGN KEY(webhook_id) REFERENCES gisgrid.webhooks (id) ON DELETE CASCADE,
  CONSTRAINT webhook_deliveries_position_fkey FOREIGN KEY(position) REFERENCES gisgrid.feed (position)
);

CREATE INDEX webhook_deliveries_due_idx ON gisgrid.webhook_deliveries (webhook_id, next_at, position);

COMMENT ON TABLE gisgrid.webhook_deliveries IS 'Events that wait to be delivered, or are dead (next_at is null); a delivered one is removed.';
