-- Candidates of unplaced reports, and aliases of places; gisgrid/store/tables holds the same for queries.

ALTER TABLE gisgrid.report_assignments
  ADD COLUMN candidates JSONB DEFAULT '[]'::jsonb NOT NULL;

CREATE TABLE gisgrid.aliases (
  alias TEXT COLLATE "C" NOT NULL,
  code TEXT COLLATE "C" NOT NULL,
  CONSTRAINT aliases_pkey PRIMARY KEY (alias, code),
  CONSTRAINT aliases_alias_check CHECK (alias <> '')
);

COMMENT ON TABLE gisgrid.aliases IS 'Other names of estates and buildings, as people say them; a name may mean several.';
