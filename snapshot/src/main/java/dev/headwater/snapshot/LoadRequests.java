package dev.headwater.snapshot;

import com.zaxxer.hikari.HikariDataSource;
import dev.headwater.log.connection.LogConnection;
import dev.headwater.log.control.ControlBoard;
import dev.headwater.log.control.StatusBoard;
import dev.headwater.log.failure.HeadwaterException;
import dev.headwater.log.schema.TableId;
import dev.headwater.log.snapshot.LoadRequest;
import dev.headwater.log.snapshot.LoadSession;
import dev.headwater.log.snapshot.LoadTarget;
import dev.headwater.log.snapshot.TableLoad;
import dev.headwater.log.snapshot.TableLoadJson;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Obeys requests to load tables again, which come through {@code __headwater.control}.
 *
 * <p>A request is taken when the state of its tables says so in the log; only then is it withdrawn.
 * One that a killed process had taken is known by its id, and not taken twice. Used by one thread.
 */
final class LoadRequests implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(LoadRequests.class);
  private static final long EVERY_NANOS = 1_000_000_000L;

  private final LogConnection log;
  private final String connector;
  private final HikariDataSource pool;
  private final Map<String, LoadRequest> open = new LinkedHashMap<>();
  private @Nullable ControlBoard control;
  private long lookedAt = System.nanoTime() - EVERY_NANOS;

  LoadRequests(LogConnection log, String connector, HikariDataSource pool) {
    this.log = log;
    this.connector = connector;
    this.pool = pool;
  }

  /** Looks for requests, at most once a second, and takes them. */
  void obey(LoadSession session, LoadBoard board, SourceTables sources)
      throws SQLException, InterruptedException {
    if (System.nanoTime() - lookedAt < EVERY_NANOS) {
      return;
    }
    lookedAt = System.nanoTime();
    try {
      board().changes().forEach(this::note);
    } catch (HeadwaterException e) {
      if (!e.code().isRetriable()) {
        throw e;
      }
      // A broker that is away for a while must not end the stream over a look at wishes.
      LOG.atDebug().setCause(e).log("requests to load tables were not looked at");
      return;
    }
    for (Map.Entry<String, LoadRequest> request : List.copyOf(open.entrySet())) {
      take(request.getValue(), session, board, sources);
      board().withdraw(request.getKey());
      open.remove(request.getKey());
    }
  }

  private void note(String component, Optional<String> wish) {
    if (component.startsWith(LoadRequest.componentsOf(connector))) {
      if (wish.isPresent()) {
        open.put(component, LoadRequest.parse(wish.get()));
      } else {
        open.remove(component);
      }
    }
  }

  private void take(LoadRequest request, LoadSession session, LoadBoard board, SourceTables sources)
      throws SQLException {
    List<TableTask> wanted = new ArrayList<>();
    for (String name : request.tables()) {
      board.select(task -> task.table().toString().equals(name)).forEach(wanted::add);
    }
    // Taken already by a process that was killed before it could withdraw the request.
    wanted.removeIf(
        task ->
            board.with(
                () -> task.reload().filter(r -> r.request().equals(request.id())).isPresent()));
    if (wanted.isEmpty()) {
      return;
    }
    List<TableId> tables = wanted.stream().map(TableTask::table).toList();
    Optional<String> refusal = refusal(request, tables, session, sources);
    if (refusal.isPresent()) {
      refuse(request, refusal.get());
      return;
    }
    Map<TableId, byte[]> states = new TreeMap<>();
    TableLoad load = TableLoad.wanted(request.id(), request.where().orElse(null));
    tables.forEach(table -> states.put(table, TableLoadJson.write(load)));
    // Void first, written then: a chunk that is on its way must not write over it.
    tables.forEach(table -> board.restart(table, load.reload()));
    session.record(states);
    LOG.atInfo()
        .addKeyValue("connector", connector)
        .addKeyValue("tables", tables.size())
        .log("tables are loaded again");
  }

  private Optional<String> refusal(
      LoadRequest request, Collection<TableId> tables, LoadSession session, SourceTables sources)
      throws SQLException {
    if (request.where().isEmpty()) {
      return Optional.empty();
    }
    try (Connection connection = pool.getConnection()) {
      Map<TableId, SourceTable> found = sources.describe(connection, tables);
      Map<TableId, LoadTarget> targets = session.open(tables);
      for (TableId table : tables) {
        LoadTarget target = targets.get(table);
        SourceTable source = found.get(table);
        if (target == null || source == null) {
          return Optional.of("table " + table.inSource() + " does not exist");
        }
        if (Sweep.hasMaskedKey(target)) {
          return Optional.of(
              "the key of " + table.inSource() + " is masked: it can only be loaded as a whole");
        }
        Optional<String> wrong =
            Condition.problem(connection, request.where().get(), target.schema(), source);
        if (wrong.isPresent()) {
          return wrong;
        }
      }
      return Optional.empty();
    }
  }

  private void refuse(LoadRequest request, String why) {
    try (StatusBoard status = new StatusBoard(log)) {
      status.report(LoadRequest.componentsOf(connector) + request.id(), LoadRequest.refusal(why));
    }
    LOG.atWarn()
        .addKeyValue("connector", connector)
        .addKeyValue("error", why)
        .log("a request to load tables was refused");
  }

  private ControlBoard board() {
    ControlBoard open = control;
    if (open == null) {
      open = new ControlBoard(log);
      control = open;
    }
    return open;
  }

  @Override
  public void close() {
    ControlBoard open = control;
    if (open != null) {
      open.close();
    }
  }
}
