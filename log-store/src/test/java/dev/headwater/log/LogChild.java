package dev.headwater.log;

import dev.headwater.log.append.LogAppender;
import dev.headwater.log.config.Secret;
import dev.headwater.log.connection.LogConnection;
import dev.headwater.log.position.Lsn;
import dev.headwater.log.schema.TableId;
import dev.headwater.log.topic.TopicInfo;
import dev.headwater.log.topic.Topics;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/**
 * A process of its own that writes to the log, says how far it is, and waits to be killed.
 *
 * <p>Arguments: {@code embedded} or {@code brokers}, the directory or the servers, and the
 * connector; or {@code open}, the directory: only connects, says whether the broker is its own.
 */
public final class LogChild implements AutoCloseable {
  private final Process process;
  private final BufferedReader out;

  private LogChild(Process process) {
    this.process = process;
    this.out =
        new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
  }

  /** Starts one. */
  public static LogChild start(String... arguments) throws IOException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.add("-Xmx256m");
    command.add("-cp");
    command.add(System.getProperty("java.class.path"));
    command.add(LogChild.class.getName());
    command.addAll(List.of(arguments));
    return new LogChild(
        new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start());
  }

  /** What it says next; blocks. */
  public String line() {
    try {
      String line = out.readLine();
      if (line == null) {
        throw new AssertionError("the child ended");
      }
      return line;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** As {@code kill -9}. */
  public void kill() throws InterruptedException {
    process.destroyForcibly();
    if (!process.waitFor(10, TimeUnit.SECONDS)) {
      throw new AssertionError("the child does not die");
    }
  }

  /** As at the end of a run that goes well. */
  public void end() throws IOException, InterruptedException {
    process.getOutputStream().close();
    if (!process.waitFor(30, TimeUnit.SECONDS)) {
      throw new AssertionError("the child does not end");
    }
  }

  public long pid() {
    return process.pid();
  }

  @Override
  public void close() {
    process.destroyForcibly();
  }

  /** What runs in the child. */
  public static void main(String[] arguments) throws Exception {
    LogConnection log =
        LogConnection.open(
            arguments[0].equals("brokers")
                ? TestLog.at(arguments[1], Map.of("batch.size", new Secret("1")))
                : TestLog.embedded(Path.of(arguments[1])));
    say("connected " + log.bootstrapServers() + " " + log.isBrokerOurs());
    if (!arguments[0].equals("open")) {
      write(log, arguments[2]);
    }
    while (System.in.read() >= 0) {
      // Until the parent closes our standard input.
    }
    log.close();
    say("closed");
    System.exit(0);
  }

  /** Ten rows committed, then a transaction with rows on their way, and no end. */
  private static void write(LogConnection log, String connector) throws InterruptedException {
    TableId table = TestLog.table(connector);
    TopicInfo topic = new Topics(log).ensureTable(table, 1);
    LogAppender appender = LogAppender.open(log, connector);
    for (int i = 1; i <= 10; i++) {
      appender.appendRow(topic, TestLog.row(i, "kept" + i));
    }
    appender.commit(TestLog.SOURCE, new Lsn(10), null);
    for (int i = 11; i <= 20; i++) {
      appender.appendRow(topic, TestLog.row(i, "lost" + i));
    }
    // Each row is a batch of its own: those of the open transaction are on the broker by then.
    Thread.sleep(500);
    say("open " + appender.seq());
  }

  private static void say(String line) {
    System.out.println(line);
    System.out.flush();
  }
}
