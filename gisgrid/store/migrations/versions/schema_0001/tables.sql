-- Tables, constraints, indexes and comments of the first schema; gisgrid/store/tables holds the same for queries.

CREATE TABLE gisgrid.audit (
  id BIGINT GENERATED ALWAYS AS IDENTITY,
  at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
  actor TEXT NOT NULL,
  action TEXT NOT NULL,
  subject TEXT NOT NULL,
  details JSONB DEFAULT '{}'::jsonb NOT NULL,
  CONSTRAINT audit_pkey PRIMARY KEY (id),
  CONSTRAINT audit_words_check CHECK (actor <> '' AND action <> '')
);

CREATE INDEX audit_subject_idx ON gisgrid.audit (subject);

COMMENT ON TABLE gisgrid.audit IS 'Who did what to which thing, and when. Append-only.';

CREATE TABLE gisgrid.import_runs (
  id BIGINT GENERATED ALWAYS AS IDENTITY,
  layer TEXT NOT NULL,
  file_name TEXT NOT NULL,
  sha256 BYTEA NOT NULL,
  crs TEXT,
  inserted INTEGER NOT NULL,
  updated INTEGER NOT NULL,
  unchanged INTEGER NOT NULL,
  rejected INTEGER DEFAULT 0 NOT NULL,
  at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
  CONSTRAINT import_runs_pkey PRIMARY KEY (id),
  CONSTRAINT import_runs_sha256_check CHECK (octet_length(sha256) = 32),
  CONSTRAINT import_runs_counts_check CHECK (inserted >= 0 AND updated >= 0 AND unchanged >= 0 AND rejected >= 0)
);

COMMENT ON TABLE gisgrid.import_runs IS 'One row per imported file.';

CREATE TABLE gisgrid.divisions (
  code TEXT COLLATE "C" NOT NULL,
  name TEXT NOT NULL,
  level TEXT NOT NULL,
  parent_code TEXT COLLATE "C",
  geom public.geometry(MULTIPOLYGON,4326),
  CONSTRAINT divisions_pkey PRIMARY KEY (code),
  CONSTRAINT divisions_level_check CHECK (level IN ('district', 'street', 'community')),
  CONSTRAINT divisions_code_check CHECK (code ~ '^[0-9]+$' AND length(code) = CASE level WHEN 'district' THEN 6 WHEN 'street' THEN 9 ELSE 12 END),
  CONSTRAINT divisions_parent_check CHECK (parent_code <> code),
  CONSTRAINT divisions_geom_check CHECK (gisgrid.is_sound(geom, 'MULTIPOLYGON')),
  CONSTRAINT divisions_parent_code_fkey FOREIGN KEY(parent_code) REFERENCES gisgrid.divisions (code) DEFERRABLE INITIALLY DEFERRED
);

CREATE INDEX divisions_parent_code_idx ON gisgrid.divisions (parent_code);

CREATE INDEX divisions_geom_idx ON gisgrid.divisions USING gist (geom);

COMMENT ON TABLE gisgrid.divisions IS 'The tree district > street > community; a division may wait for its polygon.';

CREATE TABLE gisgrid.estates (
  code TEXT COLLATE "C" NOT NULL,
  name TEXT NOT NULL,
  type TEXT,
  property_company TEXT,
  geom public.geometry(MULTIPOLYGON,4326),
  CONSTRAINT estates_pkey PRIMARY KEY (code),
  CONSTRAINT estates_code_check CHECK (code <> ''),
  CONSTRAINT estates_type_check CHECK (type IN ('commercial', 'old', 'unit', 'resettlement', 'bungalow', 'village')),
  CONSTRAINT estates_geom_check CHECK (gisgrid.is_sound(geom, 'MULTIPOLYGON'))
);

CREATE INDEX estates_geom_idx ON gisgrid.estates USING gist (geom);

COMMENT ON TABLE gisgrid.estates IS 'Residential compounds; an estate need not equal a grid.';

CREATE TABLE gisgrid.barriers (
  id BIGINT GENERATED ALWAYS AS IDENTITY,
  kind TEXT NOT NULL,
  name TEXT,
  geom public.geometry(GEOMETRY,4326) NOT NULL,
  fingerprint TEXT GENERATED ALWAYS AS (md5((((kind || '|'::text) || COALESCE(name, ''::text)) || '|'::text) || encode(st_asbinary(geom, 'NDR'::text), 'hex'::text))) STORED NOT NULL,
  CONSTRAINT barriers_pkey PRIMARY KEY (id),
  CONSTRAINT barriers_kind_check CHECK (kind IN ('main_road', 'railway', 'river', 'wall', 'street', 'crossing')),
  CONSTRAINT barriers_geom_check CHECK (gisgrid.is_sound(geom, 'POINT', 'MULTIPOINT', 'LINESTRING', 'MULTILINESTRING') AND (kind = 'crossing' OR public.GeometryType(geom) IN ('LINESTRING', 'MULTILINESTRING'))),
  CONSTRAINT barriers_fingerprint_key UNIQUE (fingerprint)
);

CREATE INDEX barriers_geom_idx ON gisgrid.barriers USING gist (geom);

COMMENT ON TABLE gisgrid.barriers IS 'Lines that a grid should not cross, streets that borders like to follow, crossings that join.';

CREATE TABLE gisgrid.sites (
  code TEXT COLLATE "C" NOT NULL,
  kind TEXT NOT NULL,
  name TEXT NOT NULL,
  area_m2 DOUBLE PRECISION,
  geom public.geometry(GEOMETRY,4326) NOT NULL,
  CONSTRAINT sites_pkey PRIMARY KEY (code),
  CONSTRAINT sites_code_check CHECK (code <> ''),
  CONSTRAINT sites_kind_check CHECK (kind <> ''),
  CONSTRAINT sites_area_check CHECK (area_m2 >= 0 AND area_m2 < 'Infinity'),
  CONSTRAINT sites_geom_check CHECK (gisgrid.is_sound(geom, 'POINT', 'MULTIPOLYGON'))
);

CREATE INDEX sites_kind_idx ON gisgrid.sites (kind);

CREATE INDEX sites_geom_idx ON gisgrid.sites USING gist (geom);

COMMENT ON TABLE gisgrid.sites IS 'Service centres, resources, demands, projects and dedicated ground: points or areas.';

CREATE TABLE gisgrid.posts (
  id BIGINT GENERATED ALWAYS AS IDENTITY,
  grid_code TEXT COLLATE "C" NOT NULL,
  role TEXT NOT NULL,
  name TEXT NOT NULL,
  duty_phone TEXT,
  valid TSTZRANGE DEFAULT tstzrange(NULL, NULL, '[)') NOT NULL,
  CONSTRAINT posts_pkey PRIMARY KEY (id),
  CONSTRAINT posts_grid_code_check CHECK (grid_code ~ '^[0-9]{15}$'),
  CONSTRAINT posts_valid_check CHECK (NOT isempty(valid)),
  CONSTRAINT posts_grid_code_role_name_valid_key UNIQUE (grid_code, role, name, valid)
);

COMMENT ON TABLE gisgrid.posts IS 'Who serves which grid in which role, from when to when; many to many.';

CREATE TABLE gisgrid.categories (
  code TEXT COLLATE "C" NOT NULL,
  name TEXT NOT NULL,
  parent_code TEXT COLLATE "C",
  version TEXT,
  CONSTRAINT categories_pkey PRIMARY KEY (code),
  CONSTRAINT categories_code_check CHECK (code <> ''),
  CONSTRAINT categories_parent_check CHECK (parent_code <> code),
  CONSTRAINT categories_parent_code_fkey FOREIGN KEY(parent_code) REFERENCES gisgrid.categories (code) DEFERRABLE INITIALLY DEFERRED
);

CREATE INDEX categories_parent_code_idx ON gisgrid.categories (parent_code);

COMMENT ON TABLE gisgrid.categories IS 'Categories of reports as imported; nothing about them is fixed in the code.';

CREATE TABLE gisgrid.reports (
  id BIGINT GENERATED ALWAYS AS IDENTITY,
  source TEXT COLLATE "C" NOT NULL,
  external_id TEXT COLLATE "C" NOT NULL,
  body_sha256 BYTEA NOT NULL,
  category TEXT,
  text TEXT,
  lon DOUBLE PRECISION,
  lat DOUBLE PRECISION,
  crs TEXT,
  accuracy_m DOUBLE PRECISION,
  address TEXT,
  building_code TEXT COLLATE "C",
  target TEXT DEFAULT 'grid' NOT NULL,
  reported_at TIMESTAMP WITH TIME ZONE,
  received_at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
  state TEXT DEFAULT 'received' NOT NULL,
  geom public.geometry(POINT,4326),
  CONSTRAINT reports_pkey PRIMARY KEY (id),
  CONSTRAINT reports_identity_check CHECK (source <> '' AND external_id <> ''),
  CONSTRAINT reports_body_check CHECK (octet_length(body_sha256) = 32),
  CONSTRAINT reports_place_check CHECK ((lon IS NULL) = (lat IS NULL) AND (lon IS NULL) = (crs IS NULL)),
  CONSTRAINT reports_finite_check CHECK (abs(lon) < 'Infinity' AND abs(lat) < 'Infinity'),
  CONSTRAINT reports_accuracy_check CHECK (accuracy_m >= 0 AND accuracy_m < 'Infinity'),
  CONSTRAINT reports_state_check CHECK (state <> ''),
  CONSTRAINT reports_crs_check CHECK (crs IN ('wgs84', 'cgcs2000', 'gcj02', 'bd09')),
  CONSTRAINT reports_target_check CHECK (target IN ('grid', 'property')),
  CONSTRAINT reports_source_external_id_key UNIQUE (source, external_id),
  CONSTRAINT reports_geom_check CHECK (gisgrid.is_sound(geom, 'POINT'))
);

CREATE INDEX reports_received_at_idx ON gisgrid.reports (received_at);

CREATE INDEX reports_geom_idx ON gisgrid.reports USING gist (geom);

CREATE INDEX reports_state_idx ON gisgrid.reports (state);

COMMENT ON TABLE gisgrid.reports IS 'Reports as they came (raw coordinates with their declared system) and the converted point beside them.';

CREATE TABLE gisgrid.keys (
  id BIGINT GENERATED ALWAYS AS IDENTITY,
  name TEXT NOT NULL,
  role TEXT NOT NULL,
  scope TEXT COLLATE "C",
  sha256 BYTEA NOT NULL,
  created_at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
  expires_at TIMESTAMP WITH TIME ZONE,
  revoked_at TIMESTAMP WITH TIME ZONE,
  last_used_at TIMESTAMP WITH TIME ZONE,
  CONSTRAINT keys_pkey PRIMARY KEY (id),
  CONSTRAINT keys_name_check CHECK (name <> ''),
  CONSTRAINT keys_sha256_check CHECK (octet_length(sha256) = 32),
  CONSTRAINT keys_role_check CHECK (role IN ('viewer', 'dispatch', 'planner', 'reviewer', 'admin')),
  CONSTRAINT keys_scope_fkey FOREIGN KEY(scope) REFERENCES gisgrid.divisions (code),
  CONSTRAINT keys_sha256_key UNIQUE (sha256)
);

COMMENT ON TABLE gisgrid.keys IS 'Access keys: only the SHA-256 of a 256-bit random secret is kept.';

CREATE TABLE gisgrid.users (
  name TEXT NOT NULL,
  password_hash TEXT NOT NULL,
  role TEXT NOT NULL,
  scope TEXT COLLATE "C",
  created_at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
  disabled_at TIMESTAMP WITH TIME ZONE,
  CONSTRAINT users_pkey PRIMARY KEY (name),
  CONSTRAINT users_name_check CHECK (name <> ''),
  CONSTRAINT users_role_check CHECK (role IN ('viewer', 'dispatch', 'planner', 'reviewer', 'admin')),
  CONSTRAINT users_scope_fkey FOREIGN KEY(scope) REFERENCES gisgrid.divisions (code)
);

COMMENT ON TABLE gisgrid.users IS 'People who sign in with a browser.';

CREATE TABLE gisgrid.import_findings (
  run_id BIGINT NOT NULL,
  position INTEGER NOT NULL,
  rule TEXT NOT NULL,
  severity TEXT NOT NULL,
  message TEXT NOT NULL,
  message_zh TEXT NOT NULL,
  codes TEXT[] NOT NULL,
  line INTEGER,
  field TEXT,
  figures JSONB NOT NULL,
  geom public.geometry(GEOMETRY,4326),
  CONSTRAINT import_findings_pkey PRIMARY KEY (run_id, position),
  CONSTRAINT import_findings_severity_check CHECK (severity IN ('error', 'warning', 'info')),
  CONSTRAINT import_findings_geom_check CHECK (gisgrid.is_sound(geom, 'POINT', 'MULTIPOINT', 'LINESTRING', 'MULTILINESTRING', 'POLYGON', 'MULTIPOLYGON')),
  CONSTRAINT import_findings_run_id_fkey FOREIGN KEY(run_id) REFERENCES gisgrid.import_runs (id)
);

COMMENT ON TABLE gisgrid.import_findings IS 'What an import found.';

CREATE TABLE gisgrid.buildings (
  code TEXT COLLATE "C" NOT NULL,
  name TEXT,
  estate_code TEXT COLLATE "C",
  address TEXT,
  floors INTEGER,
  height_m DOUBLE PRECISION,
  households INTEGER DEFAULT 0 NOT NULL,
  household_source TEXT DEFAULT 'declared' NOT NULL,
  household_measure TEXT DEFAULT 'resident' NOT NULL,
  use TEXT,
  community_code TEXT COLLATE "C",
  geom public.geometry(MULTIPOLYGON,4326) NOT NULL,
  CONSTRAINT buildings_pkey PRIMARY KEY (code),
  CONSTRAINT buildings_code_check CHECK (code <> ''),
  CONSTRAINT buildings_floors_check CHECK (floors >= 0),
  CONSTRAINT buildings_height_check CHECK (height_m >= 0 AND height_m < 'Infinity'),
  CONSTRAINT buildings_households_check CHECK (households >= 0),
  CONSTRAINT buildings_household_source_check CHECK (household_source IN ('declared', 'counted', 'estimated')),
  CONSTRAINT buildings_household_measure_check CHECK (household_measure IN ('resident', 'registered', 'dwelling')),
  CONSTRAINT buildings_community_check CHECK (community_code ~ '^[0-9]{12}$'),
  CONSTRAINT buildings_geom_check CHECK (gisgrid.is_sound(geom, 'MULTIPOLYGON')),
  CONSTRAINT buildings_estate_code_fkey FOREIGN KEY(estate_code) REFERENCES gisgrid.estates (code),
  CONSTRAINT buildings_community_code_fkey FOREIGN KEY(community_code) REFERENCES gisgrid.divisions (code)
);

CREATE INDEX buildings_estate_code_idx ON gisgrid.buildings (estate_code);

CREATE INDEX buildings_geom_idx ON gisgrid.buildings USING gist (geom);

CREATE INDEX buildings_community_code_idx ON gisgrid.buildings (community_code);

COMMENT ON TABLE gisgrid.buildings IS 'Footprints with the household count that plans use; nothing personal.';

CREATE TABLE gisgrid.tessellations (
  id BIGINT GENERATED ALWAYS AS IDENTITY,
  community_code TEXT COLLATE "C" NOT NULL,
  created_at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
  CONSTRAINT tessellations_pkey PRIMARY KEY (id),
  CONSTRAINT tessellations_community_check CHECK (community_code ~ '^[0-9]{12}$'),
  CONSTRAINT tessellations_community_code_fkey FOREIGN KEY(community_code) REFERENCES gisgrid.divisions (code)
);

CREATE INDEX tessellations_community_code_idx ON gisgrid.tessellations (community_code);

COMMENT ON TABLE gisgrid.tessellations IS 'One cutting of a community into cells.';

CREATE TABLE gisgrid.report_events (
  id BIGINT GENERATED ALWAYS AS IDENTITY,
  report_id BIGINT NOT NULL,
  type TEXT NOT NULL,
  note TEXT,
  actor TEXT,
  at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
  details JSONB DEFAULT '{}'::jsonb NOT NULL,
  CONSTRAINT report_events_pkey PRIMARY KEY (id),
  CONSTRAINT report_events_type_check CHECK (type <> ''),
  CONSTRAINT report_events_report_id_fkey FOREIGN KEY(report_id) REFERENCES gisgrid.reports (id)
);

CREATE INDEX report_events_report_id_idx ON gisgrid.report_events (report_id, id);

COMMENT ON TABLE gisgrid.report_events IS 'Everything that happened to a report. Append-only.';

CREATE TABLE gisgrid.sessions (
  sha256 BYTEA NOT NULL,
  user_name TEXT NOT NULL,
  created_at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
  expires_at TIMESTAMP WITH TIME ZONE NOT NULL,
  CONSTRAINT sessions_pkey PRIMARY KEY (sha256),
  CONSTRAINT sessions_sha256_check CHECK (octet_length(sha256) = 32),
  CONSTRAINT sessions_user_name_fkey FOREIGN KEY(user_name) REFERENCES gisgrid.users (name) ON DELETE CASCADE
);

CREATE INDEX sessions_expires_at_idx ON gisgrid.sessions (expires_at);

CREATE INDEX sessions_user_name_idx ON gisgrid.sessions (user_name);

COMMENT ON TABLE gisgrid.sessions IS 'Signed-in browsers: only the SHA-256 of the cookie is kept.';

CREATE TABLE gisgrid.households (
  code TEXT COLLATE "C" NOT NULL,
  building_code TEXT COLLATE "C" NOT NULL,
  size INTEGER DEFAULT 0 NOT NULL,
  CONSTRAINT households_pkey PRIMARY KEY (code),
  CONSTRAINT households_code_check CHECK (code <> ''),
  CONSTRAINT households_size_check CHECK (size >= 0),
  CONSTRAINT households_building_code_fkey FOREIGN KEY(building_code) REFERENCES gisgrid.buildings (code)
);

CREATE INDEX households_building_code_idx ON gisgrid.households (building_code);

COMMENT ON TABLE gisgrid.households IS 'Household ids per building, reached by id only: no geometry, no name, no phone, no identity number.';

CREATE TABLE gisgrid.ties (
  a TEXT COLLATE "C" NOT NULL,
  b TEXT COLLATE "C" NOT NULL,
  kind TEXT NOT NULL,
  weight DOUBLE PRECISION DEFAULT 1 NOT NULL,
  CONSTRAINT ties_pkey PRIMARY KEY (a, b, kind),
  CONSTRAINT ties_order_check CHECK (a < b),
  CONSTRAINT ties_weight_check CHECK (weight > 0 AND weight < 'Infinity'),
  CONSTRAINT ties_kind_check CHECK (kind IN ('estate', 'gate', 'steward', 'origin', 'imported')),
  CONSTRAINT ties_a_fkey FOREIGN KEY(a) REFERENCES gisgrid.buildings (code) ON DELETE CASCADE,
  CONSTRAINT ties_b_fkey FOREIGN KEY(b) REFERENCES gisgrid.buildings (code) ON DELETE CASCADE
);

CREATE INDEX ties_b_idx ON gisgrid.ties (b);

COMMENT ON TABLE gisgrid.ties IS 'Weighted links between buildings whose households know each other; each pair once, smaller code first.';

CREATE TABLE gisgrid.cells (
  tessellation_id BIGINT NOT NULL,
  number INTEGER NOT NULL,
  households INTEGER NOT NULL,
  area_m2 DOUBLE PRECISION NOT NULL,
  dedicated TEXT COLLATE "C",
  geom public.geometry(POLYGON,4326) NOT NULL,
  CONSTRAINT cells_pkey PRIMARY KEY (tessellation_id, number),
  CONSTRAINT cells_number_check CHECK (number >= 0),
  CONSTRAINT cells_households_check CHECK (households >= 0),
  CONSTRAINT cells_area_check CHECK (area_m2 > 0 AND area_m2 < 'Infinity'),
  CONSTRAINT cells_geom_check CHECK (gisgrid.is_sound(geom, 'POLYGON')),
  CONSTRAINT cells_tessellation_id_fkey FOREIGN KEY(tessellation_id) REFERENCES gisgrid.tessellations (id)
);

COMMENT ON TABLE gisgrid.cells IS 'The smallest pieces of ground; read by tessellation, hence no spatial index.';

CREATE TABLE gisgrid.plans (
  id BIGINT GENERATED ALWAYS AS IDENTITY,
  community_code TEXT COLLATE "C" NOT NULL,
  tessellation_id BIGINT NOT NULL,
  state TEXT DEFAULT 'draft' NOT NULL,
  revision INTEGER DEFAULT 1 NOT NULL,
  settings JSONB NOT NULL,
  base_edition_id BIGINT,
  created_at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
  submitted_by TEXT,
  submitted_at TIMESTAMP WITH TIME ZONE,
  decided_by TEXT,
  decided_at TIMESTAMP WITH TIME ZONE,
  CONSTRAINT plans_pkey PRIMARY KEY (id),
  CONSTRAINT plans_community_check CHECK (community_code ~ '^[0-9]{12}$'),
  CONSTRAINT plans_revision_check CHECK (revision >= 1),
  CONSTRAINT plans_submitted_check CHECK ((submitted_by IS NULL) = (submitted_at IS NULL)),
  CONSTRAINT plans_decided_check CHECK ((decided_by IS NULL) = (decided_at IS NULL)),
  CONSTRAINT plans_state_check CHECK (state IN ('draft', 'submitted', 'approved', 'published', 'rejected')),
  CONSTRAINT plans_community_code_fkey FOREIGN KEY(community_code) REFERENCES gisgrid.divisions (code),
  CONSTRAINT plans_tessellation_id_fkey FOREIGN KEY(tessellation_id) REFERENCES gisgrid.tessellations (id)
);

CREATE INDEX plans_community_code_idx ON gisgrid.plans (community_code);

COMMENT ON TABLE gisgrid.plans IS 'Editable divisions of one community; every change counts the revision up.';

COMMENT ON COLUMN gisgrid.plans.decided_by IS 'Who approved or rejected it.';

CREATE TABLE gisgrid.editions (
  id BIGINT GENERATED ALWAYS AS IDENTITY,
  community_code TEXT COLLATE "C" NOT NULL,
  plan_id BIGINT NOT NULL,
  valid TSTZRANGE NOT NULL,
  published_by TEXT NOT NULL,
  published_at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
  sealed BOOLEAN DEFAULT false NOT NULL,
  CONSTRAINT editions_pkey PRIMARY KEY (id),
  CONSTRAINT editions_community_check CHECK (community_code ~ '^[0-9]{12}$'),
  CONSTRAINT editions_valid_check CHECK (NOT isempty(valid) AND lower_inc(valid) AND NOT lower_inf(valid) AND isfinite(lower(valid)) AND NOT upper_inc(valid) AND (upper_inf(valid) OR isfinite(upper(valid)))),
  CONSTRAINT editions_one_at_a_time_excl EXCLUDE USING gist (community_code WITH =, valid WITH &&),
  CONSTRAINT editions_community_code_fkey FOREIGN KEY(community_code) REFERENCES gisgrid.divisions (code),
  CONSTRAINT editions_plan_id_key UNIQUE (plan_id),
  CONSTRAINT editions_plan_id_fkey FOREIGN KEY(plan_id) REFERENCES gisgrid.plans (id)
);

CREATE INDEX editions_begin_idx ON gisgrid.editions (lower(valid));

COMMENT ON TABLE gisgrid.editions IS 'Published plans: at any instant a community has at most one in force.';

COMMENT ON COLUMN gisgrid.editions.sealed IS 'Set when the law has passed it.';

CREATE TABLE gisgrid.cell_buildings (
  tessellation_id BIGINT NOT NULL,
  building_code TEXT COLLATE "C" NOT NULL,
  cell_number INTEGER NOT NULL,
  CONSTRAINT cell_buildings_pkey PRIMARY KEY (tessellation_id, building_code),
  CONSTRAINT cell_buildings_tessellation_id_cell_number_fkey FOREIGN KEY(tessellation_id, cell_number) REFERENCES gisgrid.cells (tessellation_id, number)
);

COMMENT ON TABLE gisgrid.cell_buildings IS 'Which cell each building stands on.';

CREATE TABLE gisgrid.cell_borders (
  tessellation_id BIGINT NOT NULL,
  a INTEGER NOT NULL,
  b INTEGER NOT NULL,
  length_m DOUBLE PRECISION NOT NULL,
  barrier_m DOUBLE PRECISION NOT NULL,
  street_m DOUBLE PRECISION NOT NULL,
  CONSTRAINT cell_borders_pkey PRIMARY KEY (tessellation_id, a, b),
  CONSTRAINT cell_borders_tessellation_id_a_fkey FOREIGN KEY(tessellation_id, a) REFERENCES gisgrid.cells (tessellation_id, number),
  CONSTRAINT cell_borders_tessellation_id_b_fkey FOREIGN KEY(tessellation_id, b) REFERENCES gisgrid.cells (tessellation_id, number),
  CONSTRAINT cell_borders_order_check CHECK (a < b),
  CONSTRAINT cell_borders_lengths_check CHECK (length_m >= 0 AND barrier_m >= 0 AND street_m >= 0 AND length_m < 'Infinity')
);

COMMENT ON TABLE gisgrid.cell_borders IS 'Shared borders of cells, each pair once, with the metres that a barrier or a street covers.';

CREATE TABLE gisgrid.plan_grids (
  plan_id BIGINT NOT NULL,
  key TEXT COLLATE "C" NOT NULL,
  code TEXT COLLATE "C",
  name TEXT,
  kind TEXT NOT NULL,
  households INTEGER NOT NULL,
  buildings INTEGER NOT NULL,
  area_m2 DOUBLE PRECISION NOT NULL,
  geom public.geometry(GEOMETRY,4326) NOT NULL,
  CONSTRAINT plan_grids_pkey PRIMARY KEY (plan_id, key),
  CONSTRAINT plan_grids_key_check CHECK (key <> ''),
  CONSTRAINT plan_grids_code_check CHECK (code ~ '^[0-9]{15}$'),
  CONSTRAINT plan_grids_tallies_check CHECK (households >= 0 AND buildings >= 0),
  CONSTRAINT plan_grids_area_check CHECK (area_m2 > 0 AND area_m2 < 'Infinity'),
  CONSTRAINT plan_grids_kind_check CHECK (kind IN ('residential', 'dedicated')),
  CONSTRAINT plan_grids_plan_id_code_key UNIQUE (plan_id, code),
  CONSTRAINT plan_grids_geom_check CHECK (gisgrid.is_sound(geom, 'POLYGON', 'MULTIPOLYGON')),
  CONSTRAINT plan_grids_plan_id_fkey FOREIGN KEY(plan_id) REFERENCES gisgrid.plans (id)
);

COMMENT ON TABLE gisgrid.plan_grids IS 'The grids of a plan; `code` is the code a grid continues, empty for a new one until it is published.';

CREATE TABLE gisgrid.plan_findings (
  plan_id BIGINT NOT NULL,
  position INTEGER NOT NULL,
  rule TEXT NOT NULL,
  severity TEXT NOT NULL,
  message TEXT NOT NULL,
  message_zh TEXT NOT NULL,
  codes TEXT[] NOT NULL,
  line INTEGER,
  field TEXT,
  figures JSONB NOT NULL,
  geom public.geometry(GEOMETRY,4326),
  CONSTRAINT plan_findings_pkey PRIMARY KEY (plan_id, position),
  CONSTRAINT plan_findings_severity_check CHECK (severity IN ('error', 'warning', 'info')),
  CONSTRAINT plan_findings_geom_check CHECK (gisgrid.is_sound(geom, 'POINT', 'MULTIPOINT', 'LINESTRING', 'MULTILINESTRING', 'POLYGON', 'MULTIPOLYGON')),
  CONSTRAINT plan_findings_plan_id_fkey FOREIGN KEY(plan_id) REFERENCES gisgrid.plans (id)
);

COMMENT ON TABLE gisgrid.plan_findings IS 'What the last check of the plan found.';

CREATE TABLE gisgrid.grid_codes (
  code TEXT COLLATE "C" NOT NULL,
  community_code TEXT COLLATE "C" NOT NULL,
  number INTEGER NOT NULL,
  first_edition_id BIGINT NOT NULL,
  retired_edition_id BIGINT,
  CONSTRAINT grid_codes_pkey PRIMARY KEY (code),
  CONSTRAINT grid_codes_number_check CHECK (number BETWEEN 1 AND 999),
  CONSTRAINT grid_codes_code_check CHECK (code = community_code || lpad(number::text, 3, '0')),
  CONSTRAINT grid_codes_retired_check CHECK (retired_edition_id > first_edition_id),
  CONSTRAINT grid_codes_community_code_fkey FOREIGN KEY(community_code) REFERENCES gisgrid.divisions (code),
  CONSTRAINT grid_codes_first_edition_id_fkey FOREIGN KEY(first_edition_id) REFERENCES gisgrid.editions (id),
  CONSTRAINT grid_codes_retired_edition_id_fkey FOREIGN KEY(retired_edition_id) REFERENCES gisgrid.editions (id)
);

CREATE INDEX grid_codes_retired_edition_id_idx ON gisgrid.grid_codes (retired_edition_id);

CREATE INDEX grid_codes_community_code_idx ON gisgrid.grid_codes (community_code);

CREATE INDEX grid_codes_first_edition_id_idx ON gisgrid.grid_codes (first_edition_id);

COMMENT ON TABLE gisgrid.grid_codes IS 'Every grid code ever given; a retired one is never given again.';

CREATE TABLE gisgrid.plan_cells (
  plan_id BIGINT NOT NULL,
  cell_number INTEGER NOT NULL,
  grid_key TEXT COLLATE "C" NOT NULL,
  CONSTRAINT plan_cells_pkey PRIMARY KEY (plan_id, cell_number),
  CONSTRAINT plan_cells_plan_id_grid_key_fkey FOREIGN KEY(plan_id, grid_key) REFERENCES gisgrid.plan_grids (plan_id, key) DEFERRABLE INITIALLY DEFERRED,
  CONSTRAINT plan_cells_plan_id_fkey FOREIGN KEY(plan_id) REFERENCES gisgrid.plans (id)
);

CREATE INDEX plan_cells_plan_id_grid_key_idx ON gisgrid.plan_cells (plan_id, grid_key);

COMMENT ON TABLE gisgrid.plan_cells IS 'Which grid each cell of the plan''s tessellation belongs to: the plan itself.';

CREATE TABLE gisgrid.grid_lineage (
  edition_id BIGINT NOT NULL,
  parent TEXT COLLATE "C" NOT NULL,
  child TEXT COLLATE "C" NOT NULL,
  households INTEGER NOT NULL,
  CONSTRAINT grid_lineage_pkey PRIMARY KEY (edition_id, parent, child),
  CONSTRAINT grid_lineage_distinct_check CHECK (parent <> child),
  CONSTRAINT grid_lineage_households_check CHECK (households >= 0),
  CONSTRAINT grid_lineage_edition_id_fkey FOREIGN KEY(edition_id) REFERENCES gisgrid.editions (id),
  CONSTRAINT grid_lineage_parent_fkey FOREIGN KEY(parent) REFERENCES gisgrid.grid_codes (code),
  CONSTRAINT grid_lineage_child_fkey FOREIGN KEY(child) REFERENCES gisgrid.grid_codes (code)
);

COMMENT ON TABLE gisgrid.grid_lineage IS 'What became of a retired grid: the households it handed to each grid of the edition that retired it.';

CREATE TABLE gisgrid.edition_grids (
  edition_id BIGINT NOT NULL,
  code TEXT COLLATE "C" NOT NULL,
  name TEXT NOT NULL,
  kind TEXT NOT NULL,
  households INTEGER NOT NULL,
  buildings INTEGER NOT NULL,
  area_m2 DOUBLE PRECISION NOT NULL,
  geom public.geometry(POLYGON,4326) NOT NULL,
  CONSTRAINT edition_grids_pkey PRIMARY KEY (edition_id, code),
  CONSTRAINT edition_grids_name_check CHECK (name <> ''),
  CONSTRAINT edition_grids_tallies_check CHECK (households >= 0 AND buildings >= 0),
  CONSTRAINT edition_grids_area_check CHECK (area_m2 > 0 AND area_m2 < 'Infinity'),
  CONSTRAINT edition_grids_kind_check CHECK (kind IN ('residential', 'dedicated')),
  CONSTRAINT edition_grids_geom_check CHECK (gisgrid.is_sound(geom, 'POLYGON')),
  CONSTRAINT edition_grids_edition_id_fkey FOREIGN KEY(edition_id) REFERENCES gisgrid.editions (id),
  CONSTRAINT edition_grids_code_fkey FOREIGN KEY(code) REFERENCES gisgrid.grid_codes (code)
);

CREATE INDEX edition_grids_code_idx ON gisgrid.edition_grids (code);

CREATE INDEX edition_grids_geom_idx ON gisgrid.edition_grids USING gist (geom);

COMMENT ON TABLE gisgrid.edition_grids IS 'The grids of an edition, each one connected polygon; together they tile the community.';

CREATE TABLE gisgrid.report_assignments (
  report_id BIGINT NOT NULL,
  sequence INTEGER NOT NULL,
  grid_code TEXT COLLATE "C",
  edition_id BIGINT,
  method TEXT NOT NULL,
  border_distance_m DOUBLE PRECISION,
  neighbours JSONB DEFAULT '[]'::jsonb NOT NULL,
  findings JSONB DEFAULT '[]'::jsonb NOT NULL,
  at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
  CONSTRAINT report_assignments_pkey PRIMARY KEY (report_id, sequence),
  CONSTRAINT report_assignments_sequence_check CHECK (sequence >= 1),
  CONSTRAINT report_assignments_grid_code_check CHECK (grid_code ~ '^[0-9]{15}$'),
  CONSTRAINT report_assignments_placed_check CHECK ((method = 'unplaced') = (grid_code IS NULL)),
  CONSTRAINT report_assignments_distance_check CHECK (border_distance_m >= 0 AND border_distance_m < 'Infinity'),
  CONSTRAINT report_assignments_method_check CHECK (method IN ('inside', 'border', 'nearest', 'building', 'unplaced')),
  CONSTRAINT report_assignments_report_id_fkey FOREIGN KEY(report_id) REFERENCES gisgrid.reports (id),
  CONSTRAINT report_assignments_grid_code_fkey FOREIGN KEY(grid_code) REFERENCES gisgrid.grid_codes (code),
  CONSTRAINT report_assignments_edition_id_fkey FOREIGN KEY(edition_id) REFERENCES gisgrid.editions (id)
);

CREATE INDEX report_assignments_grid_code_idx ON gisgrid.report_assignments (grid_code, report_id);

COMMENT ON TABLE gisgrid.report_assignments IS 'The grids a report was given, in sequence from 1; the highest sequence holds. Append-only.';

CREATE TABLE gisgrid.edition_buildings (
  edition_id BIGINT NOT NULL,
  building_code TEXT COLLATE "C" NOT NULL,
  grid_code TEXT COLLATE "C" NOT NULL,
  households INTEGER NOT NULL,
  CONSTRAINT edition_buildings_pkey PRIMARY KEY (edition_id, building_code),
  CONSTRAINT edition_buildings_edition_id_grid_code_fkey FOREIGN KEY(edition_id, grid_code) REFERENCES gisgrid.edition_grids (edition_id, code),
  CONSTRAINT edition_buildings_households_check CHECK (households >= 0)
);

CREATE INDEX edition_buildings_building_code_idx ON gisgrid.edition_buildings (building_code);

COMMENT ON TABLE gisgrid.edition_buildings IS 'Which grid each building belongs to in an edition, and its households then.';

CREATE TABLE gisgrid.edition_acceptances (
  id BIGINT GENERATED ALWAYS AS IDENTITY,
  edition_id BIGINT NOT NULL,
  rule TEXT NOT NULL,
  grid_code TEXT COLLATE "C",
  accepted_by TEXT NOT NULL,
  finding JSONB NOT NULL,
  CONSTRAINT edition_acceptances_pkey PRIMARY KEY (id),
  CONSTRAINT edition_acceptances_edition_id_grid_code_fkey FOREIGN KEY(edition_id, grid_code) REFERENCES gisgrid.edition_grids (edition_id, code),
  CONSTRAINT edition_acceptances_edition_id_rule_grid_code_key UNIQUE (edition_id, rule, grid_code),
  CONSTRAINT edition_acceptances_edition_id_fkey FOREIGN KEY(edition_id) REFERENCES gisgrid.editions (id)
);

COMMENT ON TABLE gisgrid.edition_acceptances IS 'Findings that the reviewer accepted on publishing, with the finding''s own words.';

ALTER TABLE gisgrid.plans ADD CONSTRAINT plans_base_edition_id_fkey FOREIGN KEY(base_edition_id) REFERENCES gisgrid.editions (id);
