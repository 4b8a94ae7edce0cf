package dev.headwater.sinks.postgres;

import dev.headwater.log.failure.FailureCode;
import dev.headwater.log.failure.HeadwaterException;
import dev.headwater.log.schema.ColumnSchema;
import dev.headwater.log.schema.PgType;
import dev.headwater.log.schema.PgType.Kind;
import dev.headwater.log.schema.TableId;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Finds the type each column has in the replica, and makes enums and composites.
 *
 * <p>PostgreSQL's own types are taken as declared, with their modifier; domains as the type below
 * them, without constraints; types of extensions where the target has the extension, in whatever
 * schema. What is left (an extension that is missing, a base or range type of the user's own, types
 * whose values are names of the source's own objects) is {@code text}, which holds every value
 * exactly, and is logged. One transaction's, one thread's.
 */
final class ReplicaTypes {
  private static final Logger LOG = LoggerFactory.getLogger(ReplicaTypes.class);

  /** What {@code format_type} prints of PostgreSQL's own types, and nothing else. */
  private static final Pattern OWN_DECLARATION =
      Pattern.compile("[a-z0-9_ \"]+(\\([0-9, -]+\\))?[a-z ]*(\\[\\])*");

  private static final Pattern MODIFIER = Pattern.compile("\\([A-Za-z0-9_, -]+\\)(?=(\\[\\])*$)");

  /**
   * Their values name objects of the database they come from, or cannot be given in from outside.
   */
  private static final Set<String> BOUND_TO_SOURCE =
      Set.of(
          "regclass",
          "regcollation",
          "regconfig",
          "regdictionary",
          "regnamespace",
          "regoper",
          "regoperator",
          "regproc",
          "regprocedure",
          "regrole",
          "regtype",
          "aclitem",
          "pg_node_tree",
          "pg_ndistinct",
          "pg_dependencies",
          "pg_mcv_list",
          "pg_brin_bloom_summary",
          "pg_brin_minmax_multi_summary");

  private static final String TEXT = "text";

  private final Connection connection;
  private final ReplicaNames names;
  private final EnumLabels labels;

  ReplicaTypes(Connection connection, ReplicaNames names, EnumLabels labels) {
    this.connection = connection;
    this.names = names;
    this.labels = labels;
  }

  /** The SQL of a column's type in the replica; makes the types it needs. */
  String forColumn(TableId table, ColumnSchema column) throws SQLException {
    Optional<String> type = declared(column);
    if (type.isEmpty()) {
      LOG.atInfo()
          .addKeyValue("sink", names.sink())
          .addKeyValue("table", table)
          .addKeyValue("column", column.name())
          .addKeyValue("type", column.declaredType())
          .log("column is text in the replica, which does not know its type");
    }
    return type.orElse(TEXT);
  }

  /** Makes the enums among a type's parts have all their labels, and learns which they have. */
  void followLabels(PgType type) throws SQLException {
    if (type.kind() == Kind.ENUM) {
      enumType(type);
    }
    if (type.element() != null) {
      followLabels(type.element());
    }
    for (PgType.Field field : type.fields()) {
      followLabels(field.type());
    }
  }

  /** Adds labels, at the end, to an enum that the replica has. */
  void addLabels(String typeOfLog, Set<String> added) throws SQLException {
    PgType named = new PgType(typeOfLog, Kind.ENUM, null, List.of(), List.of(), ',');
    for (String label : added) {
      execute(
          "ALTER TYPE %s ADD VALUE IF NOT EXISTS %s"
              .formatted(qualified(named), SqlNames.literal(label)));
    }
  }

  private Optional<String> declared(ColumnSchema column) throws SQLException {
    PgType type = column.type();
    PgType element = type.kind() == Kind.ARRAY ? Objects.requireNonNull(type.element()) : type;
    if (isOwn(element) && OWN_DECLARATION.matcher(column.declaredType()).matches()) {
      return exists(element.name()) ? Optional.of(column.declaredType()) : Optional.empty();
    }
    Optional<String> sql = nested(type);
    Matcher modifier = MODIFIER.matcher(column.declaredType());
    boolean takesModifier = element.kind() == Kind.BASE && sql.isPresent() && modifier.find();
    if (!takesModifier || sql.get().startsWith(TEXT)) {
      return sql;
    }
    String array = type.kind() == Kind.ARRAY ? "[]" : "";
    String bare = sql.get().substring(0, sql.get().length() - array.length());
    return Optional.of(bare + modifier.group() + array);
  }

  /** A type without a modifier; empty if it can only be text. */
  private Optional<String> nested(PgType type) throws SQLException {
    return switch (type.kind()) {
      case BASE, RANGE -> isOwn(type) ? own(type) : ofExtension(type);
      case DOMAIN -> nested(Objects.requireNonNull(type.element()));
      case ENUM -> Optional.of(enumType(type));
      case COMPOSITE -> Optional.of(compositeType(type));
      case ARRAY -> array(Objects.requireNonNull(type.element()));
      case UNKNOWN -> Optional.empty();
    };
  }

  private Optional<String> array(PgType element) throws SQLException {
    // An array whose elements are arrays exists only through a domain, which the replica lacks.
    if (element.withoutDomains().kind() == Kind.ARRAY) {
      return Optional.empty();
    }
    Optional<String> sql = nested(element);
    if (sql.isEmpty() && element.delimiter() == ',') {
      return Optional.of(TEXT + "[]");
    }
    return sql.map(name -> name + "[]");
  }

  private static boolean isOwn(PgType type) {
    return (type.kind() == Kind.BASE || type.kind() == Kind.RANGE)
        && type.name().indexOf('.') < 0
        && !BOUND_TO_SOURCE.contains(type.name());
  }

  private Optional<String> own(PgType type) throws SQLException {
    return exists(type.name())
        ? Optional.of(SqlNames.qualified("pg_catalog", type.name()))
        : Optional.empty();
  }

  private boolean exists(String name) throws SQLException {
    try (PreparedStatement query =
        connection.prepareStatement(
            "SELECT 1 FROM pg_catalog.pg_type"
                + " WHERE typname = ? AND typnamespace = 'pg_catalog'::pg_catalog.regnamespace")) {
      query.setString(1, name);
      try (ResultSet row = query.executeQuery()) {
        return row.next();
      }
    }
  }

  private Optional<String> ofExtension(PgType type) throws SQLException {
    int dot = type.name().lastIndexOf('.');
    if (dot < 0 || type.kind() != Kind.BASE) {
      return Optional.empty();
    }
    String sql =
        """
        SELECT n.nspname FROM pg_catalog.pg_type t
          JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace
          JOIN pg_catalog.pg_depend d
            ON d.classid = 'pg_catalog.pg_type'::pg_catalog.regclass AND d.objid = t.oid
               AND d.deptype = 'e'
         WHERE t.typname = ? AND t.typtype = 'b' ORDER BY n.nspname = ? DESC LIMIT 1
        """;
    String name = type.name().substring(dot + 1);
    try (PreparedStatement query = connection.prepareStatement(sql)) {
      query.setString(1, name);
      query.setString(2, type.name().substring(0, dot));
      try (ResultSet row = query.executeQuery()) {
        return row.next()
            ? Optional.of(SqlNames.qualified(row.getString(1), name))
            : Optional.empty();
      }
    }
  }

  private String enumType(PgType type) throws SQLException {
    String sql = qualified(type);
    Optional<String> found = shapeOf(type, "e");
    if (found.isEmpty()) {
      ensureTypesSchema();
      execute(
          "CREATE TYPE %s AS ENUM (%s)"
              .formatted(
                  sql,
                  type.labels().stream().map(SqlNames::literal).collect(Collectors.joining(", "))));
    }
    List<String> present = found.isEmpty() ? new ArrayList<>(type.labels()) : labelsOf(type);
    for (int i = 0; i < type.labels().size(); i++) {
      String label = type.labels().get(i);
      if (!present.contains(label)) {
        execute(
            "ALTER TYPE %s ADD VALUE %s%s"
                .formatted(sql, SqlNames.literal(label), place(type, i, present)));
        present.add(label);
      }
    }
    labels.learn(type.name(), present);
    return sql;
  }

  private static String place(PgType type, int index, List<String> present) {
    if (index > 0) {
      return " AFTER " + SqlNames.literal(type.labels().get(index - 1));
    }
    return present.isEmpty() ? "" : " BEFORE " + SqlNames.literal(present.get(0));
  }

  private String compositeType(PgType type) throws SQLException {
    List<String> fields = new ArrayList<>();
    List<String> shape = new ArrayList<>();
    for (PgType.Field field : type.fields()) {
      String sql = nested(field.type()).orElse(TEXT);
      fields.add(SqlNames.quote(field.name()) + ' ' + sql);
      shape.add(field.name());
    }
    Optional<String> found = shapeOf(type, "c");
    if (found.isEmpty()) {
      ensureTypesSchema();
      execute("CREATE TYPE %s AS (%s)".formatted(qualified(type), String.join(", ", fields)));
    } else if (!found.get().equals(String.join("\n", shape))) {
      throw new HeadwaterException(
          FailureCode.TARGET_NOT_READY,
          "Sink '%s' – type %s of the replica has other fields than '%s' has in the source now"
              .formatted(names.sink(), qualified(type), type.name()),
          "Run ALTER TYPE %s RENAME TO another name, then `headwater rebuild %s`."
              .formatted(qualified(type), names.sink()));
    }
    return qualified(type);
  }

  /** The names of a type's fields, one a line, if there is one of our name; nothing for an enum. */
  private Optional<String> shapeOf(PgType type, String typtype) throws SQLException {
    String sql =
        """
        SELECT t.typtype::text, coalesce((SELECT string_agg(a.attname, E'\\n' ORDER BY a.attnum)
                 FROM pg_catalog.pg_attribute a
                WHERE a.attrelid = t.typrelid AND a.attnum > 0 AND NOT a.attisdropped), '')
          FROM pg_catalog.pg_type t JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace
         WHERE n.nspname = ? AND t.typname = ?
        """;
    try (PreparedStatement query = connection.prepareStatement(sql)) {
      query.setString(1, names.types());
      query.setString(2, ReplicaNames.type(type));
      try (ResultSet row = query.executeQuery()) {
        if (!row.next()) {
          return Optional.empty();
        }
        if (!row.getString(1).equals(typtype)) {
          throw new HeadwaterException(
              FailureCode.TARGET_NOT_READY,
              "Sink '%s' – type %s is in the way of '%s'"
                  .formatted(names.sink(), qualified(type), type.name()),
              "Run ALTER TYPE %s RENAME TO another name.".formatted(qualified(type)));
        }
        return Optional.of(row.getString(2));
      }
    }
  }

  private List<String> labelsOf(PgType type) throws SQLException {
    String sql =
        """
        SELECT e.enumlabel::text FROM pg_catalog.pg_enum e
          JOIN pg_catalog.pg_type t ON t.oid = e.enumtypid
          JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace
         WHERE n.nspname = ? AND t.typname = ? ORDER BY e.enumsortorder
        """;
    List<String> found = new ArrayList<>();
    try (PreparedStatement query = connection.prepareStatement(sql)) {
      query.setString(1, names.types());
      query.setString(2, ReplicaNames.type(type));
      try (ResultSet row = query.executeQuery()) {
        while (row.next()) {
          found.add(row.getString(1));
        }
      }
    }
    return found;
  }

  private void ensureTypesSchema() throws SQLException {
    if (!StateTables.hasSchema(connection, names.types())) {
      execute("CREATE SCHEMA " + SqlNames.quote(names.types()));
    }
  }

  private String qualified(PgType type) {
    return SqlNames.qualified(names.types(), ReplicaNames.type(type));
  }

  private void execute(String sql) throws SQLException {
    try (Statement statement = connection.createStatement()) {
      statement.execute(sql);
    }
  }
}
