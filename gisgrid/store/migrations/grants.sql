-- Who may do what: the app works as role gisgrid_app, which owns nothing. Safe to run again and again.

DO $$
BEGIN
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'gisgrid_app') THEN
    CREATE ROLE gisgrid_app NOLOGIN;
  END IF;
EXCEPTION
  -- A role belongs to the whole server: another database's upgrade may make it at this very moment.
  WHEN duplicate_object OR unique_violation THEN
    NULL;
  -- Where the owner may not create roles, the triggers alone guard the append-only tables.
  WHEN insufficient_privilege THEN
    RAISE NOTICE 'gisgrid works without role gisgrid_app, which % may not create', current_user;
END
$$;

DO $$
BEGIN
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'gisgrid_app') THEN
    RETURN;
  END IF;
  BEGIN
    EXECUTE format('GRANT gisgrid_app TO %I', current_user);
  EXCEPTION
    WHEN insufficient_privilege THEN
      RAISE NOTICE '% may not grant itself gisgrid_app', current_user;
  END;
  REVOKE ALL ON ALL TABLES IN SCHEMA gisgrid FROM gisgrid_app;
  GRANT USAGE ON SCHEMA gisgrid TO gisgrid_app;
  GRANT SELECT ON ALL TABLES IN SCHEMA gisgrid TO gisgrid_app;
  GRANT INSERT, UPDATE, DELETE ON
    gisgrid.divisions,
    gisgrid.estates,
    gisgrid.aliases,
    gisgrid.buildings,
    gisgrid.households,
    gisgrid.barriers,
    gisgrid.ties,
    gisgrid.sites,
    gisgrid.net_areas,
    gisgrid.posts,
    gisgrid.categories,
    gisgrid.time_limits,
    gisgrid.holidays,
    gisgrid.plans,
    gisgrid.plan_grids,
    gisgrid.plan_cells,
    gisgrid.plan_findings,
    gisgrid.micro_drawings,
    gisgrid.micro_grids,
    gisgrid.micro_grid_cells,
    gisgrid.keys,
    gisgrid.users,
    gisgrid.sessions,
    gisgrid.webhooks,
    gisgrid.webhook_deliveries
  TO gisgrid_app;
  GRANT INSERT ON
    gisgrid.tessellations,
    gisgrid.cells,
    gisgrid.cell_buildings,
    gisgrid.cell_borders,
    gisgrid.plan_revisions,
    gisgrid.plan_comments,
    gisgrid.scheduled_publications,
    gisgrid.editions,
    gisgrid.edition_grids,
    gisgrid.edition_buildings,
    gisgrid.edition_acceptances,
    gisgrid.grid_codes,
    gisgrid.grid_lineage,
    gisgrid.reports,
    gisgrid.report_assignments,
    gisgrid.report_events,
    gisgrid.audit,
    gisgrid.import_runs,
    gisgrid.import_findings
  TO gisgrid_app;
  GRANT UPDATE (valid) ON gisgrid.editions TO gisgrid_app;
  GRANT UPDATE (outcome, ended_by, ended_at, reason) ON gisgrid.scheduled_publications TO gisgrid_app;
  GRANT UPDATE (retired_edition_id) ON gisgrid.grid_codes TO gisgrid_app;
  GRANT UPDATE (state, confirmed_edition_id, sought_editions, accept_due, close_due)
    ON gisgrid.reports TO gisgrid_app;
END
$$;
