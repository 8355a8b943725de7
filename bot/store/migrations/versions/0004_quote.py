"""The words of another message that a post quotes."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; posts from before quote nothing."""
    op.add_column("posts", sa.Column("quote", sa.Text(), nullable=True))
