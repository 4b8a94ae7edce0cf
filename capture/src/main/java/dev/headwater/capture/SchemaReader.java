package dev.headwater.capture;

import dev.headwater.capture.pgoutput.Relation;
import dev.headwater.log.catalog.CatalogColumn;
import dev.headwater.log.catalog.CatalogTable;
import dev.headwater.log.catalog.TableCatalog;
import dev.headwater.log.catalog.TableLayout;
import dev.headwater.log.catalog.TypeCatalog;
import dev.headwater.log.failure.FailureCode;
import dev.headwater.log.failure.HeadwaterException;
import dev.headwater.log.schema.TableSchema;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
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

  SchemaReader(CaptureConfig config, Map<String, CapturedTable> captured, Connection connection) {
    this.config = config;
    this.captured = captured;
    this.connection = connection;
    this.tables = new TableCatalog(connection);
    try {
      this.types = new TypeCatalog(connection);
    } catch (SQLException e) {
      throw SourceConnection.refused(config, e);
    }
  }

  /** The tables as the catalog has them now. */
  List<TableSchema> describe(List<CapturedTable> wanted) {
    try {
      // Before any row is read: what changes it later is found.
      Map<Integer, String> layouts =
          TableLayout.read(connection, wanted.stream().map(t -> t.table().oid()).toList());
      List<TableSchema> found = new ArrayList<>();
      for (CapturedTable table : wanted) {
        String layout = layouts.get(table.table().oid());
        found.add(schemaOf(table, table.table().columns()).withLayout(layout));
      }
      return found;
    } catch (SQLException e) {
      throw SourceConnection.refused(config, e);
    }
  }

  /**
   * The table as the stream describes it; empty when it is not captured.
   *
   * <p>A column that the catalog no longer has, because it was dropped since, is nullable and has
   * no default; its values are right all the same.
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
                .flatMap(t -> columnOf(t, column.name()))
                .filter(c -> c.typeOid() == column.typeOid() && c.typmod() == column.typeModifier())
                .orElseGet(() -> fromStream(column)));
      }
      return Optional.of(schemaOf(table, columns));
    } catch (SQLException e) {
      throw SourceConnection.refused(config, e);
    }
  }

  private static Optional<CatalogColumn> columnOf(CatalogTable table, String name) {
    return table.columns().stream().filter(c -> c.name().equals(name)).findFirst();
  }

  private CatalogColumn fromStream(Relation.Column column) {
    try (PreparedStatement statement =
        connection.prepareStatement("SELECT format_type(?::bigint::oid, ?)")) {
      statement.setLong(1, Integer.toUnsignedLong(column.typeOid()));
      statement.setInt(2, column.typeModifier());
      try (ResultSet rs = statement.executeQuery()) {
        rs.next();
        return new CatalogColumn(
            column.name(),
            column.typeOid(),
            column.typeModifier(),
            rs.getString(1),
            false,
            null,
            false);
      }
    } catch (SQLException e) {
      throw SourceConnection.refused(config, e);
    }
  }

  private TableSchema schemaOf(CapturedTable captured, List<CatalogColumn> columns) {
    CatalogTable table = captured.table();
    CatalogTable asGiven =
        new CatalogTable(
            table.oid(),
            table.schema(),
            table.name(),
            table.kind(),
            columns,
            table.primaryKey(),
            table.usableUniqueKeys());
    String prefix = table.schema() + "." + table.name() + ".";
    try {
      return asGiven.toSchema(
          config.name(),
          1,
          types,
          column -> config.excludedColumns().contains(prefix + column),
          captured.key());
    } catch (SQLException e) {
      throw SourceConnection.refused(config, e);
    } catch (IllegalArgumentException e) {
      throw new HeadwaterException(
          FailureCode.CHANGE_NOT_WRITABLE,
          "connector '" + config.name() + "' – " + e.getMessage(),
          "The key's columns must stay: name others under 'keys', or load the table again.",
          e);
    }
  }
}
