package dev.headwater.sinks;

import dev.headwater.log.connection.LogConnection;
import dev.headwater.log.failure.FailureCode;
import dev.headwater.log.failure.HeadwaterException;
import dev.headwater.log.replay.LogPartition;
import dev.headwater.log.replay.LogPartitions;
import dev.headwater.log.schema.SchemaStore;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Runs one sink in one process: feeds all its generations, makes new ones when asked or when the
 * definition in {@code connectors.yaml} changed, switches, and drops old ones.
 *
 * <p>Every process of a sink runs one. None leads: each looks at the target about twice a second
 * and does the step it finds due, and steps are atomic in the target. {@link #run} blocks its
 * thread; all else may be called from any. Single-use.
 */
public final class SinkSupervisor implements Runnable, AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(SinkSupervisor.class);
  private static final long CLOSE_PATIENCE_MS = 40_000;

  /**
   * How it keeps time.
   *
   * @param look how often the target is looked at
   * @param grace how long a switch holds before the generation it replaced is dropped
   */
  public record Timing(Duration look, Duration grace) {
    /** What a running sink uses. */
    public static final Timing USUAL = new Timing(Duration.ofMillis(500), Duration.ofMinutes(1));
  }

  private final SinkConfig config;
  private final String definition;
  private final Generations generations;
  private final GenerationFeeds feeds;
  private final Rebuild rebuild;
  private final Requests requests;
  private final DeadLetters letters;
  private final Timing timing;
  private final CountDownLatch ended = new CountDownLatch(1);
  private volatile boolean running;
  private volatile boolean stopped;
  private volatile @Nullable SinkWish wish;
  private volatile GenerationSet seen = new GenerationSet(List.of(), "");
  private volatile Optional<RebuildProgress> building = Optional.empty();
  private volatile String trouble = "";
  private volatile @Nullable HeadwaterException fatal;

  public SinkSupervisor(SinkConfig config, LogConnection log, int parallelism) {
    this(config, Sinks.generations(config), log, parallelism, Timing.USUAL);
  }

  /**
   * @param parallelism how many partitions of a generation are applied at the same time
   */
  public SinkSupervisor(
      SinkConfig config,
      Generations generations,
      LogConnection log,
      int parallelism,
      Timing timing) {
    this.config = config;
    this.definition = SinkDefinition.text(config);
    this.generations = generations;
    this.letters = DeadLetters.open(log, config.name());
    this.feeds = new GenerationFeeds(config, generations, log, parallelism, letters);
    SchemaStore schemas = new SchemaStore(log);
    this.rebuild =
        new Rebuild(
            generations,
            generation -> endsNow(log, schemas, generation),
            this::parkedRows,
            InstantSource.system());
    this.requests = new Requests(config.name(), definition, generations);
    this.timing = timing;
  }

  private Map<LogPartition, Long> endsNow(
      LogConnection log, SchemaStore schemas, Generation generation) {
    SinkConfig own = SinkDefinition.apply(generation.definition(), config);
    List<LogPartition> partitions = new ArrayList<>();
    LogPartitions.of(log, schemas, SinkTables.of(own)).values().forEach(partitions::addAll);
    return LogPartitions.committedEnds(log, partitions);
  }

  private int parkedRows(int generation) {
    letters.refresh();
    return letters.count(generation);
  }

  /** Runs the sink until {@link #close()}; throws what it must not go on over. */
  @Override
  public void run() {
    running = true;
    try {
      while (!stopped) {
        stepPatiently();
        Thread.sleep(timing.look().toMillis());
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (HeadwaterException e) {
      fatal = e;
      throw e;
    } finally {
      feeds.close();
      letters.close();
      generations.close();
      ended.countDown();
    }
  }

  /** What is wanted of the sink's generations by now; null for nothing. */
  public void wish(@Nullable SinkWish newWish) {
    wish = newWish;
  }

  private void stepPatiently() {
    try {
      step();
      trouble = "";
    } catch (HeadwaterException e) {
      boolean isUnfed = seen.live().map(g -> feeds.worker(g.number()).isEmpty()).orElse(true);
      if (!e.code().isRetriable() && isUnfed) {
        throw e;
      }
      // What serves is fed on; the step is tried again, and status says what is in its way.
      tellTrouble(e);
    }
    failIfUnfed();
  }

  private void tellTrouble(HeadwaterException e) {
    String told = e.getMessage() + ". " + e.hint();
    if (!told.equals(trouble)) {
      LOG.atWarn()
          .addKeyValue("sink", config.name())
          .addKeyValue("error", e.getMessage())
          .log("a step with the sink's generations failed and is tried again");
    }
    trouble = told;
    building = building.map(b -> withDetail(b, told));
  }

  private static RebuildProgress withDetail(RebuildProgress b, String detail) {
    return new RebuildProgress(
        b.generation(), b.request(), b.phase(), detail, b.done(), b.total(), b.rows());
  }

  private void step() {
    GenerationSet set = generations.read();
    if (set.all().isEmpty()) {
      set = generations.begin("first", definition, false);
    }
    set = requests.obey(set, wish, staleLive(set));
    seen = set;
    feeds.feed(
        set.all().stream().filter(g -> g.state() != Generation.State.DROPPING).toList(),
        wish == null ? 0 : wish.rate());
    letters.refresh();
    forgetGone(set);
    build(set);
    rollBack(set);
    drop(set);
  }

  /**
   * What a generation has parked goes with it. A number above all that are seen here may be one
   * that another process has begun since.
   */
  private void forgetGone(GenerationSet set) {
    Set<Integer> here =
        set.all().stream()
            .filter(g -> g.state() != Generation.State.DROPPING)
            .map(Generation::number)
            .collect(Collectors.toSet());
    int newest = here.stream().mapToInt(Integer::intValue).max().orElse(0);
    letters.forget(
        letters.all().stream()
            .filter(l -> l.generation() < newest && !here.contains(l.generation()))
            .toList());
  }

  /** A serving generation whose checkpoints mean nothing any more is made anew by itself. */
  private boolean staleLive(GenerationSet set) {
    return set.live()
        .flatMap(g -> feeds.failure(g.number()))
        .filter(e -> e.code() == FailureCode.CHECKPOINT_STALE)
        .isPresent();
  }

  private void build(GenerationSet set) {
    Optional<Generation> made = set.building();
    if (made.isEmpty()) {
      building = Optional.empty();
      return;
    }
    Generation generation = made.get();
    Optional<HeadwaterException> failed = feeds.failure(generation.number());
    if (failed.isPresent()) {
      HeadwaterException e = failed.get();
      building =
          Optional.of(
              progress(generation, RebuildProgress.Phase.FAILED, e.getMessage() + ". " + e.hint()));
      return;
    }
    Rebuild.Step step =
        rebuild.advance(generation, generation.request(), acceptsParked(generation.request()));
    building = Optional.of(progress(generation, step.phase(), step.detail()));
    if (step.isSwitched()) {
      LOG.atInfo()
          .addKeyValue("sink", config.name())
          .addKeyValue("generation", generation.number())
          .log("generation serves");
      seen = generations.read();
    }
  }

  private boolean acceptsParked(String request) {
    SinkWish standing = wish;
    return standing != null && standing.acceptsParked() && standing.request().equals(request);
  }

  private static RebuildProgress begun(Generation generation) {
    return new RebuildProgress(
        generation.number(), generation.request(), RebuildProgress.Phase.LOADING, "", 0, 0, 0);
  }

  private RebuildProgress progress(
      Generation generation, RebuildProgress.Phase phase, String detail) {
    return new RebuildProgress(
        generation.number(),
        generation.request(),
        phase,
        detail,
        rebuild.done(),
        rebuild.total(),
        feeds.worker(generation.number()).map(w -> w.progress().applied()).orElse(0L));
  }

  private void rollBack(GenerationSet set) {
    Optional<SinkWish> due = requests.rollback(set, wish);
    if (due.isPresent() && set.previous().isPresent()) {
      Generation previous = set.previous().get();
      int parked = letters.count(previous.number());
      if (parked > 0 && !due.get().acceptsParked()) {
        requests.refuse(due.get(), Rebuild.parked(previous.number(), parked, config.name()));
        return;
      }
      Rebuild.Step step = rebuild.advance(previous, due.get().request(), due.get().acceptsParked());
      if (step.isSwitched()) {
        seen = generations.read();
      }
    }
  }

  private void drop(GenerationSet set) {
    for (Generation generation : set.all()) {
      if (generation.state() == Generation.State.DROPPING) {
        generations.drop(generation.number(), "");
      }
    }
    Optional<Generation> serving = set.serving();
    if (set.previous().isPresent() && serving.isPresent() && !serving.get().isKept()) {
      long held = System.currentTimeMillis() - serving.get().sinceMs();
      if (held > timing.grace().toMillis()) {
        generations.drop(set.previous().get().number(), "");
      }
    }
  }

  /** A failure of what serves is the sink's, unless a new generation is on its way. */
  private void failIfUnfed() {
    Optional<HeadwaterException> failure = seen.live().flatMap(g -> feeds.failure(g.number()));
    boolean isReplaced =
        seen.live().isPresent()
            && !seen.live().equals(seen.building())
            && seen.building().isPresent();
    if (failure.isPresent() && !isReplaced && !requests.willReplace(failure.get())) {
      throw failure.get();
    }
  }

  /** Where the sink is. */
  public SinkStatus status() {
    GenerationSet set = seen;
    Optional<SinkWorker> worker = set.live().flatMap(g -> feeds.worker(g.number()));
    SinkProgress feeding =
        worker
            .map(SinkWorker::progress)
            .orElse(new SinkProgress(SinkProgress.State.STARTING, "", 0, List.of()));
    HeadwaterException failure = fatal;
    if (failure != null) {
      feeding = feeding.as(SinkProgress.State.FAILED, failure.getMessage() + ". " + failure.hint());
    } else if (ended.getCount() == 0) {
      feeding = feeding.as(SinkProgress.State.STOPPED, "");
    } else if (worker.isEmpty() && !trouble.isEmpty()) {
      feeding = feeding.as(SinkProgress.State.RETRYING, trouble);
    } else if (feeding.detail().isEmpty()) {
      feeding = feeding.as(feeding.state(), requests.note(set));
    }
    return new SinkStatus(
        set.live().map(Generation::number).orElse(0),
        set.previous().map(Generation::number),
        feeding,
        set.live().map(g -> letters.count(g.number())).orElse(0),
        // One that was begun a moment ago has not been looked at yet.
        building.or(() -> set.building().map(SinkSupervisor::begun)),
        set.lastRequest(),
        requests.refused(),
        requests.refusal());
  }

  /** How far the serving generation is fed by this process. */
  public SinkProgress progress() {
    return status().feeding();
  }

  /**
   * Ends {@link #run} after the batches in hand, and waits for that, a bounded time. May be called
   * from any thread, also twice.
   */
  @Override
  public void close() {
    stopped = true;
    if (!running) {
      letters.close();
      generations.close();
      return;
    }
    try {
      if (!ended.await(CLOSE_PATIENCE_MS, TimeUnit.MILLISECONDS)) {
        LOG.atWarn().addKeyValue("sink", config.name()).log("sink did not end in time");
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
