package dev.headwater.capture;

import dev.headwater.capture.window.Windows;
import dev.headwater.log.append.LogAppender;
import dev.headwater.log.catalog.CatalogTable;
import dev.headwater.log.catalog.TableCatalog;
import dev.headwater.log.schema.TableId;
import dev.headwater.log.schema.TableSchema;
import dev.headwater.log.snapshot.LoadSession;
import dev.headwater.log.snapshot.LoadTarget;
import dev.headwater.log.snapshot.Visibility;
import dev.headwater.log.snapshot.WindowRead;
import dev.headwater.log.topic.TopicNames;
import dev.headwater.log.topic.Topics;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.TreeMap;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;

/**
 * What one session offers to whoever loads its tables.
 *
 * <p>The stream's thread and the loads take turns ({@link BatchWriter#turn}) at the registry of
 * tables and at the log's appender; the stream holds its turn for a batch, a load for a moment.
 * What asks the catalog or makes topics does so before its turn, on a session of its own.
 */
final class SessionLoads implements LoadSession, AutoCloseable {
  /** From so many tables on, reading the whole catalog once is cheaper than table by table. */
  private static final int MANY_TABLES = 8;

  private final CaptureConfig config;
  private final Map<String, CapturedTable> captured;
  private final boolean isSlotNew;
  private final String run;
  private final Parts parts;
  private final Consumer<RuntimeException> onFailure;
  private final Connection connection;
  private final SchemaReader reader;

  /**
   * The parts of the session that loads use.
   *
   * @param slot looks at the slot
   */
  record Parts(
      Windows windows,
      BatchWriter writer,
      LogAppender appender,
      TableRegistry tables,
      Topics topics,
      SlotWatch slot) {}

  SessionLoads(
      CaptureConfig config,
      Map<String, CapturedTable> captured,
      boolean isSlotNew,
      String run,
      Parts parts,
      Consumer<RuntimeException> onFailure) {
    this.config = config;
    this.captured = captured;
    this.isSlotNew = isSlotNew;
    this.run = run;
    this.parts = parts;
    this.onFailure = onFailure;
    this.connection = SourceConnection.openForReading(config);
    this.reader = new SchemaReader(config, captured, connection);
  }

  @Override
  public String connector() {
    return config.name();
  }

  @Override
  public String run() {
    return run;
  }

  @Override
  public List<TableId> tables() {
    return captured.values().stream()
        .map(t -> new TableId(config.name(), t.table().schema(), t.table().name()))
        .toList();
  }

  @Override
  public boolean isSlotNew() {
    return isSlotNew;
  }

  @Override
  public synchronized Map<TableId, LoadTarget> open(Collection<TableId> wanted) {
    List<CapturedTable> found = new ArrayList<>();
    for (CatalogTable table : catalog(wanted)) {
      CapturedTable known = captured.get(table.schema() + "." + table.name());
      if (known != null) {
        found.add(new CapturedTable(table, known.key()));
      }
    }
    List<TableSchema> described = reader.describe(found);
    List<TableId> tables = described.stream().map(TableSchema::table).toList();
    parts.topics().ensureTables(tables);
    parts.appender().lookUp(tables.stream().map(TopicNames::forTable).toList());
    ReentrantLock turn = parts.writer().turn();
    turn.lock();
    try {
      Map<TableId, LoadTarget> targets = new TreeMap<>();
      for (TableSchema asDescribed : described) {
        TableSchema schema = parts.tables().openForLoad(asDescribed);
        targets.put(
            schema.table(), new LoadTarget(schema, TableRegistry.masksOf(config, schema.table())));
      }
      return targets;
    } finally {
      turn.unlock();
    }
  }

  private List<CatalogTable> catalog(Collection<TableId> wanted) {
    TableCatalog catalog = new TableCatalog(connection);
    List<CatalogTable> found = new ArrayList<>();
    try {
      if (wanted.size() > MANY_TABLES) {
        for (CatalogTable table : catalog.list()) {
          if (wanted.contains(new TableId(config.name(), table.schema(), table.name()))) {
            found.add(table);
          }
        }
      } else {
        for (TableId table : wanted) {
          catalog.read(table.schema(), table.name()).ifPresent(found::add);
        }
      }
      return found;
    } catch (SQLException e) {
      throw SourceConnection.refused(config, e);
    }
  }

  @Override
  public long openWindow(Collection<TableId> tables) {
    return parts.windows().open(tables);
  }

  @Override
  public void hand(WindowRead read) {
    parts.windows().hand(read);
  }

  @Override
  public void abandon(long window) {
    parts.windows().abandon(window);
  }

  @Override
  public void record(Map<TableId, byte[]> states) {
    parts
        .writer()
        .record(
            () ->
                states.forEach(
                    (table, state) ->
                        parts.appender().appendSnapshotState(table.toString(), state)));
  }

  @Override
  public long seq() {
    ReentrantLock turn = parts.writer().turn();
    turn.lock();
    try {
      return parts.appender().seq();
    } finally {
      turn.unlock();
    }
  }

  @Override
  public OptionalLong lagBytes() {
    Optional<SlotState> slot = parts.slot().latest();
    return slot.isPresent()
        ? OptionalLong.of(
            Math.max(0, slot.get().currentWal().bytesSince(parts.writer().committedEndLsn())))
        : OptionalLong.empty();
  }

  @Override
  public boolean mayLoad() {
    return parts
        .slot()
        .latest()
        .map(slot -> WalBudget.allowsLoads(config.slot(), slot))
        .orElse(true);
  }

  @Override
  public void fail(RuntimeException failure) {
    onFailure.accept(failure);
  }

  /** Asks the source what is visible now, on a session of the stream's thread. */
  static Visibility look(CaptureConfig config, Connection connection) {
    try (Statement statement = connection.createStatement();
        ResultSet rs = statement.executeQuery("SELECT txid_current_snapshot()::text")) {
      rs.next();
      return Visibility.parse(rs.getString(1));
    } catch (SQLException e) {
      throw SourceConnection.refused(config, e);
    }
  }

  @Override
  public void close() {
    SourceConnection.closeQuietly(connection, "loads");
  }
}
