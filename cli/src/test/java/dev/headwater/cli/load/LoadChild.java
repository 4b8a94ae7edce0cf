package dev.headwater.cli.load;

import dev.headwater.capture.CaptureConfig;
import dev.headwater.snapshot.SnapshotConfig;
import java.io.IOException;
import java.util.List;

/**
 * A process that captures and loads, there to be killed: it says when it has begun, and when every
 * table is loaded.
 *
 * <p>Arguments: database port, database, brokers.
 */
public final class LoadChild {
  /** Small chunks and some pace, so that a kill finds most of the load still to be done. */
  private static final SnapshotConfig CONFIG = new SnapshotConfig(3, 500, 1 << 20, 0, 1L << 30);

  private LoadChild() {}

  public static void main(String[] args) throws InterruptedException {
    CaptureConfig config =
        LoadBench.config("loadfuzz", Integer.parseInt(args[0]), args[1], List.of("public.t_*"));
    Thread parent =
        new Thread(
            () -> {
              try {
                while (System.in.read() >= 0) {}
              } catch (IOException e) {
                System.err.println("parent is gone: " + e);
              }
              Runtime.getRuntime().halt(3);
            });
    parent.setDaemon(true);
    parent.start();
    try (LoadBench bench = new LoadBench(config, CONFIG, args[2]).start()) {
      boolean told = false;
      while (bench.failure == null) {
        boolean idle = !bench.engine.report().tables().isEmpty() && bench.engine.report().isIdle();
        if (!told && !bench.engine.report().tables().isEmpty()) {
          System.out.println("LOADING");
          told = true;
        }
        if (idle) {
          System.out.println("LOADED");
          Thread.sleep(Long.MAX_VALUE);
        }
        Thread.sleep(5);
      }
      bench.failure.printStackTrace(System.out);
      Runtime.getRuntime().halt(7);
    }
  }
}
