package dev.headwater.devservices;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * The user PostgreSQL runs as. It refuses to be root; so when we are, as in most containers, it
 * becomes {@code postgres} or else {@code nobody}.
 */
final class ServerUser {
  private static final Path USERS = Path.of("/etc/passwd");
  private static final List<String> CANDIDATES = List.of("postgres", "nobody");

  private final Optional<String> uid;
  private final String gid;

  private ServerUser(Optional<String> uid, String gid) {
    this.uid = uid;
    this.gid = gid;
  }

  static ServerUser unprivileged() {
    if (!"root".equals(System.getProperty("user.name"))) {
      return new ServerUser(Optional.empty(), "");
    }
    try {
      List<String> users = Files.readAllLines(USERS);
      for (String candidate : CANDIDATES) {
        for (String line : users) {
          String[] fields = line.split(":", -1);
          if (fields.length > 3 && fields[0].equals(candidate)) {
            return new ServerUser(Optional.of(fields[2]), fields[3]);
          }
        }
      }
    } catch (IOException e) {
      throw new DevServerException(USERS + " cannot be read", e);
    }
    throw new DevServerException(
        "PostgreSQL refuses to run as root and there is neither a user postgres nor nobody");
  }

  /** Part of the name of what this user owns in the cache. */
  String label() {
    return uid.orElse("own");
  }

  /** The command, run as this user. */
  List<String> run(List<String> command) {
    List<String> whole = new ArrayList<>();
    uid.ifPresent(
        id ->
            whole.addAll(
                List.of("setpriv", "--reuid=" + id, "--regid=" + gid, "--clear-groups", "--")));
    whole.addAll(command);
    return whole;
  }

  /** Gives a directory to this user, not what is in it. */
  void own(Path directory) throws IOException {
    if (uid.isPresent()) {
      Files.setAttribute(directory, "unix:uid", Integer.valueOf(uid.get()));
      Files.setAttribute(directory, "unix:gid", Integer.valueOf(gid));
    }
  }
}
