package dev.headwater.capture;

import dev.headwater.capture.window.Windows;
import dev.headwater.log.append.LogAppender;
import dev.headwater.log.connection.LogConnection;
import dev.headwater.log.failure.FailureCode;
import dev.headwater.log.failure.HeadwaterException;
import dev.headwater.log.position.Lsn;
import dev.headwater.log.position.SourcePosition;
import dev.headwater.log.schema.SchemaStore;
import dev.headwater.log.schema.TableId;
import dev.headwater.log.snapshot.SnapshotStore;
import dev.headwater.log.snapshot.TableLoader;
import dev.headwater.log.snapshot.TableLoader.Loading;
import dev.headwater.log.topic.TopicGuard;
import dev.headwater.log.topic.TopicInfo;
import dev.headwater.log.topic.Topics;
import java.sql.Connection;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.function.BiConsumer;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * One session of capture, from fencing the log to the last batch. Its order is what makes capture
 * exact:
 *
 * <ol>
 *   <li>look at the source, before anything is changed anywhere;
 *   <li>fence the log: from here on no other capture of this connector can write;
 *   <li>read the position, behind that fence;
 *   <li>take the connector's lock on a session that stays open until the end ({@link SourceGuard});
 *   <li>make or change the publication, then the slot, if they are not as they must be;
 *   <li>check that the slot and the position leave no gap between them, or else begin anew with a
 *       slot of which every table is loaded again ({@link GapRecovery}); and that the topics of
 *       tables in the log are still there;
 *   <li>stream, and check the slot again before the first change is used;
 *   <li>load tables beside the stream, those that were never loaded or are to be loaded again.
 * </ol>
 *
 * <p>Single-use. {@link #run} on one thread; {@link #stop} from any.
 */
final class CaptureSession implements AutoCloseable {
  private static final Duration SLOT_WAIT = Duration.ofSeconds(20);
  private static final Duration LOCK_WAIT = Duration.ofSeconds(15);

  private final CaptureConfig config;
  private final LogConnection log;
  private final TableLoader loader;
  private final Function<CaptureConfig, ChangeSource> sources;
  private final CaptureMetrics metrics;
  private final BiConsumer<CaptureStatus.State, String> entered;
  private final List<AutoCloseable> open = Collections.synchronizedList(new ArrayList<>());
  private volatile boolean stopped;
  private volatile @Nullable ChangeSource source;
  private volatile @Nullable SlotWatch slotWatch;
  private volatile @Nullable Loading loading;
  private volatile @Nullable RuntimeException failure;

  CaptureSession(
      CaptureConfig config,
      LogConnection log,
      TableLoader loader,
      Function<CaptureConfig, ChangeSource> sources,
      CaptureMetrics metrics,
      BiConsumer<CaptureStatus.State, String> entered) {
    this.config = config;
    this.log = log;
    this.loader = loader;
    this.sources = sources;
    this.metrics = metrics;
    this.entered = entered;
  }

  void run() throws InterruptedException {
    entered.accept(CaptureStatus.State.STARTING, "");
    Connection catalog = closeLater(SourceConnection.openForReading(config));
    SourcePreflight preflight = new SourcePreflight(config, catalog);
    SourcePreflight.Result found = preflight.check();
    Map<String, CapturedTable> captured = found.tables();
    metrics.problems(found.problems());

    Topics topics = new Topics(log);
    topics.ensureInternal();
    SchemaStore schemas = new SchemaStore(log);
    boolean isFirst = metrics.endLsn().equals(Lsn.ZERO);
    if (isFirst) {
      // Later on a table that is gone was dropped or renamed, and the others go on.
      preflight.requireNamed(found, ownTables(schemas));
    }
    LogAppender appender = closeLater(LogAppender.open(log, config.name()));
    Optional<SourcePosition> stored = appender.position();

    SourceGuard guard = closeLater(new SourceGuard(config));
    awaitLock(guard);
    new Publication(config, catalog).publish(captured.values());
    SnapshotStore loaded = new SnapshotStore(log);
    boolean isSlotNew = guard.slot().isEmpty();
    SourcePosition position;
    if (stored.isEmpty()) {
      position = begin(guard, appender);
    } else {
      Optional<String> gap = gap(guard, stored.get());
      isSlotNew |= gap.isPresent();
      gap.ifPresent(metrics::gap);
      position =
          gap.isPresent()
              ? new GapRecovery(config, guard, appender).run(everLoaded(loaded), gap.get())
              : onPresentTimeline(guard, stored.get());
    }

    TopicGuard topicGuard = new TopicGuard(log, writtenBefore(captured, schemas));
    TopicWatch.requireKept(topicGuard);
    SchemaReader reader = new SchemaReader(config, captured, catalog);
    TableRegistry tables =
        new TableRegistry(
            config,
            reader::describe,
            table -> topicOf(topics, topicGuard, table),
            schemas.latest());
    if (stopped) {
      return;
    }
    SlotWatch watch = closeLater(new SlotWatch(config));
    slotWatch = watch;
    if (!config.heartbeat().isZero()) {
      closeLater(new Heartbeat(config));
    }
    String run = UUID.randomUUID().toString();
    Windows windows = new Windows(run, position.delivered());
    SourceRows rows = closeLater(new SourceRows(config, () -> stopped));
    Truncation truncation =
        new Truncation(
            log, () -> stopped, detail -> entered.accept(CaptureStatus.State.STREAMING, detail));
    BatchWriter writer =
        new BatchWriter(
            config.name(),
            position,
            appender,
            tables,
            rows,
            truncation,
            metrics,
            windows,
            () -> SessionLoads.look(config, catalog));
    SessionLoads loads =
        closeLater(
            new SessionLoads(
                config,
                captured,
                isSlotNew,
                run,
                new SessionLoads.Parts(windows, writer, appender, tables, topics, watch),
                this::end));
    closeLater(TopicWatch.start(config.name(), topicGuard, this::end));
    closeLater(
        new TableWatch(
            config,
            found,
            metrics,
            layouts -> writer.follow(layouts, loaded::completeTables),
            this::end));
    SourceConnection.requireAnswers(config, catalog);
    stream(guard, position, writer, loads);
  }

  private void stream(
      SourceGuard guard, SourcePosition position, BatchWriter writer, SessionLoads loads)
      throws InterruptedException {
    Lsn confirmed = guard.awaitInactive(SLOT_WAIT).confirmedFlush();
    metrics.committed(position.endLsn(), 0);
    boolean[] verified = new boolean[1];
    ChangeSource streaming = closeLater(sources.apply(config));
    source = streaming;
    if (stopped) {
      return;
    }
    throwIfEnded();
    entered.accept(CaptureStatus.State.STREAMING, "");
    Loading begun = closeLater(loader.begin(loads));
    writer.loads().loading(begun);
    loading = begun;
    SilenceWatch silence = closeLater(new SilenceWatch(config, this::end));
    closeLater(new PositionTimer(config.name(), writer, this::end));
    streaming.stream(
        chunks -> {
          silence.heard();
          if (!verified[0]) {
            guard.requireStill(confirmed);
            verified[0] = true;
          }
          Optional<Lsn> done = writer.receive(chunks);
          silence.idle();
          return done;
        });
    throwIfEnded();
  }

  private void throwIfEnded() {
    RuntimeException failed = failure;
    if (failed != null) {
      throw failed;
    }
  }

  /** Ends the session from another thread, with what it cannot go on over. */
  private synchronized void end(RuntimeException cause) {
    if (failure == null) {
      failure = cause;
    }
    ChangeSource streaming = source;
    if (streaming != null) {
      streaming.close();
    }
  }

  /** What the loads are at; empty when there is nothing to load. */
  String loadsDoing() {
    Loading running = loading;
    return running == null ? "" : running.doing();
  }

  private Optional<String> gap(SourceGuard guard, SourcePosition stored)
      throws InterruptedException {
    guard.requireSameDatabase(stored);
    Optional<SlotState> slot =
        guard.slot().isPresent() ? Optional.of(guard.awaitInactive(SLOT_WAIT)) : Optional.empty();
    return guard.gap(stored, slot);
  }

  /** The connector's tables that have a state of a load, as {@code connector.schema.table}. */
  private List<String> everLoaded(SnapshotStore loaded) {
    String own = config.name() + ".";
    return loaded.loads().keySet().stream().filter(table -> table.startsWith(own)).toList();
  }

  /** After a promotion the same history goes on under another timeline. */
  private static SourcePosition onPresentTimeline(SourceGuard guard, SourcePosition stored) {
    return new SourcePosition(
        guard.identity(), stored.endLsn(), stored.running(), stored.seq(), stored.delivered());
  }

  /** The very first session: where the slot begins is where the log begins. */
  private SourcePosition begin(SourceGuard guard, LogAppender appender) {
    Optional<SlotState> existing = guard.slot();
    Lsn start;
    if (existing.isPresent()) {
      // Made by an earlier try that ended before it could write this position; whatever it still
      // sends from before the load that follows is only older.
      start = existing.get().confirmedFlush();
    } else {
      start = new SlotMaker(config, guard.connection()).create();
    }
    SourcePosition position = SourcePosition.atEnd(guard.identity(), start, appender.seq());
    appender.commit(position.source(), start, null);
    return position;
  }

  private void awaitLock(SourceGuard guard) throws InterruptedException {
    long deadline = System.nanoTime() + LOCK_WAIT.toNanos();
    while (!guard.tryLock()) {
      // Behind the log's fence its holder can write nothing any more, alive or not.
      guard.endFormerOwner();
      if (stopped || System.nanoTime() > deadline) {
        throw new HeadwaterException(
            FailureCode.SOURCE_UNREACHABLE,
            "connector '" + config.name() + "' – another session still holds its lock",
            "If no other capture of this connector runs, the server has not yet noticed that one"
                + " died; capture goes on once it has.");
      }
      Thread.sleep(200);
    }
  }

  private static TopicInfo topicOf(Topics topics, TopicGuard guard, TableId table) {
    TopicInfo topic = topics.ensureTable(table, topics.partitionsFor(table));
    guard.add(table);
    return topic;
  }

  /** Tables of the connector that the log knows, as {@code schema.table}. */
  private Set<String> ownTables(SchemaStore schemas) {
    return schemas.latest().keySet().stream()
        .filter(table -> table.connector().equals(config.name()))
        .map(TableId::inSource)
        .collect(Collectors.toSet());
  }

  /** Captured tables whose rows the log has had before: their topics must be there. */
  private List<TableId> writtenBefore(Map<String, CapturedTable> captured, SchemaStore schemas) {
    return schemas.latest().keySet().stream()
        .filter(table -> table.connector().equals(config.name()))
        .filter(table -> captured.containsKey(table.inSource()))
        .toList();
  }

  /** What the server says of the slot, looked up at most once a second. */
  Optional<SlotState> slotState() {
    SlotWatch watch = slotWatch;
    return watch == null ? Optional.empty() : watch.latest();
  }

  void stop() {
    stopped = true;
    ChangeSource streaming = source;
    if (streaming != null) {
      streaming.close();
    }
  }

  private <T extends AutoCloseable> T closeLater(T resource) {
    open.add(resource);
    return resource;
  }

  @Override
  public void close() {
    stopped = true;
    List<AutoCloseable> resources = new ArrayList<>(open);
    Collections.reverse(resources);
    for (AutoCloseable resource : resources) {
      try {
        resource.close();
      } catch (Exception e) {
        org.slf4j.LoggerFactory.getLogger(CaptureSession.class)
            .atDebug()
            .setCause(e)
            .log("a part of the session did not close");
      }
    }
  }
}
