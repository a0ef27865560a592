"""How Alembic reaches the database: on the connection that theflow gives it, or not at all (offline SQL)."""

from __future__ import annotations

from alembic import context

given = context.config.attributes
if context.is_offline_mode():
    context.configure(url=given["url"], literal_binds=True)
    with context.begin_transaction():
        context.run_migrations()
else:
    # The caller has opened the transaction and ends it: nothing of a half-done upgrade is ever seen.
    context.configure(connection=given["connection"], transactional_ddl=False)
    context.run_migrations()
