-- Areas of a second net over the grids; gisgrid/store/tables holds the same for queries.

CREATE TABLE gisgrid.net_areas (
  net TEXT COLLATE "C" NOT NULL,
  code TEXT COLLATE "C" NOT NULL,
  name TEXT,
  geom public.geometry(MULTIPOLYGON,4326) NOT NULL,
  CONSTRAINT net_areas_pkey PRIMARY KEY (net, code),
  CONSTRAINT net_areas_net_check CHECK (net <> ''),
  CONSTRAINT net_areas_code_check CHECK (code <> ''),
  CONSTRAINT net_areas_geom_check CHECK (gisgrid.is_sound(geom, 'MULTIPOLYGON'))
);

CREATE INDEX net_areas_geom_idx ON gisgrid.net_areas USING gist (geom);

COMMENT ON TABLE gisgrid.net_areas IS 'Areas of other nets over the same ground (police beats, monitoring grids), by net.';
