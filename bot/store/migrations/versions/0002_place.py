"""What is known of the channel a post stands in."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; posts from before know nothing of their place."""
    op.add_column("posts", sa.Column("place", sa.JSON(none_as_null=True), nullable=True))
