package dev.headwater.log.catalog;

import dev.headwater.log.schema.PgType;
import dev.headwater.log.schema.PgType.Field;
import dev.headwater.log.schema.PgType.Kind;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Resolves type OIDs into {@link PgType}s, as far down as encoding needs, and remembers them.
 *
 * <p>Belongs to one thread and one connection. What it remembers is never looked up again: after
 * DDL, make a new one. A range's subtype, and a multirange's range, stand in {@link
 * PgType#element()} too.
 */
public final class TypeCatalog {
  // A true array is the typarray of its element: int2vector and oidvector have elements as well,
  // but print as words between spaces.
  private static final String TYPE =
      """
      SELECT CASE WHEN n.nspname = 'pg_catalog' THEN t.typname::text
                  ELSE n.nspname || '.' || t.typname END AS name,
             CASE WHEN e.oid IS NOT NULL THEN 'a' ELSE t.typtype::text END AS sort,
             t.typdelim::text AS delimiter,
             t.typrelid::bigint AS relation,
             coalesce(e.oid, nullif(t.typbasetype, 0::oid), r.rngsubtype, %s)::bigint AS element
        FROM pg_catalog.pg_type t
        JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace
        LEFT JOIN pg_catalog.pg_type e ON e.oid = t.typelem AND e.typarray = t.oid
        LEFT JOIN pg_catalog.pg_range r ON r.rngtypid = t.oid
        %s
       WHERE t.oid = ?::bigint::oid
      """;

  private static final String FIELDS =
      """
      SELECT attname::text, atttypid::bigint
        FROM pg_catalog.pg_attribute
       WHERE attrelid = ?::bigint::oid AND attnum > 0 AND NOT attisdropped
       ORDER BY attnum
      """;
  private static final String LABELS =
      """
      SELECT enumlabel::text
        FROM pg_catalog.pg_enum
       WHERE enumtypid = ?::bigint::oid
       ORDER BY enumsortorder
      """;

  private static final int FIRST_VERSION_WITH_MULTIRANGES = 14;

  private final Connection connection;
  private final String typeQuery;
  private final Map<Integer, PgType> known = new HashMap<>();

  /**
   * Looks types up through a connection, which stays the caller's to close.
   *
   * @throws SQLException if the server's version cannot be told
   */
  public TypeCatalog(Connection connection) throws SQLException {
    this.connection = connection;
    int version = connection.getMetaData().getDatabaseMajorVersion();
    this.typeQuery =
        version >= FIRST_VERSION_WITH_MULTIRANGES
            ? TYPE.formatted(
                "m.rngtypid", "LEFT JOIN pg_catalog.pg_range m ON m.rngmultitypid = t.oid")
            : TYPE.formatted("NULL::oid", "");
  }

  /**
   * The type with this OID, resolved. A type the catalog does not have is of kind {@link
   * Kind#UNKNOWN}, is named by its OID, and is looked for again next time.
   *
   * @param oid the OID's 32 bits
   * @throws SQLException if the catalog had to be read and could not be
   */
  public PgType byOid(int oid) throws SQLException {
    PgType type = known.get(oid);
    if (type == null) {
      type = read(oid);
      if (type.kind() != Kind.UNKNOWN) {
        known.put(oid, type);
      }
    }
    return type;
  }

  private PgType read(int oid) throws SQLException {
    TypeRow row = readRow(oid);
    if (row == null) {
      return new PgType(
          Integer.toUnsignedString(oid), Kind.UNKNOWN, null, List.of(), List.of(), ',');
    }
    PgType element = row.element() == 0 ? null : byOid(row.element());
    Kind kind =
        switch (row.sort()) {
          case "a" -> Kind.ARRAY;
          case "d" -> Kind.DOMAIN;
          case "e" -> Kind.ENUM;
          case "c" -> Kind.COMPOSITE;
          case "r", "m" -> Kind.RANGE;
          default -> Kind.BASE;
        };
    return new PgType(
        row.name(),
        kind,
        element,
        kind == Kind.COMPOSITE ? fields(row.relation()) : List.of(),
        kind == Kind.ENUM ? labels(oid) : List.of(),
        row.delimiter());
  }

  private @Nullable TypeRow readRow(int oid) throws SQLException {
    try (PreparedStatement query = connection.prepareStatement(typeQuery)) {
      query.setLong(1, Integer.toUnsignedLong(oid));
      try (ResultSet row = query.executeQuery()) {
        return row.next()
            ? new TypeRow(
                row.getString("name"),
                row.getString("sort"),
                row.getString("delimiter").charAt(0),
                (int) row.getLong("relation"),
                (int) row.getLong("element"))
            : null;
      }
    }
  }

  private List<Field> fields(int relation) throws SQLException {
    List<Field> fields = new ArrayList<>();
    try (PreparedStatement query = connection.prepareStatement(FIELDS)) {
      query.setLong(1, Integer.toUnsignedLong(relation));
      try (ResultSet row = query.executeQuery()) {
        while (row.next()) {
          fields.add(new Field(row.getString(1), byOid((int) row.getLong(2))));
        }
      }
    }
    return fields;
  }

  private List<String> labels(int type) throws SQLException {
    List<String> labels = new ArrayList<>();
    try (PreparedStatement query = connection.prepareStatement(LABELS)) {
      query.setLong(1, Integer.toUnsignedLong(type));
      try (ResultSet row = query.executeQuery()) {
        while (row.next()) {
          labels.add(row.getString(1));
        }
      }
    }
    return labels;
  }

  /** What the catalog says of one type; zero stands for no OID. */
  private record TypeRow(String name, String sort, char delimiter, int relation, int element) {}
}
