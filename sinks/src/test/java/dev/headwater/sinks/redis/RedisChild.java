package dev.headwater.sinks.redis;

import static dev.headwater.sinks.TestRows.key;
import static dev.headwater.sinks.TestRows.row;

import dev.headwater.log.failure.FailureCode;
import dev.headwater.log.failure.HeadwaterException;
import dev.headwater.sinks.FirstGeneration;
import dev.headwater.sinks.PartitionWriter;
import dev.headwater.sinks.RunningSink;
import dev.headwater.sinks.Sink;
import dev.headwater.sinks.SinkConfig;
import dev.headwater.sinks.SinkConfig.Redis.Generations;
import dev.headwater.sinks.TestRows;
import java.io.IOException;
import java.time.Duration;

/**
 * A process that writes into Redis and is there to be stopped or killed. It ends when its input
 * closes, and so with its parent.
 *
 * <p>Arguments: {@code writer}, or the brokers for a whole sink; then the table, the sink's name,
 * Redis' URL, and the kind of generations. A writer applies batches until it is fenced; a sink
 * rebuilds itself, slowly, at the first byte of its input.
 */
final class RedisChild {
  /** What a writer ends with once it is fenced. */
  static final int FENCED = 7;

  /** How many rows a writer writes, again and again. */
  static final int ROWS = 100;

  /** Rows per second of a rebuild beside what serves: slow enough to be caught at it. */
  private static final long RATE = 200;

  private RedisChild() {}

  static SinkConfig.Redis config(String table, String name, String url, Generations kind) {
    return RedisTarget.config(name, url, name + ":{id}", kind, "shop.public." + table);
  }

  public static void main(String[] args) throws Exception {
    SinkConfig.Redis config = config(args[1], args[2], args[3], Generations.valueOf(args[4]));
    if (args[0].equals("writer")) {
      endWithParent();
      write(config, TestRows.withNumberKey(args[1]));
    } else {
      try (RunningSink sink = new RunningSink(config, args[0], Duration.ofSeconds(1))) {
        if (System.in.read() >= 0) {
          sink.rebuild(RATE);
          awaitEndOfInput();
        }
      }
    }
  }

  private static void write(SinkConfig.Redis config, TestRows rows) {
    try (Sink sink = new FirstGeneration(config)) {
      sink.prepare(rows.schema());
      PartitionWriter writer = sink.take(rows.partition());
      for (int qty = 0; true; qty++) {
        for (int id = 0; id < ROWS; id++) {
          rows.put(key(id), row(id, "child", qty));
        }
        writer.apply(rows.batch());
      }
    } catch (HeadwaterException e) {
      System.err.println(e.getMessage());
      Runtime.getRuntime().halt(e.code() == FailureCode.FENCED ? FENCED : 1);
    }
  }

  private static void endWithParent() {
    Thread watcher =
        new Thread(
            () -> {
              try {
                awaitEndOfInput();
              } catch (IOException e) {
                System.err.println("parent is gone: " + e);
              }
              Runtime.getRuntime().halt(3);
            },
            "parent");
    watcher.setDaemon(true);
    watcher.start();
  }

  private static void awaitEndOfInput() throws IOException {
    while (System.in.read() >= 0) {
      // Whatever is said, only the end matters.
    }
  }
}
