# Headwater in a container: built from source, then our jars, their libraries and a Java runtime of just what is needed.
#
#   docker build -t headwater .
#   docker run --read-only --tmpfs /tmp -v "$PWD/connectors.yaml:/etc/headwater/connectors.yaml:ro" headwater
#
# Commands are run beside it: docker exec CONTAINER headwater status. 'demo' is not for in here: its servers come from
# the build's Maven repository, which stays behind. Both base images need the same libc, with zlib and libstdc++.
ARG BUILD_IMAGE=maven:3.9-eclipse-temurin-17
ARG RUN_IMAGE=debian:bookworm-slim

FROM ${BUILD_IMAGE} AS build
WORKDIR /src
COPY . .
# For example --offline, where the base image brings the libraries.
ARG MAVEN_FLAGS=
RUN ./mvnw -q -B -ntp ${MAVEN_FLAGS} -pl cli -am -DskipTests -Dspotless.check.skip=true package \
 && mkdir -p /out/lib \
 && cp cli/target/headwater-cli-*.jar /out/lib/ \
 && tr ':' '\n' < cli/target/headwater.classpath | xargs cp -t /out/lib
RUN jlink --add-modules java.se,jdk.crypto.ec,jdk.jcmd,jdk.management,jdk.naming.dns,jdk.net,jdk.unsupported,jdk.zipfs \
      --strip-java-debug-attributes --no-header-files --no-man-pages --compress=2 --output /out/java \
 && /out/java/bin/java -Xshare:dump > /dev/null \
 && cp -R docker/image /out/bin && chmod 755 /out/bin/*

FROM ${RUN_IMAGE}
COPY --from=build /out /opt/headwater
# What runs writes nothing but the file that says how it is, in /tmp, and an embedded log if one is configured.
RUN useradd --system --uid 10001 --home-dir /var/lib/headwater headwater \
 && mkdir -p /etc/headwater /var/lib/headwater && chown headwater: /var/lib/headwater
ENV LANG=C.UTF-8 PATH=/opt/headwater/bin:$PATH HEADWATER_HEALTH_FILE=/tmp/headwater.health
USER 10001
WORKDIR /etc/headwater
HEALTHCHECK --interval=5s --timeout=3s --start-period=60s --retries=3 CMD ["healthy"]
ENTRYPOINT ["headwater"]
CMD ["run"]
