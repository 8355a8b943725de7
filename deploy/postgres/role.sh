#!/bin/sh
# Makes Greenroom's user and database when the server is made. This user is no superuser, so the database's policies hold it.
# It gets the password of db_password. The superuser loses it: only who is inside the container is superuser then.
set -eu
psql --username "$POSTGRES_USER" --dbname postgres --set ON_ERROR_STOP=1 --set password="$POSTGRES_PASSWORD" <<'SQL'
CREATE ROLE greenroom LOGIN PASSWORD :'password';
CREATE DATABASE greenroom OWNER greenroom;
ALTER ROLE CURRENT_USER PASSWORD NULL;
SQL
