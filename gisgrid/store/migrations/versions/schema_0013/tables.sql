-- Publications at a future date; gisgrid/store/tables holds the same for queries.

-- No edition begins in the future (the one without an end is the one in force), so what is announced stands here and
-- becomes an edition at its instant, judged anew. How it ended is written once.
CREATE TABLE gisgrid.scheduled_publications (
  id BIGINT GENERATED ALWAYS AS IDENTITY,
  plan_id BIGINT NOT NULL,
  community_code TEXT COLLATE "C" NOT NULL,
  valid_from TIMESTAMP WITH TIME ZONE NOT NULL,
  accepted TEXT[] NOT NULL,
  scheduled_by TEXT NOT NULL,
  scheduled_at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
  outcome TEXT,
  ended_by TEXT,
  ended_at TIMESTAMP WITH TIME ZONE,
  reason TEXT,
  CONSTRAINT scheduled_publications_pkey PRIMARY KEY (id),
  CONSTRAINT scheduled_publications_plan_id_fkey FOREIGN KEY(plan_id) REFERENCES gisgrid.plans (id),
  CONSTRAINT scheduled_publications_community_code_fkey FOREIGN KEY(community_code) REFERENCES gisgrid.divisions (code),
  CONSTRAINT scheduled_publications_valid_from_check CHECK (isfinite(valid_from)),
  CONSTRAINT scheduled_publications_ended_check CHECK (
    (outcome IS NULL) = (ended_at IS NULL) AND (outcome IS NULL) = (ended_by IS NULL)
  ),
  CONSTRAINT scheduled_publications_reason_check CHECK ((outcome IS NOT DISTINCT FROM 'refused') = (reason IS NOT NULL)),
  CONSTRAINT scheduled_publications_outcome_check CHECK (outcome IN ('published', 'withdrawn', 'refused'))
);

CREATE UNIQUE INDEX scheduled_publications_one_waits_idx ON gisgrid.scheduled_publications (community_code) WHERE outcome IS NULL;
CREATE INDEX scheduled_publications_plan_id_idx ON gisgrid.scheduled_publications (plan_id);

COMMENT ON TABLE gisgrid.scheduled_publications IS 'Plans that are to come into force at an instant: at most one waits for each community.';
COMMENT ON COLUMN gisgrid.scheduled_publications.accepted IS 'What the reviewer accepted, as RULE:GRID.';
COMMENT ON COLUMN gisgrid.scheduled_publications.reason IS 'Why it was refused at its instant.';

CREATE TRIGGER scheduled_publications_append_only
  BEFORE DELETE OR TRUNCATE ON gisgrid.scheduled_publications
  FOR EACH STATEMENT EXECUTE FUNCTION gisgrid.refuse_change();
CREATE TRIGGER scheduled_publications_change
  BEFORE UPDATE ON gisgrid.scheduled_publications
  FOR EACH ROW EXECUTE FUNCTION gisgrid.allow_change_of('outcome', 'ended_by', 'ended_at', 'reason');
CREATE TRIGGER scheduled_publications_end
  BEFORE UPDATE ON gisgrid.scheduled_publications
  FOR EACH ROW WHEN (OLD.outcome IS NOT NULL)
  EXECUTE FUNCTION gisgrid.refuse_change();
