package dev.headwater.sinks.postgres;

import dev.headwater.log.failure.FailureCode;
import dev.headwater.log.failure.HeadwaterException;
import dev.headwater.log.schema.ColumnSchema;
import dev.headwater.log.schema.PgType;
import dev.headwater.log.schema.TableId;
import dev.headwater.log.schema.TableSchema;
import dev.headwater.sinks.postgres.StateTables.Generation;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Makes a generation's tables from schemas of the log, and lets them follow later versions.
 *
 * <p>A table has the source's columns in the source's order, NOT NULL and a primary key for the key
 * columns, and nothing else: no defaults, foreign keys, checks or generated columns, which could
 * only refuse or change what the source has already accepted. A column that comes later is added,
 * nullable; any other change needs a rebuild, and says so. Everything happens in the caller's
 * transaction, which holds the sink's lock exclusively.
 */
final class ReplicaTables {
  private static final Logger LOG = LoggerFactory.getLogger(ReplicaTables.class);

  /** Readers queue up behind a waiting ALTER TABLE: better to fail and be tried again. */
  private static final String BRIEF_LOCKS = "SET LOCAL lock_timeout = '500ms'";

  private final Connection connection;
  private final ReplicaNames names;
  private final StateTables state;
  private final ReplicaTypes types;

  ReplicaTables(Connection connection, ReplicaNames names, StateTables state, EnumLabels labels) {
    this.connection = connection;
    this.names = names;
    this.state = state;
    this.types = new ReplicaTypes(connection, names, labels);
  }

  /** The table of a schema in a generation, made or changed if need be. */
  ReplicaTable prepare(Generation generation, TableSchema schema) throws SQLException {
    // Without a search path format_type puts a schema before every type that is not PostgreSQL's.
    execute("SET LOCAL search_path = ''");
    if (!StateTables.hasSchema(connection, generation.schemaName())) {
      execute("CREATE SCHEMA " + SqlNames.quote(generation.schemaName()));
    }
    Optional<TableSchema> definition =
        state.definition(connection, generation.number(), schema.table());
    TableSchema newest =
        definition.filter(known -> known.version() > schema.version()).orElse(schema);
    Map<String, String> physical = columnsOf(generation, tableName(schema.table()));
    if (definition.isEmpty()) {
      requireFreeName(generation, schema.table(), !physical.isEmpty());
      create(generation, newest);
    } else if (physical.isEmpty()) {
      LOG.atWarn()
          .addKeyValue("sink", names.sink())
          .addKeyValue("table", schema.table())
          .log("table of the replica is gone, made again and filled from the log's beginning");
      create(generation, newest);
      state.resetCheckpoints(connection, generation.number(), schema.table());
    } else {
      follow(generation, definition.get(), newest);
    }
    for (ColumnSchema column : newest.columns()) {
      types.followLabels(column.type());
    }
    if (!definition.equals(Optional.of(newest))) {
      state.storeDefinition(connection, generation.number(), tableName(newest.table()), newest);
    }
    return asItStands(generation, newest);
  }

  /** A generation's table as it stands; empty where there is none. Changes nothing. */
  Optional<ReplicaTable> find(Generation generation, TableId table) throws SQLException {
    execute("SET LOCAL search_path = ''");
    Optional<TableSchema> definition = state.definition(connection, generation.number(), table);
    if (definition.isEmpty() || columnsOf(generation, tableName(table)).isEmpty()) {
      return Optional.empty();
    }
    return Optional.of(asItStands(generation, definition.get()));
  }

  private static String tableName(TableId table) {
    return SqlNames.fitted(table.name());
  }

  private void requireFreeName(Generation generation, TableId table, boolean exists)
      throws SQLException {
    String name = tableName(table);
    Optional<TableId> other = state.ownerOf(connection, generation.number(), name);
    if (other.isPresent()) {
      throw notReady(
          "tables '%s' and '%s' would both be %s"
              .formatted(other.get(), table, qualified(generation, name)),
          "Give one of them a sink of its own with another schema.");
    }
    if (exists) {
      throw notReady(
          "%s is there already, and this sink did not make it"
              .formatted(qualified(generation, name)),
          "If it is the source itself, choose another schema; if it is a left-over, drop or rename"
              + " it.");
    }
  }

  private void create(Generation generation, TableSchema schema) throws SQLException {
    List<String> parts = new ArrayList<>();
    for (ColumnSchema column : inOrderOfServing(generation, schema)) {
      String notNull = schema.key().contains(column.name()) ? " NOT NULL" : "";
      parts.add(
          SqlNames.quote(column.name()) + ' ' + types.forColumn(schema.table(), column) + notNull);
    }
    parts.add("PRIMARY KEY (" + SqlNames.list(schema.key()) + ")");
    execute(
        "CREATE TABLE %s (%s)"
            .formatted(qualified(generation, tableName(schema.table())), String.join(", ", parts)));
    LOG.atInfo()
        .addKeyValue("sink", names.sink())
        .addKeyValue("table", schema.table())
        .addKeyValue("generation", generation.number())
        .log("table of the replica made");
  }

  /**
   * Columns that readers know keep the order they have there, new ones follow: a prepared {@code
   * SELECT *} then outlives the switch.
   */
  private List<ColumnSchema> inOrderOfServing(Generation generation, TableSchema schema)
      throws SQLException {
    Optional<Generation> serving = state.serving(connection).filter(g -> !g.equals(generation));
    List<ColumnSchema> columns = new ArrayList<>();
    if (serving.isPresent()) {
      for (String name : columnsOf(serving.get(), tableName(schema.table())).keySet()) {
        if (schema.indexOf(name) >= 0) {
          columns.add(schema.columns().get(schema.indexOf(name)));
        }
      }
    }
    schema.columns().stream().filter(c -> !columns.contains(c)).forEach(columns::add);
    return columns;
  }

  private void follow(Generation generation, TableSchema from, TableSchema to) throws SQLException {
    requireFollowable(from, to);
    List<String> added = new ArrayList<>();
    for (ColumnSchema column : to.columns()) {
      if (from.indexOf(column.name()) < 0) {
        added.add(
            "ADD COLUMN "
                + SqlNames.quote(column.name())
                + ' '
                + types.forColumn(to.table(), column));
      }
    }
    if (!added.isEmpty()) {
      execute(BRIEF_LOCKS);
      execute(
          "ALTER TABLE %s %s"
              .formatted(qualified(generation, tableName(to.table())), String.join(", ", added)));
      LOG.atInfo()
          .addKeyValue("sink", names.sink())
          .addKeyValue("table", to.table())
          .addKeyValue("columns", added.size())
          .log("columns added to the replica");
    }
  }

  private void requireFollowable(TableSchema from, TableSchema to) {
    String change = null;
    if (!from.key().equals(to.key())) {
      change = "its key changed from %s to %s".formatted(from.key(), to.key());
    }
    for (ColumnSchema column : from.columns()) {
      int index = to.indexOf(column.name());
      if (index < 0) {
        change = "column '%s' is gone".formatted(column.name());
      } else {
        ColumnSchema now = to.columns().get(index);
        if (!now.declaredType().equals(column.declaredType())
            || !isSameType(now.type(), column.type())) {
          change =
              "column '%s' changed from %s to %s"
                  .formatted(column.name(), column.declaredType(), now.declaredType());
        }
      }
    }
    if (change != null) {
      throw notReady(
          "table '%s': %s, which needs a rebuild".formatted(to.table(), change),
          "Run `headwater rebuild %s`.".formatted(names.sink()));
    }
  }

  /** Whether two types are the same but for the labels of enums, which are followed in place. */
  private static boolean isSameType(PgType a, PgType b) {
    return withoutLabels(a).equals(withoutLabels(b));
  }

  private static PgType withoutLabels(PgType type) {
    PgType element = type.element();
    return new PgType(
        type.name(),
        type.kind(),
        element == null ? null : withoutLabels(element),
        type.fields().stream()
            .map(field -> new PgType.Field(field.name(), withoutLabels(field.type())))
            .toList(),
        List.of(),
        type.delimiter());
  }

  private ReplicaTable asItStands(Generation generation, TableSchema definition)
      throws SQLException {
    String name = tableName(definition.table());
    Map<String, String> physical = columnsOf(generation, name);
    Set<String> written =
        Set.copyOf(definition.columns().stream().map(ColumnSchema::name).toList());
    List<ReplicaTable.Column> columns = new ArrayList<>();
    physical.forEach(
        (column, type) -> {
          if (written.contains(column)) {
            columns.add(new ReplicaTable.Column(column, type));
          }
        });
    if (columns.size() < written.size()) {
      throw notReady(
          "columns of %s were dropped or renamed by hand".formatted(qualified(generation, name)),
          "Drop the table and restart the sink: it is made again and filled from the log.");
    }
    return new ReplicaTable(name, columns, definition.key());
  }

  /** Names and types of a table's columns in order; empty if there is no such table. */
  private Map<String, String> columnsOf(Generation generation, String table) throws SQLException {
    String sql =
        """
        SELECT a.attname, pg_catalog.format_type(a.atttypid, a.atttypmod)
          FROM pg_catalog.pg_class c
          JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
          JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid
         WHERE n.nspname = ? AND c.relname = ? AND a.attnum > 0 AND NOT a.attisdropped
         ORDER BY a.attnum
        """;
    Map<String, String> columns = new LinkedHashMap<>();
    try (PreparedStatement query = connection.prepareStatement(sql)) {
      query.setString(1, generation.schemaName());
      query.setString(2, table);
      try (ResultSet row = query.executeQuery()) {
        while (row.next()) {
          columns.put(row.getString(1), row.getString(2));
        }
      }
    }
    return columns;
  }

  private static String qualified(Generation generation, String table) {
    return SqlNames.qualified(generation.schemaName(), table);
  }

  private HeadwaterException notReady(String finding, String hint) {
    return new HeadwaterException(
        FailureCode.TARGET_NOT_READY, "Sink '%s' – %s".formatted(names.sink(), finding), hint);
  }

  private void execute(String sql) throws SQLException {
    try (Statement statement = connection.createStatement()) {
      statement.execute(sql);
    }
  }
}
