"""The facts that a draft took."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns; what drafts from before took is not known."""
    for name in ("facts", "all_facts"):
        op.add_column("drafts", sa.Column(name, sa.JSON(), nullable=True))
