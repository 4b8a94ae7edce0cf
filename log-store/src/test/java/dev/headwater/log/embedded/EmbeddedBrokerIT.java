package dev.headwater.log.embedded;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.headwater.log.LogChild;
import dev.headwater.log.TestLog;
import dev.headwater.log.append.LogAppender;
import dev.headwater.log.connection.LogConnection;
import dev.headwater.log.failure.FailureCode;
import dev.headwater.log.failure.HeadwaterException;
import dev.headwater.log.position.Lsn;
import dev.headwater.log.position.SourcePosition;
import dev.headwater.log.schema.TableId;
import dev.headwater.log.topic.TopicInfo;
import dev.headwater.log.topic.Topics;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.NetworkInterface;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(value = 90, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class EmbeddedBrokerIT {
  @TempDir Path directory;

  @Test
  void keepsWhatAKilledProcessHadCommittedAndItsPort() throws Exception {
    String servers;
    try (LogChild child = LogChild.start("embedded", directory.toString(), "shop")) {
      servers = child.line().split(" ")[1];
      assertThat(child.line()).isEqualTo("open 20");
      child.kill();
    }
    assertThat(EmbeddedBroker.find(directory)).isEmpty();

    try (LogConnection log = LogConnection.open(TestLog.embedded(directory))) {
      assertThat(log.isBrokerOurs()).isTrue();
      assertThat(log.bootstrapServers()).isEqualTo(servers);
      TableId table = TestLog.table("shop");
      TopicInfo topic = new Topics(log).ensureTable(table, 1);
      try (LogAppender appender = LogAppender.open(log, "shop")) {
        assertThat(appender.position())
            .contains(SourcePosition.atEnd(TestLog.SOURCE, new Lsn(10), 10));
        assertThat(TestLog.values(TestLog.readAll(log, table, topic)))
            .hasSize(10)
            .noneMatch(v -> v.startsWith("lost"));
      }
    }
  }

  @Test
  void aSecondProcessUsesTheBrokerOfTheFirst() throws Exception {
    try (LogConnection log = LogConnection.open(TestLog.embedded(directory));
        LogChild child = LogChild.start("open", directory.toString())) {
      assertThat(child.line()).isEqualTo("connected " + log.bootstrapServers() + " false");
      child.end();
      // The second has gone and the first is still there.
      assertThat(EmbeddedBroker.find(directory)).contains(log.bootstrapServers());
    }
    assertThat(EmbeddedBroker.find(directory)).isEmpty();
    assertThatThrownBy(() -> LogConnection.join(TestLog.embedded(directory)))
        .isInstanceOfSatisfying(
            HeadwaterException.class,
            e -> assertThat(e.code()).isEqualTo(FailureCode.NOTHING_RUNNING));
  }

  @Test
  void twoProcessesThatStartAtOnceShareOneBroker() throws Exception {
    try (LogChild one = LogChild.start("open", directory.toString());
        LogChild two = LogChild.start("open", directory.toString())) {
      String[] first = one.line().split(" ");
      String[] second = two.line().split(" ");
      assertThat(first[1]).isEqualTo(second[1]);
      assertThat(first[2]).isNotEqualTo(second[2]);
      // Whoever has the broker ends last.
      LogChild guest = first[2].equals("true") ? two : one;
      LogChild owner = guest == one ? two : one;
      guest.end();
      owner.end();
    }
  }

  /**
   * A process loses its file lock when it closes any descriptor of the file; a second connection in
   * the same process must not open the way for another process.
   */
  @Test
  void aSecondConnectionInTheSameProcessLeavesTheLockAlone() throws Exception {
    try (LogConnection log = LogConnection.open(TestLog.embedded(directory))) {
      try (LogConnection again = LogConnection.open(TestLog.embedded(directory))) {
        assertThat(again.isBrokerOurs()).isFalse();
      }
      assertThat(EmbeddedBroker.tryStart(directory)).isEmpty();
      // Hides the broker, so that only the lock can keep the child from starting one.
      Path address = directory.resolve("address");
      byte[] content = Files.readAllBytes(address);
      Files.delete(address);
      try (LogChild child = LogChild.start("open", directory.toString())) {
        Thread.sleep(4_000);
        Files.write(address, content);
        assertThat(child.line()).isEqualTo("connected " + log.bootstrapServers() + " false");
        child.end();
      }
    }
  }

  @Test
  void takesAnotherPortWhenItsOwnIsTakenAndDoesNotMistakeTheTaker() throws Exception {
    String before;
    try (LogConnection log = LogConnection.open(TestLog.embedded(directory))) {
      before = log.bootstrapServers();
    }
    int port = Integer.parseInt(before.substring(before.indexOf(':') + 1));
    try (ServerSocket taker = new ServerSocket(port, 1, InetAddress.getLoopbackAddress())) {
      new BrokerAddress(before, ProcessHandle.current().pid(), "another").write(directory);

      assertThat(EmbeddedBroker.find(directory)).isEmpty();
      try (LogConnection log = LogConnection.open(TestLog.embedded(directory))) {
        assertThat(log.isBrokerOurs()).isTrue();
        assertThat(log.bootstrapServers()).isNotEqualTo(before);
      }
    }
  }

  @Test
  void listensOnLoopbackOnly() throws Exception {
    Optional<InetAddress> outside =
        Collections.list(NetworkInterface.getNetworkInterfaces()).stream()
            .flatMap(NetworkInterface::inetAddresses)
            .filter(a -> !a.isLoopbackAddress() && a instanceof java.net.Inet4Address)
            .findFirst();
    org.junit.jupiter.api.Assumptions.assumeTrue(outside.isPresent());
    try (LogConnection log = LogConnection.open(TestLog.embedded(directory))) {
      for (String line : Files.readAllLines(directory.resolve("ports"))) {
        assertThatThrownBy(() -> connect(outside.get(), Integer.parseInt(line)))
            .isInstanceOf(IOException.class);
      }
    }
  }

  @Test
  void saysWhatIsWrongWithADirectoryThatCannotBeUsed() throws Exception {
    Path file = Files.createFile(directory.resolve("file"));

    assertThatThrownBy(() -> EmbeddedBroker.start(file.resolve("log")))
        .isInstanceOfSatisfying(
            HeadwaterException.class,
            e -> assertThat(e.code()).isEqualTo(FailureCode.LOG_UNREACHABLE))
        .hasMessageContaining("did not start");
  }

  private static void connect(InetAddress address, int port) throws IOException {
    try (Socket socket = new Socket()) {
      socket.connect(new InetSocketAddress(address, port), 1_000);
    }
  }
}
