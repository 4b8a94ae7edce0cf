package dev.headwater.log.group;

import java.io.IOException;
import java.net.InetAddress;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Optional;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The name under which this process is a member of a group, held for as long as it lives: a process
 * started after one that was killed bears the same name, and the group takes it for the same member
 * (Kafka's static membership, KIP-345). So its partitions are its own again at once, not after the
 * dead one was missed.
 *
 * <p>A name belongs to one file in the temporary directory, and to whoever holds its lock; the
 * operating system frees the lock of a process that died, not that of one that is only stopped. A
 * second worker on the machine finds the first name taken and takes the next. In the file stands a
 * random id, so two machines never bear the same name. Where no such file can be had, there is no
 * name, and the group works as well, if slower after a kill.
 */
public final class MemberName implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(MemberName.class);
  private static final int MOST = 64;
  private static final int ID_LENGTH = 36;

  private final @Nullable String name;
  private final @Nullable FileChannel file;

  private MemberName(@Nullable String name, @Nullable FileChannel file) {
    this.name = name;
    this.file = file;
  }

  /** Takes the first name of this machine for a group that no living process has. */
  public static MemberName take(String group) {
    Path directory =
        Path.of(
            System.getProperty("java.io.tmpdir"),
            "headwater-members-" + System.getProperty("user.name", "unknown"));
    return take(group, directory);
  }

  static MemberName take(String group, Path directory) {
    try {
      Files.createDirectories(directory);
      String safe =
          group.replaceAll("[^A-Za-z0-9._-]", "_") + "-" + Integer.toHexString(group.hashCode());
      for (int number = 0; number < MOST; number++) {
        MemberName taken = tryTake(directory.resolve(safe + "-" + number));
        if (taken != null) {
          return taken;
        }
      }
    } catch (IOException e) {
      LOG.atDebug().addKeyValue("group", group).setCause(e).log("no name for a member");
    }
    return new MemberName(null, null);
  }

  private static @Nullable MemberName tryTake(Path path) throws IOException {
    FileChannel file =
        FileChannel.open(
            path, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE);
    FileLock lock = null;
    try {
      lock = file.tryLock();
    } catch (OverlappingFileLockException heldInThisProcess) {
      // As good as held by another.
    }
    if (lock == null) {
      file.close();
      return null;
    }
    return new MemberName(host() + "-" + id(file), file);
  }

  private static String id(FileChannel file) throws IOException {
    ByteBuffer bytes = ByteBuffer.allocate(ID_LENGTH);
    while (bytes.hasRemaining() && file.read(bytes, bytes.position()) > 0) {}
    String id = new String(bytes.array(), 0, bytes.position(), StandardCharsets.US_ASCII);
    if (id.length() == ID_LENGTH) {
      return id;
    }
    String fresh = UUID.randomUUID().toString();
    file.truncate(0);
    file.write(ByteBuffer.wrap(fresh.getBytes(StandardCharsets.US_ASCII)), 0);
    return fresh;
  }

  private static String host() throws IOException {
    String host = InetAddress.getLocalHost().getHostName().replaceAll("[^A-Za-z0-9._-]", "_");
    return host.substring(0, Math.min(host.length(), 100));
  }

  /** The name; empty where there is none to be had. */
  public Optional<String> name() {
    return Optional.ofNullable(name);
  }

  /** Lets the name go, for the next process of this machine. */
  @Override
  public void close() {
    FileChannel held = file;
    if (held != null) {
      try {
        held.close();
      } catch (IOException e) {
        LOG.atDebug().setCause(e).log("a member's name was not let go");
      }
    }
  }
}
