#!/bin/sh
# Once, when PostgreSQL starts with an empty folder: a database and a user of its own for Rasa's conversations.
set -eu
psql --set ON_ERROR_STOP=1 --set password="$(cat /run/secrets/rasa_db_password)" \
  --username "$POSTGRES_USER" --dbname "$POSTGRES_DB" <<'SQL'
CREATE ROLE rasa LOGIN PASSWORD :'password';
CREATE DATABASE rasa OWNER rasa;
REVOKE CONNECT ON DATABASE rasa FROM PUBLIC;
REVOKE CONNECT ON DATABASE desk FROM PUBLIC;
SQL
