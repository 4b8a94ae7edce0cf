package dev.headwater.faults;

import static org.assertj.core.api.Assertions.assertThat;

import dev.headwater.faults.topology.HeadwaterProcess;
import java.nio.file.Path;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Two captures of one connector: one writes, the other stands by, and follows when the first is
 * killed or hangs. What each does is seen in the log alone.
 */
class StandbyIT {
  private static final long LIMIT_MS = 30_000;

  @TempDir private Path directory;

  @Test
  @Timeout(400)
  void aSecondCaptureStandsByAndFollowsADeadOrHangingFirst() throws Exception {
    try (CaptureScene scene = new CaptureScene(directory)) {
      scene.insert();
      HeadwaterProcess first = scene.capture("first");
      scene.awaitInLog();
      HeadwaterProcess second = scene.capture("second");
      Thread.sleep(8_000);
      scene.insert();
      scene.awaitInLog();
      assertThat(first.isAlive()).as("the first goes on beside a second").isTrue();

      first.kill();
      report("killed", scene);

      HeadwaterProcess third = scene.capture("third");
      Thread.sleep(8_000);
      second.suspend();
      report("stopped (SIGSTOP)", scene);

      // The one that hung wakes up: it cannot write, and stands by from now on.
      second.resume();
      scene.insert();
      scene.awaitInLog();
      Thread.sleep(3_000);
      assertThat(second.isAlive()).as("a fenced capture stands by").isTrue();
      third.stop(20);
      report("told to end (SIGTERM)", scene);
    }
  }

  /** From the end of one owner to the fence of its successor, and to the first row of that one. */
  private static void report(String what, CaptureScene scene) throws Exception {
    long ended = System.nanoTime();
    String former = owner(scene);
    scene.insert();
    while (owner(scene).equals(former) && millisSince(ended) < LIMIT_MS) {
      Thread.sleep(20);
    }
    long owned = millisSince(ended);
    scene.awaitInLog();
    System.out.printf(
        "owner %s: followed after %d ms, first row after %d ms%n", what, owned, millisSince(ended));
    // Six seconds until it is missed; the rest is a machine that others use too.
    assertThat(owned).isLessThan(LIMIT_MS);
  }

  private static long millisSince(long nanos) {
    return (System.nanoTime() - nanos) / 1_000_000;
  }

  /** What the last capture that fenced the log left there; empty before the first. */
  private static String owner(CaptureScene scene) {
    String owner = "";
    for (ConsumerRecord<String, String> record : scene.contents("__headwater.positions")) {
      owner = record.key().contains("owner_of") ? record.value() : owner;
    }
    return owner;
  }
}
