package dev.headwater.faults;

import static org.assertj.core.api.Assertions.assertThat;

import dev.headwater.devservices.TcpProxy;
import dev.headwater.faults.topology.HeadwaterProcess;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * A gateway forgets capture's connections to the source: neither side is told, and capture finds
 * out by itself.
 */
class ForgottenLinkIT {
  @TempDir private Path directory;

  @Test
  @Timeout(420)
  void b7_captureNoticesThatItsStreamIsDeadAndOpensAnother() throws Exception {
    try (CaptureScene scene = new CaptureScene(directory)) {
      scene.insert();
      HeadwaterProcess running = scene.capture("running");
      scene.awaitInLog();
      scene.sourceLink().set(TcpProxy.Mode.HALF_OPEN, 0);
      scene.sourceLink().set(TcpProxy.Mode.PASS, 0);
      scene.insert();
      scene.awaitInLog();
      assertThat(running.isAlive()).isTrue();
    }
  }
}
