package dev.headwater.cli.command;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.headwater.cli.Console;
import dev.headwater.devservices.KafkaServer;
import dev.headwater.devservices.ServerOptions;
import dev.headwater.log.config.LogConfig;
import dev.headwater.log.connection.LogConnection;
import dev.headwater.log.failure.FailureCode;
import dev.headwater.log.failure.HeadwaterException;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.net.BindException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Services start before their brokers do. */
@Timeout(value = 3, unit = TimeUnit.MINUTES)
class LogWaitIT {
  private final ByteArrayOutputStream said = new ByteArrayOutputStream();
  private final Console console =
      new Console(
          System.out, new PrintStream(said, true, StandardCharsets.UTF_8), false, false, false);

  @Test
  void aServiceWaitsForItsBrokersAndSaysSoWhereOtherCommandsFail() throws Exception {
    int port = freePort();
    LogConfig config = config("127.0.0.1:" + port);
    CompletableFuture<LogConnection> opening = CompletableFuture.supplyAsync(() -> open(config));
    while (said.size() == 0) {
      assertThat(opening).isNotDone();
      Thread.sleep(50);
    }
    assertThat(said.toString(StandardCharsets.UTF_8))
        .startsWith("waiting for the log, ")
        .contains("127.0.0.1:" + port, "no broker answered")
        .containsOnlyOnce("\n");
    assertThatThrownBy(() -> LogConnection.join(config))
        .isInstanceOfSatisfying(
            HeadwaterException.class, e -> assertThat(e.code().exitCode()).isEqualTo(3));
    assertThat(opening).isNotDone();

    try (KafkaServer broker = KafkaServer.start(ServerOptions.defaults().withPort(port));
        LogConnection log = opening.get(1, TimeUnit.MINUTES)) {
      assertThat(log.bootstrapServers()).isEqualTo(broker.bootstrapServers());
      assertThat(said.toString(StandardCharsets.UTF_8)).contains(" answers\n");
    }
  }

  @Test
  void whatWaitingDoesNotMendEndsTheCommand() {
    assertThatThrownBy(() -> LogWait.open(config("nonsense"), console))
        .isInstanceOfSatisfying(
            HeadwaterException.class,
            e -> assertThat(e.code()).isEqualTo(FailureCode.CONFIGURATION_INVALID));
  }

  private LogConnection open(LogConfig config) {
    try {
      return LogWait.open(config, console);
    } catch (InterruptedException e) {
      throw new CompletionException(e);
    }
  }

  private static LogConfig config(String brokers) {
    return new LogConfig(
        Optional.of(brokers),
        Path.of("unused"),
        Optional.empty(),
        Optional.empty(),
        Map.of(),
        LogConfig.DEFAULT_DELETE_RETENTION,
        Map.of());
  }

  /** Below the range for outgoing connections, of which one might connect to itself. */
  private static int freePort() throws IOException {
    while (true) {
      int port = ThreadLocalRandom.current().nextInt(10_000, 15_000);
      try (ServerSocket socket = new ServerSocket(port, 1, InetAddress.getLoopbackAddress())) {
        return socket.getLocalPort();
      } catch (BindException taken) {
        // The next one.
      }
    }
  }
}
