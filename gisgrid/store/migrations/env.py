"""What Alembic runs for each upgrade: the migrations, on the connection that `migrations.upgrade` opened.

Room: store. In: `config.attributes["connection"]`. Out: nothing. Must not import any other room.
"""

from __future__ import annotations

from alembic import context

from gisgrid.store.tables import METADATA, SCHEMA

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=METADATA,
    include_schemas=True,
    version_table_schema=SCHEMA,
)
# The caller's transaction holds the lock and all of the upgrade: either every migration is in, or none.
context.run_migrations()
