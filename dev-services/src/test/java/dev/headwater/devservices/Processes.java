package dev.headwater.devservices;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.function.BooleanSupplier;

/** What the tests ask about processes and ports. */
final class Processes {
  private Processes() {}

  static void assertGone(long pid, int port) {
    assertThat(isRunning(pid)).as("process %d runs", pid).isFalse();
    assertThat(LoopbackPorts.isFree(port)).as("port %d is free", port).isTrue();
  }

  static boolean isRunning(long pid) {
    return ProcessHandle.of(pid).map(ProcessHandle::isAlive).orElse(false);
  }

  static void await(String what, Duration patience, BooleanSupplier condition) {
    long deadline = System.nanoTime() + patience.toNanos();
    while (!condition.getAsBoolean()) {
      assertThat(System.nanoTime()).as("%s within %s", what, patience).isLessThan(deadline);
      DevServer.pause();
    }
  }
}
