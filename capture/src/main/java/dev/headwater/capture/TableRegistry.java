package dev.headwater.capture;

import dev.headwater.capture.pgoutput.Relation;
import dev.headwater.log.append.LogAppender;
import dev.headwater.log.codec.ColumnMask;
import dev.headwater.log.codec.RowEncoder;
import dev.headwater.log.failure.FailureCode;
import dev.headwater.log.failure.HeadwaterException;
import dev.headwater.log.schema.ColumnSchema;
import dev.headwater.log.schema.TableId;
import dev.headwater.log.schema.TableSchema;
import dev.headwater.log.topic.TopicInfo;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The tables of a session: for each relation the stream speaks of, how its rows are written.
 *
 * <p>A relation's columns and types come from the stream, as they were when the change was written;
 * what the stream does not say (nullability, defaults, the names of types) is looked up. A
 * definition that differs from the latest in the log becomes its next version. Used by whoever has
 * its {@link BatchWriter#turn turn}.
 */
final class TableRegistry {
  private static final Logger LOG = LoggerFactory.getLogger(TableRegistry.class);

  private final CaptureConfig config;
  private final Function<Relation, Optional<TableSchema>> describe;
  private final Function<TableId, TopicInfo> topics;
  private final Map<TableId, TableSchema> latest;

  /** The latest schema of each table that is in the log, or in its running transaction. */
  private final Map<TableId, TableSchema> written;

  private final Map<Integer, Optional<TableWriter>> byRelation = new HashMap<>();

  /**
   * @param describe a relation's schema without the excluded columns, its version not yet set;
   *     empty when the relation is not captured
   * @param topics where a table's rows go; makes the topic when it is new
   * @param latest the latest schema of each table that the log has
   */
  TableRegistry(
      CaptureConfig config,
      Function<Relation, Optional<TableSchema>> describe,
      Function<TableId, TopicInfo> topics,
      Map<TableId, TableSchema> latest) {
    this.config = config;
    this.describe = describe;
    this.topics = topics;
    this.latest = new HashMap<>(latest);
    this.written = new HashMap<>(latest);
  }

  /** Takes a definition that holds for the changes that follow. */
  void define(Relation relation) {
    byRelation.put(relation.oid(), describe.apply(relation).map(schema -> open(relation, schema)));
  }

  /** How rows of the relation are written; null when it is not captured. */
  @Nullable TableWriter find(int relationOid) {
    Optional<TableWriter> table = byRelation.get(relationOid);
    if (table == null) {
      throw new HeadwaterException(
          FailureCode.SOURCE_INCONSISTENT,
          "connector '"
              + config.name()
              + "' – a change of relation "
              + relationOid
              + " came before its definition",
          "Nothing was written. Capture starts again from the log's position.");
    }
    return table.orElse(null);
  }

  /** Takes the catalog's description of a table that is about to be loaded. */
  TableSchema openForLoad(TableSchema found) {
    return version(latest.get(found.table()), found);
  }

  /** Whether rows are still written by this schema, and not by a later one. */
  boolean isLatest(TableSchema schema) {
    return isSame(schema, latest.get(schema.table()));
  }

  private static boolean isSame(TableSchema schema, @Nullable TableSchema other) {
    return other != null && schema.version() == other.version() && schema.sameShape(other);
  }

  /** The latest schema of a table; empty when there is none yet. */
  Optional<TableSchema> latest(TableId table) {
    return Optional.ofNullable(latest.get(table));
  }

  /** Writes the latest schema again, with another layout. */
  void relayout(TableSchema schema, LogAppender appender) {
    latest.put(schema.table(), schema);
    written.put(schema.table(), schema);
    appender.appendSchema(schema);
  }

  /** Refuses a change of a table's definition, where changes are not to be followed. */
  void requireFollowing(TableId table, String change) {
    if (config.onSchemaChange() == CaptureConfig.OnSchemaChange.STOP) {
      throw new HeadwaterException(
          FailureCode.CHANGE_NOT_WRITABLE,
          "connector '" + config.name() + "' – table " + table.inSource() + " changed: " + change,
          "'on_schema_change: stop' asks for this. Set it to 'follow' to go on.");
    }
  }

  /** Where a table's rows go. */
  TopicInfo topic(TableId table) {
    return topics.apply(table);
  }

  /** Puts a schema into the log's running transaction, unless the log has it. */
  void writeSchema(TableSchema schema, LogAppender appender) {
    if (!isSame(schema, written.get(schema.table()))) {
      TableSchema known = latest.get(schema.table());
      // With the layout, which is no part of what rows are written by.
      TableSchema whole = known != null && isSame(schema, known) ? known : schema;
      appender.appendSchema(whole);
      written.put(schema.table(), whole);
    }
  }

  private TableWriter open(Relation relation, TableSchema found) {
    TableSchema known = latest.get(found.table());
    TableSchema schema = version(known, found);
    return new TableWriter(
        relation,
        schema,
        topics.apply(schema.table()),
        new RowEncoder(schema, masksOf(config, schema.table())),
        columnsInTuple(relation, schema),
        isSame(schema, written.get(schema.table())));
  }

  private TableSchema version(@Nullable TableSchema known, TableSchema found) {
    TableSchema schema = known != null && known.sameShape(found) ? known : next(known, found);
    if (schema.layout() == null && found.layout() != null) {
      // Rows came by the stream before anybody looked. To be written again with those of the load.
      schema = schema.withLayout(found.layout());
      written.remove(schema.table());
    }
    latest.put(schema.table(), schema);
    return schema;
  }

  private TableSchema next(@Nullable TableSchema known, TableSchema found) {
    if (known == null) {
      return found.withVersion(1);
    }
    String table = found.table().inSource();
    if (!known.key().equals(found.key())) {
      throw new HeadwaterException(
          FailureCode.CHANGE_NOT_WRITABLE,
          "connector '"
              + config.name()
              + "' – the key of "
              + table
              + " changed from "
              + known.key()
              + " to "
              + found.key(),
          "Rows in the log are found by the old key. Name the old columns under 'keys', or load"
              + " the table again under another connector name.");
    }
    requireFollowing(found.table(), "its columns are others");
    LOG.atInfo()
        .addKeyValue("table", found.table())
        .addKeyValue("version", known.version() + 1)
        .log("table definition changed");
    // What became of the rows that were there is found out by the layout, which is still theirs.
    return found.withVersion(known.version() + 1).withLayout(known.layout());
  }

  /** The masks of one table's columns, by column name. */
  static Map<String, ColumnMask> masksOf(CaptureConfig config, TableId table) {
    return config.masksOf(table);
  }

  private static int[] columnsInTuple(Relation relation, TableSchema schema) {
    List<String> names = relation.columns().stream().map(Relation.Column::name).toList();
    return schema.columns().stream().map(ColumnSchema::name).mapToInt(names::indexOf).toArray();
  }
}
