#!/bin/bash
# Start conventions of the official image: KAFKA_X_Y is the property x.y ('__' an underscore, '___' a dash); without any,
# one node that is broker and controller. The storage is formatted with CLUSTER_ID when it is new.
set -euo pipefail
properties=/opt/kafka/config/server.properties

settings() {
  local name
  while IFS= read -r name; do
    case "$name" in
      KAFKA_VERSION|KAFKA_OPTS|KAFKA_HEAP_OPTS|KAFKA_GC_LOG_OPTS|KAFKA_JVM_PERFORMANCE_OPTS|KAFKA_JMX*|KAFKA_*LOG4J*) ;;
      KAFKA_*)
        key=${name#KAFKA_}
        key=${key,,}
        key=${key//___/-}
        key=${key//__/$'\x01'}
        key=${key//_/.}
        key=${key//$'\x01'/_}
        # A property's file gives backslashes a meaning of its own.
        printf '%s=%s\n' "$key" "${!name//\\/\\\\}" ;;
    esac
  done < <(compgen -e)
}

{
  echo "cluster.id=${CLUSTER_ID:-5L6g3nShT-eMCtK--X86sw}"
  echo "log.dirs=/var/lib/kafka/data"
  if [ -z "${KAFKA_PROCESS_ROLES:-}" ]; then
    cat << DEFAULTS
node.id=1
process.roles=broker,controller
controller.quorum.voters=1@localhost:9093
controller.listener.names=CONTROLLER
listeners=PLAINTEXT://:9092,CONTROLLER://:9093
advertised.listeners=PLAINTEXT://localhost:9092
listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT
offsets.topic.replication.factor=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
DEFAULTS
  fi
  settings
} > "$properties"

# Without these two lines all would be the same, and slower.
archive=(-XX:SharedArchiveFile=/opt/kafka/config/start.jsa -Xshare:auto)
if [ -n "${ARCHIVE:-}" ]; then archive=("-XX:ArchiveClassesAtExit=$ARCHIVE"); fi
# shellcheck disable=SC2086
exec java "${archive[@]}" ${KAFKA_HEAP_OPTS:--Xmx1g -Xms1g} ${KAFKA_JVM_PERFORMANCE_OPTS:--XX:+UseG1GC} ${KAFKA_OPTS:-} \
  -Djava.awt.headless=true -Dlog4j2.configurationFile=classpath:dev/headwater/devservices/process/log4j2.xml \
  -cp "/opt/kafka/libs/*" dev.headwater.devservices.process.KafkaProcess "$properties" /tmp/kafka-is-ready
