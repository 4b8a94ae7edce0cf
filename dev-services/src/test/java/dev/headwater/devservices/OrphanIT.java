package dev.headwater.devservices;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** A virtual machine that is killed leaves no server behind, and none of its temporary data. */
class OrphanIT {
  private static final Duration PATIENCE = Duration.ofSeconds(30);

  /** What the parent below says about one server. */
  private record Child(String name, long pid, int port, Path dataDir) {
    static Child parse(String line) {
      String[] words = line.split(" ", -1);
      return new Child(
          words[0], Long.parseLong(words[1]), Integer.parseInt(words[2]), Path.of(words[3]));
    }
  }

  @Test
  void noServerOutlivesAParentThatIsKilled() throws Exception {
    assertNothingOutlivesAKilledParent("running");
  }

  @Test
  void noServerOutlivesAParentThatIsKilledWhileTheServersAreFrozen() throws Exception {
    assertNothingOutlivesAKilledParent("frozen");
  }

  private static void assertNothingOutlivesAKilledParent(String state) throws Exception {
    Process parent =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-cp",
                System.getProperty("java.class.path"),
                Parent.class.getName(),
                state)
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    List<Child> children = new ArrayList<>();
    try (BufferedReader output = parent.inputReader(StandardCharsets.UTF_8)) {
      for (int i = 0; i < 4; i++) {
        children.add(Child.parse(String.valueOf(output.readLine())));
      }
      List<ProcessHandle> processes =
          children.stream()
              .flatMap(child -> ProcessHandle.of(child.pid()).stream())
              .flatMap(server -> Stream.concat(Stream.of(server), server.descendants()))
              .toList();
      assertThat(processes).as("servers and PostgreSQL's own children").hasSizeGreaterThan(4);

      parent.destroyForcibly().waitFor();

      for (ProcessHandle process : processes) {
        Processes.await("end of " + process, PATIENCE, () -> !process.isAlive());
      }
      for (Child child : children) {
        Processes.assertGone(child.pid(), child.port());
        Processes.await(
            "removal of " + child.dataDir(), PATIENCE, () -> !child.dataDir().toFile().exists());
      }
    } finally {
      parent.destroyForcibly();
    }
  }

  /** The main class of the virtual machine that is killed. */
  static final class Parent {
    private Parent() {}

    public static void main(String[] arguments) throws InterruptedException {
      List<DevServer> servers =
          List.of(
              SharedServices.postgres(),
              SharedServices.kafka(),
              SharedServices.redis(),
              SharedServices.openSearch());
      for (DevServer server : servers) {
        if (arguments[0].equals("frozen")) {
          server.suspend();
        }
        System.out.printf(
            "%s %d %d %s%n",
            server.getClass().getSimpleName(), server.pid(), server.port(), server.dataDir());
      }
      Thread.currentThread().join();
    }
  }
}
