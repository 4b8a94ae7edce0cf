#!/bin/bash
# Start conventions of the official image: a variable with a dot in its name is a setting, OPENSEARCH_JAVA_OPTS go to
# Java. There is no security plugin, so its settings and DISABLE_SECURITY_PLUGIN are taken as done.
set -euo pipefail
if [ "${1:-opensearch}" != opensearch ]; then exec "$@"; fi
home=/usr/share/opensearch
properties=$home/config/opensearch.properties
{
  cat << DEFAULTS
cluster.name=docker-cluster
node.name=$(cat /proc/sys/kernel/hostname)
network.host=0.0.0.0
path.home=$home
path.data=$home/data
path.logs=$home/logs
DEFAULTS
  # No shell keeps variables with dots, so they are read from the process's own environment.
  while IFS= read -r -d '' variable; do
    case "$variable" in
      plugins.security.*) ;;
      [a-z]*.*=*) [[ "${variable%%=*}" =~ ^[a-z][a-z0-9_.-]*$ ]] && printf '%s\n' "${variable//\\/\\\\}" ;;
    esac
  done < /proc/self/environ
} > "$properties"
# Without these two lines all would be the same, and slower.
archive=(-XX:SharedArchiveFile=$home/config/start.jsa -Xshare:auto)
if [ -n "${ARCHIVE:-}" ]; then archive=("-XX:ArchiveClassesAtExit=$ARCHIVE"); fi
# shellcheck disable=SC2086
exec java "${archive[@]}" ${OPENSEARCH_JAVA_OPTS:--Xms1g -Xmx1g} -XX:+UseG1GC -Djava.awt.headless=true -Dopensearch.networkaddress.cache.ttl=60 \
  -Dlog4j2.configurationFile=classpath:dev/headwater/devservices/process/log4j2.xml \
  -cp "$home/lib/*" dev.headwater.devservices.process.OpenSearchProcess "$properties" /tmp/opensearch-is-ready
