"""Alembic's scripts: one squashed baseline, then one file a change."""
