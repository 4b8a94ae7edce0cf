package dev.headwater.log.codec;

import dev.headwater.log.schema.PgType;
import java.util.Objects;

/**
 * Chooses the JSON form of each type; log-store's README lists the forms and the ways back. What is
 * not named here is PostgreSQL's text as a string.
 */
public final class ValueWriters {
  private ValueWriters() {}

  /** A new writer for values of a type, for one thread. */
  public static ValueWriter forType(PgType type) {
    return switch (type.kind()) {
      case BASE -> forBase(type.name());
      case DOMAIN -> forType(Objects.requireNonNull(type.element()));
      case ARRAY -> new ArrayWriter(type, Objects.requireNonNull(type.element()));
      case COMPOSITE -> new CompositeWriter(type);
      case RANGE -> ZonedText.isTextOf(type) ? new ZonedText() : new TextWriter();
      case ENUM, UNKNOWN -> new TextWriter();
    };
  }

  /** Whether values of a type are JSON already: {@code json}, {@code jsonb}, domains over them. */
  static boolean isJson(PgType type) {
    PgType base = type.withoutDomains();
    return base.kind() == PgType.Kind.BASE
        && (base.name().equals("json") || base.name().equals("jsonb"));
  }

  private static ValueWriter forBase(String name) {
    return switch (name) {
      case "int2", "int4", "int8", "oid", "float4", "float8" -> new NumberWriter();
      case "bool" -> new BooleanWriter();
      case "bytea" -> new ByteaWriter();
      case "json", "jsonb" -> new JsonWriter();
      case "timestamp" -> new TimestampWriter(false);
      case "timestamptz" -> new TimestampWriter(true);
      default -> new TextWriter();
    };
  }
}
