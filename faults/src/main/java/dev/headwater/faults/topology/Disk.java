package dev.headwater.faults.topology;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/**
 * A disk of a server's own, which can be full: a file system in a sparse file, and a file in it
 * that takes all the room there is.
 *
 * <p>Only where this process may mount: as root, on Linux. Elsewhere there is none, and the faults
 * that need one are left out.
 */
public final class Disk implements AutoCloseable {
  private static final long BYTES = 24L << 30;
  private static final long COMMAND_SECONDS = 60;

  private final Path image;
  private final Path directory;
  private final Path ballast;
  private boolean closed;

  private Disk(Path image, Path directory) {
    this.image = image;
    this.directory = directory;
    this.ballast = directory.resolve("ballast");
  }

  /** Makes and mounts one; empty where that is not allowed or not possible. */
  static Optional<Disk> mount(String name) throws IOException {
    Path image = Files.createTempFile("headwater-disk-" + name + "-", ".img");
    Path directory = Files.createTempDirectory("headwater-disk-" + name + "-");
    Disk disk = new Disk(image, directory);
    try {
      command("truncate", "-s", Long.toString(BYTES), image.toString());
      command("mkfs.ext4", "-q", "-m", "0", "-F", image.toString());
      command("mount", "-o", "loop", image.toString(), directory.toString());
      Runtime.getRuntime().addShutdownHook(new Thread(disk::close));
      return Optional.of(disk);
    } catch (IOException mayNot) {
      Files.delete(image);
      Files.delete(directory);
      return Optional.empty();
    }
  }

  /** Where it is mounted; data go into a directory below. */
  Path directory() {
    return directory;
  }

  /** Leaves no room. */
  public void fill() throws IOException {
    // What is written meanwhile may take some of it, so it is done until nothing more can be had.
    for (int i = 0; i < 3; i++) {
      long free = Files.getFileStore(directory).getUsableSpace();
      long taken = Files.exists(ballast) ? Files.size(ballast) : 0;
      if (free == 0) {
        return;
      }
      try {
        command("fallocate", "-l", Long.toString(taken + free), ballast.toString());
      } catch (IOException full) {
        // It took what there was.
        continue;
      }
    }
  }

  /** Gives the room back. */
  public void empty() throws IOException {
    Files.deleteIfExists(ballast);
  }

  private static void command(String... words) throws IOException {
    Process process = new ProcessBuilder(List.of(words)).redirectErrorStream(true).start();
    try {
      process.getOutputStream().close();
      String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      if (!process.waitFor(COMMAND_SECONDS, TimeUnit.SECONDS) || process.exitValue() != 0) {
        process.destroyForcibly();
        throw new IOException(String.join(" ", words) + ": " + said.strip());
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted in " + words[0], e);
    }
  }

  /** Also done when the virtual machine ends before. */
  @Override
  public synchronized void close() {
    if (closed) {
      return;
    }
    closed = true;
    try {
      command("umount", "-l", directory.toString());
      Files.delete(directory);
      Files.delete(image);
    } catch (IOException e) {
      throw new IllegalStateException("the disk at " + directory + " is not gone", e);
    }
  }
}
