package dev.headwater.sinks;

import dev.headwater.log.connection.LogConnection;
import dev.headwater.log.failure.FailureCode;
import dev.headwater.log.failure.HeadwaterException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The workers of one process that feed the generations of one sink, a {@link SinkWorker} for each,
 * every one on a thread and in a consumer group of its own.
 *
 * <p>Started and stopped by the supervisor's thread; read from any.
 */
final class GenerationFeeds implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(GenerationFeeds.class);
  private static final long JOIN_MS = 5_000;

  private final SinkConfig config;
  private final Generations generations;
  private final LogConnection log;
  private final int parallelism;
  private final DeadLetters letters;
  private final Map<Integer, Feed> feeds = new ConcurrentHashMap<>();

  GenerationFeeds(
      SinkConfig config,
      Generations generations,
      LogConnection log,
      int parallelism,
      DeadLetters letters) {
    this.letters = letters;
    this.config = config;
    this.generations = generations;
    this.log = log;
    this.parallelism = parallelism;
  }

  /**
   * Has each of these generations fed, and no other. One whose worker ended with a failure stays as
   * it is until {@link #forget}.
   *
   * @param rate rows per second at most for a generation that is being built; 0 for no limit
   */
  void feed(List<Generation> wanted, long rate) {
    Map<Integer, Generation> byNumber = new HashMap<>();
    wanted.forEach(g -> byNumber.put(g.number(), g));
    for (Map.Entry<Integer, Feed> present : feeds.entrySet()) {
      Generation now = byNumber.get(present.getKey());
      // Another definition under a known number: the target was emptied and began anew.
      if (now == null || !now.definition().equals(present.getValue().generation.definition())) {
        feeds.remove(present.getKey());
        present.getValue().close();
      }
    }
    for (Generation generation : wanted) {
      Feed feed = feeds.get(generation.number());
      if (feed == null) {
        feed = new Feed(generation);
        feeds.put(generation.number(), feed);
        feed.thread.start();
      }
      boolean isBuilding = generation.state() == Generation.State.BUILDING;
      boolean isInPlace = generations.kind() == Generations.Kind.IN_PLACE;
      feed.worker.limitRate(isBuilding && !isInPlace ? rate : 0);
      feed.worker.rewrites(isBuilding && isInPlace);
      feed.worker.isShadow(generation.state() != Generation.State.SERVING && !isInPlace);
    }
  }

  /** The worker of a generation, if it is fed. */
  Optional<SinkWorker> worker(int generation) {
    return Optional.ofNullable(feeds.get(generation)).map(feed -> feed.worker);
  }

  /** Why a generation is not fed any more; empty while it is. */
  Optional<HeadwaterException> failure(int generation) {
    return Optional.ofNullable(feeds.get(generation)).map(feed -> feed.failure);
  }

  /** Lets a generation whose worker failed be started again. */
  void forget(int generation) {
    Feed feed = feeds.remove(generation);
    if (feed != null) {
      feed.close();
    }
  }

  @Override
  public void close() {
    // All are told first: they end at the same time, not one after the other.
    List<Thread> closers = new ArrayList<>();
    for (Feed feed : feeds.values()) {
      Thread closer = new Thread(feed::close, "headwater/" + config.name() + "/stop");
      closer.start();
      closers.add(closer);
    }
    for (Thread closer : closers) {
      try {
        closer.join();
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        break;
      }
    }
    feeds.clear();
  }

  private final class Feed {
    private final Generation generation;
    private final SinkWorker worker;
    private final Thread thread;
    private volatile @Nullable HeadwaterException failure;

    Feed(Generation generation) {
      this.generation = generation;
      SinkConfig own = SinkDefinition.apply(generation.definition(), config);
      this.worker =
          new SinkWorker(
              generations.open(generation), log, SinkTables.of(own), parallelism, letters);
      this.thread =
          new Thread(
              this::run, "headwater/" + config.name() + "/g" + generation.number() + "/sink");
    }

    private void run() {
      try {
        worker.run();
      } catch (HeadwaterException e) {
        failure = e;
      } catch (RuntimeException e) {
        failure =
            new HeadwaterException(
                FailureCode.INTERNAL,
                "sink '" + config.name() + "' – feeding it failed: " + e,
                "This is a defect; nothing was skipped.",
                e);
      }
    }

    void close() {
      worker.close();
      try {
        thread.join(JOIN_MS);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
      if (thread.isAlive()) {
        LOG.atWarn()
            .addKeyValue("sink", config.name())
            .addKeyValue("generation", generation.number())
            .log("worker of a generation did not end in time; the next owner fences it");
      }
    }
  }
}
