package dev.headwater.devservices;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import org.junit.jupiter.api.Test;

class RedisServerIT {
  @Test
  void answersPing() throws IOException {
    try (RedisServer server = RedisServer.start()) {
      assertThat(ask(server, "PING")).isEqualTo("+PONG");
      assertThat(server.url()).isEqualTo("redis://127.0.0.1:" + server.port());
    }
  }

  @Test
  void keepsWhatItAcknowledgedOverAKillAndARestart() throws IOException {
    try (RedisServer server = RedisServer.start()) {
      assertThat(ask(server, "SET kept 42")).isEqualTo("+OK");
      long pid = server.pid();

      server.kill();
      Processes.assertGone(pid, server.port());
      server.restart();

      assertThat(ask(server, "INCR kept")).isEqualTo(":43");
    }
  }

  @Test
  void losesItsDataOverARestartWhenTheCallerWantsItSo() throws IOException {
    ServerOptions options =
        ServerOptions.defaults()
            .withSettings(Map.of("appendonly", "no", "client-output-buffer-limit", "normal 0 0 0"));
    try (RedisServer server = RedisServer.start(options)) {
      ask(server, "SET kept 42");

      server.stop();
      server.restart();

      assertThat(ask(server, "INCR kept")).isEqualTo(":1");
    }
  }

  @Test
  void doesNotTakeAnotherRedisOnItsPortForItself() {
    try (RedisServer server = RedisServer.start()) {
      ServerOptions same = ServerOptions.defaults().withPort(server.port());

      assertThatThrownBy(() -> RedisServer.start(same))
          .isInstanceOf(DevServerException.class)
          .hasMessageContaining("Address already in use");
    }
  }

  @Test
  void restartFailsWhileTheOwnPortIsTakenAndWorksWhenItIsFreeAgain() throws IOException {
    try (RedisServer server = RedisServer.start()) {
      ask(server, "SET kept 42");
      server.kill();
      ServerOptions same = ServerOptions.defaults().withPort(server.port());
      try (RedisServer intruder = RedisServer.start(same)) {
        assertThat(intruder.isAlive()).isTrue();
        assertThatThrownBy(server::restart).isInstanceOf(DevServerException.class);
      }

      server.restart();

      assertThat(ask(server, "GET kept")).isEqualTo("$2");
    }
  }

  @Test
  void isGoneAfterClose() {
    RedisServer server = RedisServer.start();
    long pid = server.pid();

    server.close();

    Processes.assertGone(pid, server.port());
    assertThat(server.dataDir()).doesNotExist();
  }

  private static String ask(RedisServer server, String command) throws IOException {
    try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), server.port());
        BufferedReader answer =
            new BufferedReader(
                new InputStreamReader(socket.getInputStream(), StandardCharsets.US_ASCII))) {
      socket.setSoTimeout(5_000);
      socket.getOutputStream().write((command + "\r\n").getBytes(StandardCharsets.US_ASCII));
      return String.valueOf(answer.readLine());
    }
  }
}
