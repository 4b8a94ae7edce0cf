package dev.headwater.log.catalog;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.groups.Tuple.tuple;

import dev.headwater.log.catalog.CatalogTable.Kind;
import dev.headwater.log.schema.ColumnSchema;
import dev.headwater.log.schema.TableId;
import dev.headwater.log.schema.TableSchema;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

class TableCatalogIT {
  private static final Kind PLAIN = new Kind('r', 'p', 'd', false);

  private static Connection connection;

  @BeforeAll
  static void createTables() throws SQLException {
    TestDatabase database = TestDatabase.create("catalog_tables");
    database.execute(
        "CREATE TYPE mood AS ENUM ('ok')",
        "CREATE DOMAIN must AS text NOT NULL",
        """
        CREATE TABLE audit (
          seq bigint GENERATED ALWAYS AS IDENTITY, gone int, at timestamptz(3) DEFAULT now(),
          twice bigint GENERATED ALWAYS AS (seq * 2) STORED, tenant text, feeling mood DEFAULT 'ok',
          price numeric(10,2)[] NOT NULL, word must, PRIMARY KEY (tenant, seq))
        """,
        "ALTER TABLE audit DROP COLUMN gone",
        """
        CREATE TABLE keyless (
          a int NOT NULL, b text NOT NULL, c int, d int NOT NULL, e int NOT NULL,
          UNIQUE (b, a), UNIQUE (c), UNIQUE (d) DEFERRABLE)
        """,
        "CREATE UNIQUE INDEX only_some ON keyless (e) WHERE e > 0",
        "CREATE UNIQUE INDEX of_expression ON keyless (lower(b), a)",
        "CREATE UNIQUE INDEX with_more ON keyless (e) INCLUDE (c)",
        "ALTER TABLE keyless REPLICA IDENTITY FULL",
        "CREATE TABLE parted (id int, day date, PRIMARY KEY (day, id)) PARTITION BY RANGE (day)",
        """
        CREATE TABLE parted_2024 PARTITION OF parted
          FOR VALUES FROM ('2024-01-01') TO ('2025-01-01')
        """,
        "CREATE UNLOGGED TABLE unlogged (id int PRIMARY KEY)",
        "CREATE TABLE silent (id int PRIMARY KEY)",
        "ALTER TABLE silent REPLICA IDENTITY NOTHING",
        "CREATE TABLE by_index (id int NOT NULL UNIQUE)",
        "ALTER TABLE by_index REPLICA IDENTITY USING INDEX by_index_id_key",
        "CREATE VIEW seen AS SELECT 1 AS id",
        "CREATE TABLE nothing ()",
        "CREATE SCHEMA \"My.Schema\"",
        "CREATE TABLE \"My.Schema\".\"a \"\"b\"\" 😀\" (\"ID\" int, id int, PRIMARY KEY (\"ID\"))",
        "CREATE TABLE \"a_b\" (\"select\" int PRIMARY KEY)",
        "CREATE TABLE \"a.b\" (id int)");
    connection = database.connectAsSource();
  }

  @AfterAll
  static void disconnect() throws SQLException {
    connection.close();
  }

  @Test
  void describesColumnsAsDeclared() throws SQLException {
    List<CatalogColumn> columns = read("audit").columns();

    assertThat(columns)
        .extracting(CatalogColumn::name, CatalogColumn::declaredType, CatalogColumn::notNull)
        .containsExactly(
            tuple("seq", "bigint", true),
            tuple("at", "timestamp(3) with time zone", false),
            tuple("twice", "bigint", false),
            tuple("tenant", "text", true),
            tuple("feeling", "public.mood", false),
            tuple("price", "numeric(10,2)[]", true),
            tuple("word", "public.must", true));
    assertThat(columns)
        .extracting(CatalogColumn::defaultExpression)
        .containsExactly(null, "now()", null, null, "'ok'::public.mood", null, null);
    assertThat(columns)
        .filteredOn(CatalogColumn::generated)
        .extracting(CatalogColumn::name)
        .containsExactly("twice");
  }

  @Test
  void givesThePrimaryKeyInKeyOrderNotInTableOrder() throws SQLException {
    assertThat(read("audit").primaryKey()).containsExactly("tenant", "seq");
    assertThat(read("parted").primaryKey()).containsExactly("day", "id");
    assertThat(read("keyless").primaryKey()).isEmpty();
  }

  @Test
  void offersOnlyUniqueKeysThatIdentifyEveryRow() throws SQLException {
    assertThat(read("keyless").usableUniqueKeys()).containsExactly(List.of("e"), List.of("b", "a"));
    assertThat(read("audit").usableUniqueKeys()).isEmpty();
  }

  @Test
  void tellsWhatSortOfTableItIs() throws SQLException {
    assertThat(read("audit").kind()).isEqualTo(PLAIN);
    assertThat(read("parted").kind()).isEqualTo(new Kind('p', 'p', 'd', false));
    assertThat(read("parted_2024").kind()).isEqualTo(new Kind('r', 'p', 'd', true));
    assertThat(read("unlogged").kind()).isEqualTo(new Kind('r', 'u', 'd', false));
    assertThat(read("keyless").kind().replicaIdentity()).isEqualTo('f');
    assertThat(read("silent").kind().replicaIdentity()).isEqualTo('n');
    assertThat(read("by_index").kind().replicaIdentity()).isEqualTo('i');
    assertThat(read("seen").kind().relkind()).isEqualTo('v');
    assertThat(read("unlogged").isCapturable()).isFalse();
    assertThat(read("seen").isCapturable()).isFalse();
    assertThat(read("parted").isCapturable()).isTrue();
  }

  @Test
  void takesNamesExactlyAsTheyAre() throws SQLException {
    CatalogTable odd = new TableCatalog(connection).read("My.Schema", "a \"b\" 😀").orElseThrow();

    assertThat(odd.columns()).extracting(CatalogColumn::name).containsExactly("ID", "id");
    assertThat(odd.primaryKey()).containsExactly("ID");
    assertThat(read("a_b").primaryKey()).containsExactly("select");
    assertThat(read("a.b").oid()).isNotEqualTo(read("a_b").oid());
    assertThat(new TableCatalog(connection).read("public", "AUDIT")).isEmpty();
    assertThat(new TableCatalog(connection).read("pg_catalog", "pg_class")).isEmpty();
    assertThat(read("nothing").columns()).isEmpty();
  }

  @Test
  void listsAllTablesInOrder() throws SQLException {
    assertThat(new TableCatalog(connection).list())
        .extracting(table -> table.schema() + "/" + table.name())
        .containsExactly(
            "My.Schema/a \"b\" 😀",
            "public/a.b",
            "public/a_b",
            "public/audit",
            "public/by_index",
            "public/keyless",
            "public/nothing",
            "public/parted",
            "public/parted_2024",
            "public/seen",
            "public/silent",
            "public/unlogged");
  }

  @Test
  void makesTheSchemaOfWhatTheLogHolds() throws SQLException {
    CatalogTable audit = read("audit");
    TypeCatalog types = new TypeCatalog(connection);

    TableSchema schema =
        audit.toSchema("shop", 3, types, name -> name.equals("word"), audit.primaryKey());

    assertThat(schema.table()).isEqualTo(new TableId("shop", "public", "audit"));
    assertThat(schema.version()).isEqualTo(3);
    assertThat(schema.columns())
        .extracting(ColumnSchema::name)
        .containsExactly("seq", "at", "tenant", "feeling", "price");
    assertThat(schema.key()).containsExactly("tenant", "seq");
    assertThat(schema.columns().get(3).type().labels()).containsExactly("ok");
    assertThat(schema.columns().get(1).nullable()).isTrue();
    assertThatThrownBy(() -> audit.toSchema("shop", 1, types, name -> false, List.of("nobody")))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("'nobody'");
  }

  @Test
  void makesTheSessionPrintValuesOneWay() throws SQLException {
    for (var setting : SourceSession.settings().entrySet()) {
      try (var statement = connection.createStatement();
          var row = statement.executeQuery("SHOW " + setting.getKey())) {
        row.next();
        assertThat(row.getString(1)).startsWith(setting.getValue());
      }
    }
  }

  private static CatalogTable read(String table) throws SQLException {
    return new TableCatalog(connection).read("public", table).orElseThrow();
  }
}
