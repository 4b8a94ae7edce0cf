package dev.headwater.capture;

import dev.headwater.capture.pgoutput.Relation;
import dev.headwater.log.catalog.CatalogColumn;
import dev.headwater.log.catalog.CatalogTable;
import dev.headwater.log.catalog.TableCatalog;
import dev.headwater.log.catalog.TypeCatalog;
import dev.headwater.log.schema.ColumnSchema;
import dev.headwater.log.schema.PgType;
import dev.headwater.log.schema.TableId;
import dev.headwater.log.schema.TableSchema;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Describes tables as the log keeps them: from the stream's own definition, or, before any change
 * has come, from the catalog.
 *
 * <p>On a session of its own, in autocommit, on the thread that captures.
 */
final class SchemaReader {
  private final CaptureConfig config;
  private final Map<String, CapturedTable> captured;
  private final Connection connection;
  private final TypeCatalog types;
  private final TableCatalog tables;

  SchemaReader(
      CaptureConfig config, Map<String, CapturedTable> captured, Connection connection) {
    this.config = config;
    this.captured = captured;
    this.connection = connection;
    this.types = new TypeCatalog(connection);
    this.tables = new TableCatalog(connection);
  }

  /** The table as the catalog has it now. */
  TableSchema describe(CapturedTable table) {
    return schemaOf(table, table.table().streamedColumns());
  }

  /**
   * The table as the stream describes it; empty when it is not captured.
   *
   * <p>A column that the catalog no longer has, because it was dropped since, is nullable and has no
   * default; its values are right all the same.
   */
  Optional<TableSchema> describe(Relation relation) {
    CapturedTable table = captured.get(relation.schema() + "." + relation.name());
    if (table == null) {
      return Optional.empty();
    }
    try {
      Optional<CatalogTable> today = tables.read(relation.schema(), relation.name());
      List<CatalogColumn> columns = new ArrayList<>();
      for (Relation.Column column : relation.columns()) {
        columns.add(
            today
                .flatMap(t -> t.column(column.name()))
                .filter(c -> c.typeOid() == column.typeOid() && c.typmod() == column.typeModifier())
                .orElseGet(() -> fromStream(column)));
      }
      return Optional.of(schemaOf(table, columns));
    } catch (SQLException e) {
      throw SourceConnection.refused(config, e);
    }
  }

  private CatalogColumn fromStream(Relation.Column column) {
    try {
      return new CatalogColumn(
          column.name(),
          column.typeOid(),
          column.typeModifier(),
          types.declaredType(column.typeOid(), column.typeModifier()),
          false,
          null,
          false);
    } catch (SQLException e) {
      throw SourceConnection.refused(config, e);
    }
  }

  private TableSchema schemaOf(CapturedTable table, List<CatalogColumn> columns) {
    CatalogTable in = table.table();
    List<ColumnSchema> kept = new ArrayList<>();
    try {
      for (CatalogColumn column : columns) {
        String path = in.schema() + "." + in.name() + "." + column.name();
        if (!config.excludedColumns().contains(path)) {
          PgType type = types.byOid(column.typeOid());
          kept.add(
              new ColumnSchema(
                  column.name(),
                  type,
                  column.declaredType(),
                  !column.notNull(),
                  column.defaultExpression()));
        }
      }
    } catch (SQLException e) {
      throw SourceConnection.refused(config, e);
    }
    return new TableSchema(
        new TableId(config.name(), in.schema(), in.name()), 1, kept, table.key());
  }

  Connection connection() {
    return connection;
  }
}
