# Headwater in a container. Not built on a machine yet.
#
# 'demo' does not work in here: its servers come from the local Maven repository, which stays behind.
ARG BUILD_IMAGE=maven:3.9-eclipse-temurin-17
ARG RUN_IMAGE=eclipse-temurin:17-jre

FROM ${BUILD_IMAGE} AS build
WORKDIR /src
COPY . .
RUN ./mvnw -q -B -ntp -DskipTests -Dspotless.check.skip=true package \
 && mkdir /lib-out \
 && cp cli/target/headwater-cli-*.jar /lib-out/ \
 && tr ':' '\n' < cli/target/headwater.classpath | xargs cp -t /lib-out

FROM ${RUN_IMAGE}
RUN useradd --system --create-home --home-dir /var/lib/headwater headwater
COPY --from=build /lib-out /opt/headwater/lib
USER headwater
WORKDIR /var/lib/headwater
ENTRYPOINT ["java", "-XX:+UseG1GC", "-XX:MaxRAMPercentage=70", "-XX:+ExitOnOutOfMemoryError", "-cp", "/opt/headwater/lib/*", "dev.headwater.cli.Main"]
CMD ["run"]
