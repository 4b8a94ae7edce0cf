package dev.headwater.faults;

import static org.assertj.core.api.Assertions.assertThat;

import dev.headwater.faults.topology.HeadwaterProcess;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.admin.Admin;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * A table's topic is deleted under a running capture: it stops with the reason, and no start makes
 * an empty topic in the place of the lost one.
 */
class LostTopicIT {
  private static final int NOT_READY = 3;

  @TempDir private Path directory;

  @Test
  @Timeout(300)
  void captureStopsWhenATopicIsDeletedAndDoesNotMakeItAnew() throws Exception {
    try (CaptureScene scene = new CaptureScene(directory)) {
      scene.insert();
      HeadwaterProcess running = scene.capture("running");
      scene.awaitInLog();
      Map<String, Object> client = Map.of("bootstrap.servers", scene.brokers());
      try (Admin admin = Admin.create(client)) {
        admin.deleteTopics(List.of(CaptureScene.TOPIC)).all().get();
      }
      scene.insert();
      awaitRefusal(running);
      awaitRefusal(scene.capture("started-again"));
      assertThat(scene.hasTopic()).isFalse();
    }
  }

  private static void awaitRefusal(HeadwaterProcess process) throws InterruptedException {
    long end = System.nanoTime() + Duration.ofSeconds(120).toNanos();
    while (process.isAlive() && System.nanoTime() < end) {
      Thread.sleep(50);
    }
    assertThat(process.isAlive()).as(process.lastWords()).isFalse();
    assertThat(process.lastWords()).contains("topic '" + CaptureScene.TOPIC + "'", "is gone");
    assertThat(process.exitCode()).isEqualTo(NOT_READY);
  }
}
