package dev.headwater.log.catalog;

import static org.assertj.core.api.Assertions.assertThat;

import dev.headwater.log.schema.PgType;
import dev.headwater.log.schema.PgType.Field;
import dev.headwater.log.schema.PgType.Kind;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

class TypeCatalogIT {
  private static Connection connection;

  @BeforeAll
  static void createTypes() throws SQLException {
    TestDatabase database = TestDatabase.create("catalog_types");
    database.execute(
        "CREATE SCHEMA \"Other 😀\"",
        "CREATE TYPE mood AS ENUM ('z', 'a', 'so so')",
        "ALTER TYPE mood ADD VALUE 'between' BEFORE 'a'",
        "CREATE TYPE \"Other 😀\".mood AS ENUM ('ok')",
        "CREATE DOMAIN positive AS int CHECK (VALUE > 0)",
        "CREATE DOMAIN tiny AS positive CHECK (VALUE < 9)",
        "CREATE DOMAIN boxes AS box[]",
        "CREATE TYPE place AS (id int, gone int, \"Na\"\"me\" text, moods mood[])",
        "ALTER TYPE place DROP ATTRIBUTE gone",
        "CREATE TABLE rows_too (a int, b place)",
        "CREATE TYPE shift AS RANGE (subtype = timestamptz)");
    connection = database.connectAsSource();
  }

  @AfterAll
  static void disconnect() throws SQLException {
    connection.close();
  }

  @Test
  void namesBuiltInTypesWithoutTheirSchema() throws SQLException {
    assertThat(resolve("pg_catalog.int4")).isEqualTo(PgType.base("int4"));
    assertThat(resolve("pg_catalog.\"char\"")).isEqualTo(PgType.base("char"));
    assertThat(resolve("pg_catalog.int2vector")).isEqualTo(PgType.base("int2vector"));
    assertThat(resolve("pg_catalog.int4[]"))
        .isEqualTo(PgType.arrayOf("_int4", PgType.base("int4")));
  }

  @Test
  void keepsEnumsOfOneNameInTwoSchemasApartAndTheirLabelsInOrder() throws SQLException {
    PgType mood = resolve("public.mood");

    assertThat(mood.name()).isEqualTo("public.mood");
    assertThat(mood.kind()).isEqualTo(Kind.ENUM);
    assertThat(mood.labels()).containsExactly("z", "between", "a", "so so");
    assertThat(resolve("\"Other 😀\".mood").name()).isEqualTo("Other 😀.mood");
    assertThat(resolve("\"Other 😀\".mood").labels()).containsExactly("ok");
  }

  @Test
  void seesThroughDomainsOverDomains() throws SQLException {
    PgType tiny = resolve("public.tiny");

    assertThat(tiny.kind()).isEqualTo(Kind.DOMAIN);
    assertThat(tiny.element()).extracting(PgType::name).isEqualTo("public.positive");
    assertThat(tiny.withoutDomains()).isEqualTo(PgType.base("int4"));
  }

  @Test
  void knowsThatBoxesAreSeparatedByASemicolon() throws SQLException {
    PgType boxes = resolve("public.boxes").withoutDomains();

    assertThat(boxes.kind()).isEqualTo(Kind.ARRAY);
    assertThat(boxes.element()).extracting(PgType::delimiter).isEqualTo(';');
  }

  @Test
  void resolvesCompositesFieldByField() throws SQLException {
    PgType place = resolve("public.place");

    assertThat(place.kind()).isEqualTo(Kind.COMPOSITE);
    assertThat(place.fields())
        .containsExactly(
            new Field("id", PgType.base("int4")),
            new Field("Na\"me", PgType.base("text")),
            new Field("moods", resolve("public.mood[]")));
    assertThat(resolve("public.rows_too").fields()).extracting(Field::type).endsWith(place);
  }

  @Test
  void resolvesRangesAndMultirangesToTheirSubtype() throws SQLException {
    PgType shift = resolve("public.shift");
    PgType shifts = resolve("public.shift_multirange");

    assertThat(shift.kind()).isEqualTo(Kind.RANGE);
    assertThat(shift.element()).isEqualTo(PgType.base("timestamptz"));
    assertThat(shifts.kind()).isEqualTo(Kind.RANGE);
    assertThat(shifts.element()).isEqualTo(shift);
    assertThat(resolve("int4range").element()).isEqualTo(PgType.base("int4"));
  }

  @Test
  void namesATypeNobodyKnowsByItsOid() throws SQLException {
    PgType unknown = new TypeCatalog(connection).byOid((int) 4_000_000_000L);

    assertThat(unknown.kind()).isEqualTo(Kind.UNKNOWN);
    assertThat(unknown.name()).isEqualTo("4000000000");
  }

  private static PgType resolve(String type) throws SQLException {
    try (PreparedStatement query = connection.prepareStatement("SELECT ?::regtype::oid::bigint")) {
      query.setString(1, type);
      try (ResultSet row = query.executeQuery()) {
        row.next();
        return new TypeCatalog(connection).byOid((int) row.getLong(1));
      }
    }
  }
}
