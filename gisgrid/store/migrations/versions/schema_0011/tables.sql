-- Comments on plans; gisgrid/store/tables holds the same for queries.

-- A thread is its first row and those that name it. What is pinned to a grid or a building keeps the point where that
-- was, because edits may end the grid and a demolition the building.
CREATE TABLE gisgrid.plan_comments (
  id BIGINT GENERATED ALWAYS AS IDENTITY,
  plan_id BIGINT NOT NULL,
  thread_id BIGINT,
  action TEXT NOT NULL,
  pin TEXT,
  code TEXT COLLATE "C",
  geom geometry(POINT,4326),
  actor TEXT NOT NULL,
  at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
  words TEXT,
  CONSTRAINT plan_comments_pkey PRIMARY KEY (id),
  CONSTRAINT plan_comments_plan_id_id_key UNIQUE (plan_id, id),
  CONSTRAINT plan_comments_plan_id_fkey FOREIGN KEY(plan_id) REFERENCES gisgrid.plans (id),
  CONSTRAINT plan_comments_plan_id_thread_id_fkey FOREIGN KEY(plan_id, thread_id) REFERENCES gisgrid.plan_comments (plan_id, id),
  CONSTRAINT plan_comments_thread_check CHECK ((action = 'comment') = (thread_id IS NULL)),
  CONSTRAINT plan_comments_begun_check CHECK ((action = 'comment') = (pin IS NOT NULL)),
  CONSTRAINT plan_comments_pinned_check CHECK (
    (coalesce(pin, 'plan') <> 'plan') = (code IS NOT NULL) AND (code IS NULL) = (geom IS NULL)
  ),
  CONSTRAINT plan_comments_words_check CHECK (action = 'resolve' OR words IS NOT NULL),
  CONSTRAINT plan_comments_length_check CHECK (length(words) BETWEEN 1 AND 2000),
  CONSTRAINT plan_comments_action_check CHECK (action IN ('comment', 'answer', 'resolve')),
  CONSTRAINT plan_comments_pin_check CHECK (pin IN ('plan', 'grid', 'building')),
  CONSTRAINT plan_comments_geom_check CHECK (gisgrid.is_sound(geom, 'POINT'))
);

COMMENT ON TABLE gisgrid.plan_comments IS 'What was said of a plan: threads of comments, answers and resolutions. Append-only.';
COMMENT ON COLUMN gisgrid.plan_comments.thread_id IS 'The comment that it answers or resolves.';

CREATE TRIGGER plan_comments_append_only
  BEFORE UPDATE OR DELETE OR TRUNCATE ON gisgrid.plan_comments
  FOR EACH STATEMENT EXECUTE FUNCTION gisgrid.refuse_change();
