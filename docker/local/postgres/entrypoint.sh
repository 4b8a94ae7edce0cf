#!/bin/bash
# Start conventions of the official image: POSTGRES_USER, POSTGRES_PASSWORD, POSTGRES_DB (each also as …_FILE), PGDATA,
# POSTGRES_INITDB_ARGS, POSTGRES_HOST_AUTH_METHOD, and the files in /docker-entrypoint-initdb.d at the first start.
set -Eeuo pipefail

from_file() {
  local file="${1}_FILE"
  if [ -n "${!file:-}" ]; then export "$1=$(cat "${!file}")"; fi
}

case "${1:-}" in -*) set -- postgres "$@" ;; esac
if [ "$1" != postgres ]; then exec "$@"; fi

if [ "$(id -u)" = 0 ]; then
  mkdir -p "$PGDATA"
  chown -R postgres:postgres "$PGDATA" /var/run/postgresql
  chmod 700 "$PGDATA"
  exec setpriv --reuid=postgres --regid=postgres --init-groups "$0" "$@"
fi

if [ ! -s "$PGDATA/PG_VERSION" ]; then
  from_file POSTGRES_PASSWORD
  from_file POSTGRES_USER
  from_file POSTGRES_DB
  user=${POSTGRES_USER:-postgres}
  database=${POSTGRES_DB:-$user}
  method=${POSTGRES_HOST_AUTH_METHOD:-scram-sha-256}
  if [ -z "${POSTGRES_PASSWORD:-}" ] && [ "$method" != trust ]; then
    echo "error: POSTGRES_PASSWORD is not set and POSTGRES_HOST_AUTH_METHOD is not 'trust'" >&2
    exit 1
  fi
  password=()
  if [ -n "${POSTGRES_PASSWORD:-}" ]; then
    file=$(mktemp)
    printf '%s\n' "$POSTGRES_PASSWORD" > "$file"
    password=(--pwfile="$file")
  fi
  # shellcheck disable=SC2086
  initdb --username="$user" "${password[@]}" ${POSTGRES_INITDB_ARGS:-}
  rm -f "${file:-}"
  printf '\nhost all all all %s\n' "$method" >> "$PGDATA/pg_hba.conf"
  printf "\nlisten_addresses = '*'\n" >> "$PGDATA/postgresql.conf"

  # The server of the first set-up is not reachable over TCP, so nobody meets a half filled database.
  options=("${@:2}" -c listen_addresses=)
  pg_ctl -D "$PGDATA" -w -o "$(printf '%q ' "${options[@]}")" start
  run=(psql -v ON_ERROR_STOP=1 --no-psqlrc --username "$user")
  if [ "$database" != postgres ]; then
    "${run[@]}" --dbname postgres --set db="$database" <<< 'CREATE DATABASE :"db";'
  fi
  for file in /docker-entrypoint-initdb.d/*; do
    case "$file" in
      *.sh) if [ -x "$file" ]; then "$file"; else . "$file"; fi ;;
      *.sql) "${run[@]}" --dbname "$database" -f "$file" ;;
      *.sql.gz) gunzip -c "$file" | "${run[@]}" --dbname "$database" ;;
    esac
  done
  pg_ctl -D "$PGDATA" -m fast -w stop
fi
exec "$@"
