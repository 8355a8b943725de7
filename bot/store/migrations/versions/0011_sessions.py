"""Which process holds a lease, or sends a delivery."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Empty for what was claimed before: it ends by its time."""
    for table in ("deliveries", "leases"):
        with op.batch_alter_table(table) as change:
            change.add_column(sa.Column("session", sa.Integer(), nullable=True))
