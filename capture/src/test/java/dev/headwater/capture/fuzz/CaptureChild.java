package dev.headwater.capture.fuzz;

import dev.headwater.capture.CaptureConfig;
import dev.headwater.capture.CaptureWorker;
import dev.headwater.capture.NoLoads;
import dev.headwater.capture.debezium.DebeziumChangeSource;
import dev.headwater.devservices.PostgresServer;
import dev.headwater.log.config.LogConfig;
import dev.headwater.log.config.Secret;
import dev.headwater.log.connection.LogConnection;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;

/**
 * A capture process that is there to be killed: it says when it streams, and halts by itself at a
 * random place when asked to.
 *
 * <p>Arguments: database port, database, brokers, seed, batches until it halts (0: never).
 */
public final class CaptureChild {
  private CaptureChild() {}

  public static void main(String[] args) {
    CaptureConfig config = config(Integer.parseInt(args[0]), args[1]);
    LogConfig logConfig =
        new LogConfig(
            Optional.of(args[2]),
            Path.of("unused"),
            Optional.of(1),
            Optional.of(1),
            Map.of("*", 3),
            LogConfig.DEFAULT_DELETE_RETENTION,
            Map.of());
    Random random = new Random(Long.parseLong(args[3]));
    int haltAfter = Integer.parseInt(args[4]);
    try (LogConnection log = LogConnection.open(logConfig);
        CaptureWorker worker =
            new CaptureWorker(
                config,
                log,
                NoLoads::begin,
                c -> new HaltingSource(new DebeziumChangeSource(c), random, haltAfter))) {
      // The parent dies by closing our input as well as by killing us.
      Thread parent =
          new Thread(
              () -> {
                try {
                  while (System.in.read() >= 0) {}
                } catch (java.io.IOException e) {
                  System.err.println("parent is gone: " + e);
                }
                Runtime.getRuntime().halt(3);
              });
      parent.setDaemon(true);
      parent.start();
      worker.run();
    } catch (RuntimeException e) {
      System.out.println("FATAL " + e);
      e.printStackTrace(System.out);
      Runtime.getRuntime().halt(7);
    }
  }

  static CaptureConfig config(int port, String database) {
    return new CaptureConfig(
        "fuzz",
        "127.0.0.1",
        port,
        database,
        PostgresServer.USER,
        Optional.of(new Secret(PostgresServer.PASSWORD)),
        Map.of(),
        List.of("public.t_*"),
        Map.of(),
        List.of(),
        Map.of(),
        new CaptureConfig.SlotConfig(
            "headwater_fuzz", Optional.empty(), CaptureConfig.OverBudget.WARN),
        CaptureConfig.OnSchemaChange.FOLLOW,
        Duration.ofMillis(500),
        Map.of());
  }
}
