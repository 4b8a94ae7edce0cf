package dev.headwater.devservices;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;

/**
 * What is made once per machine and user and used by every start: unpacked programs, an initialised
 * database to copy. Lies in the temporary directory, because a PostgreSQL that runs as another user
 * must be able to reach it, which it could not in root's home. Losing it costs the next start a few
 * seconds.
 *
 * <p>An entry appears by a rename, so it is whole or not there; a file lock keeps two virtual
 * machines from making it at the same time.
 */
final class ServerCache {
  private static final Object ONE_AT_A_TIME_HERE = new Object();

  private ServerCache() {}

  /** Fills a fresh directory with one entry. */
  @FunctionalInterface
  interface Maker {
    void make(Path directory) throws IOException;
  }

  /** The directory of this name, made now if it is not there yet. */
  static Path entry(String name, Maker maker) {
    try {
      Path root = root();
      Path entry = root.resolve(name);
      if (Files.isDirectory(entry)) {
        return entry;
      }
      // A file lock belongs to the whole virtual machine and is refused to a second thread of it.
      synchronized (ONE_AT_A_TIME_HERE) {
        try (FileChannel channel =
                FileChannel.open(
                    root.resolve("lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
            FileLock lock = channel.lock()) {
          if (lock.isValid() && !Files.isDirectory(entry)) {
            Path unfinished = Files.createTempDirectory(root, "unfinished-");
            open(unfinished);
            maker.make(unfinished);
            Files.move(unfinished, entry, StandardCopyOption.ATOMIC_MOVE);
          }
        }
      }
      return entry;
    } catch (IOException e) {
      throw new DevServerException("The cached " + name + " cannot be made", e);
    }
  }

  private static Path root() throws IOException {
    String user = System.getProperty("user.name", "unknown");
    Path root =
        Path.of(System.getProperty("java.io.tmpdir"), "headwater-dev-services-" + user)
            .toAbsolutePath();
    Files.createDirectories(root);
    // Programs are run from here: a directory somebody else laid out beforehand is not for us.
    if (!Files.getOwner(root).getName().equals(user)) {
      throw new DevServerException(root + " belongs to another user; remove it");
    }
    open(root);
    return root;
  }

  private static void open(Path directory) throws IOException {
    Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwxr-xr-x"));
  }
}
