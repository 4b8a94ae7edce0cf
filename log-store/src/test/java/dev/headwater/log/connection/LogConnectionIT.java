package dev.headwater.log.connection;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.headwater.log.TestLog;
import dev.headwater.log.config.Secret;
import dev.headwater.log.failure.FailureCode;
import dev.headwater.log.failure.HeadwaterException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.Test;

class LogConnectionIT {
  private static final Duration LIMIT = Duration.ofSeconds(15);

  @Test
  void saysInTimeThatNobodyListens() throws Exception {
    int port;
    try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      port = taken.getLocalPort();
    }
    assertFails("127.0.0.1:" + port, Map.of(), FailureCode.LOG_UNREACHABLE);
  }

  @Test
  void saysInTimeThatSomethingListensAndDoesNotAnswer() throws Exception {
    try (ServerSocket deaf = new ServerSocket(0, 50, InetAddress.getLoopbackAddress())) {
      assertFails("127.0.0.1:" + deaf.getLocalPort(), Map.of(), FailureCode.LOG_UNREACHABLE);
    }
  }

  @Test
  void saysThatAHostIsNotKnown() {
    assertFails("broker.invalid:9092", Map.of(), FailureCode.LOG_UNREACHABLE);
  }

  @Test
  void saysWhichSettingIsWrongAndKeepsItsSecrets() {
    assertFails("no-port", Map.of(), FailureCode.CONFIGURATION_INVALID);
    assertFails(
        "127.0.0.1:9",
        Map.of("security.protocol", new Secret("SASL_PLAIN")),
        FailureCode.CONFIGURATION_INVALID);
    assertThatThrownBy(
            () ->
                LogConnection.open(
                    TestLog.at(
                        "127.0.0.1:9",
                        Map.of(
                            "security.protocol", new Secret("SASL_PLAINTEXT"),
                            "sasl.mechanism", new Secret("PLAIN"),
                            "sasl.jaas.config", new Secret("nonsense password=canary1234")))))
        .isInstanceOf(HeadwaterException.class)
        .satisfies(e -> assertThat(e.getMessage()).doesNotContain("canary1234"));
  }

  private static void assertFails(
      String servers, Map<String, Secret> properties, FailureCode code) {
    long began = System.nanoTime();

    assertThatThrownBy(() -> LogConnection.open(TestLog.at(servers, properties)))
        .isInstanceOfSatisfying(
            HeadwaterException.class,
            e -> {
              assertThat(e.code()).isEqualTo(code);
              assertThat(e.hint()).contains("bootstrap_servers");
            });
    assertThat(Duration.ofNanos(System.nanoTime() - began)).isLessThan(LIMIT);
  }
}
