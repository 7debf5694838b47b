-- Tables of micro grids; gisgrid/store/tables holds the same for queries.

CREATE TABLE gisgrid.micro_drawings (
  plan_id BIGINT NOT NULL,
  minimum INTEGER NOT NULL,
  maximum INTEGER NOT NULL,
  target INTEGER NOT NULL,
  measure TEXT NOT NULL,
  drawn_at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
  CONSTRAINT micro_drawings_pkey PRIMARY KEY (plan_id),
  CONSTRAINT micro_drawings_band_check CHECK (minimum >= 1 AND minimum <= target AND target <= maximum),
  CONSTRAINT micro_drawings_measure_check CHECK (measure IN ('resident', 'registered', 'dwelling')),
  CONSTRAINT micro_drawings_plan_id_fkey FOREIGN KEY(plan_id) REFERENCES gisgrid.plans (id)
);

COMMENT ON TABLE gisgrid.micro_drawings IS 'The band that the micro grids of a plan were drawn for; gone as soon as the plan''s cells change hands.';

CREATE TABLE gisgrid.micro_grids (
  plan_id BIGINT NOT NULL,
  grid_key TEXT COLLATE "C" NOT NULL,
  number INTEGER NOT NULL,
  households INTEGER NOT NULL,
  buildings INTEGER NOT NULL,
  area_m2 DOUBLE PRECISION NOT NULL,
  geom public.geometry(GEOMETRY,4326) NOT NULL,
  CONSTRAINT micro_grids_pkey PRIMARY KEY (plan_id, grid_key, number),
  CONSTRAINT micro_grids_number_check CHECK (number >= 1),
  CONSTRAINT micro_grids_tallies_check CHECK (households >= 0 AND buildings >= 0),
  CONSTRAINT micro_grids_area_check CHECK (area_m2 > 0 AND area_m2 < 'Infinity'),
  CONSTRAINT micro_grids_geom_check CHECK (gisgrid.is_sound(geom, 'POLYGON', 'MULTIPOLYGON')),
  CONSTRAINT micro_grids_plan_id_grid_key_fkey FOREIGN KEY(plan_id, grid_key) REFERENCES gisgrid.plan_grids (plan_id, key) DEFERRABLE INITIALLY DEFERRED,
  CONSTRAINT micro_grids_plan_id_fkey FOREIGN KEY(plan_id) REFERENCES gisgrid.micro_drawings (plan_id) ON DELETE CASCADE
);

COMMENT ON TABLE gisgrid.micro_grids IS 'The micro grids of a plan, numbered within each grid; frozen when the plan is published.';

CREATE TABLE gisgrid.micro_grid_cells (
  plan_id BIGINT NOT NULL,
  cell_number INTEGER NOT NULL,
  grid_key TEXT COLLATE "C" NOT NULL,
  number INTEGER NOT NULL,
  CONSTRAINT micro_grid_cells_pkey PRIMARY KEY (plan_id, cell_number),
  CONSTRAINT micro_grid_cells_plan_id_grid_key_number_fkey FOREIGN KEY(plan_id, grid_key, number) REFERENCES gisgrid.micro_grids (plan_id, grid_key, number) ON DELETE CASCADE
);

CREATE INDEX micro_grid_cells_plan_id_grid_key_number_idx ON gisgrid.micro_grid_cells (plan_id, grid_key, number);

COMMENT ON TABLE gisgrid.micro_grid_cells IS 'Which micro grid each cell of the plan''s tessellation belongs to.';
