package dev.headwater.log.embedded;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * The right to run the broker on a directory: one holder among all processes of the machine. The
 * operating system takes it back when the process ends, however it ends.
 *
 * <p>POSIX gives such a lock to the process and takes it away when the process closes <em>any</em>
 * descriptor of the file (fcntl, F_SETLK). So a second attempt inside one process must not even
 * open the file; this is why the homes that this process holds are remembered for all of it.
 */
final class DirectoryLock implements AutoCloseable {
  private static final String FILE = "lock";
  private static final Set<Path> HELD_BY_THIS_PROCESS = ConcurrentHashMap.newKeySet();

  private final Path home;
  private final FileChannel channel;

  private DirectoryLock(Path home, FileChannel channel) {
    this.home = home;
    this.channel = channel;
  }

  /**
   * Takes the right; empty when somebody has it, here or in another process.
   *
   * @param home there already, and absolute
   */
  static Optional<DirectoryLock> tryTake(Path home) throws IOException {
    Path real = home.toRealPath();
    if (!HELD_BY_THIS_PROCESS.add(real)) {
      return Optional.empty();
    }
    FileChannel channel = null;
    try {
      channel =
          FileChannel.open(real.resolve(FILE), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
      FileLock lock = channel.tryLock();
      if (lock != null) {
        return Optional.of(new DirectoryLock(real, channel));
      }
    } catch (IOException | RuntimeException e) {
      HELD_BY_THIS_PROCESS.remove(real);
      if (channel != null) {
        channel.close();
      }
      throw e;
    }
    channel.close();
    HELD_BY_THIS_PROCESS.remove(real);
    return Optional.empty();
  }

  @Override
  public void close() throws IOException {
    if (channel.isOpen()) {
      channel.close();
      HELD_BY_THIS_PROCESS.remove(home);
    }
  }
}
