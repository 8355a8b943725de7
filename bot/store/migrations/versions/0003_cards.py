"""What a card shows, and the names of managers who are so by their role."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns; no surface wrote cards before."""
    op.execute("DELETE FROM cards")
    op.add_column("cards", sa.Column("face", sa.String(length=64), nullable=False, server_default=""))
    op.add_column("cards", sa.Column("settled", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.create_index(
        "ix_cards_unsettled",
        "cards",
        ["surface"],
        unique=False,
        sqlite_where=sa.text("NOT settled"),
        postgresql_where=sa.text("NOT settled"),
    )
    op.create_table(
        "role_holders",
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_role_holders")),
    )
