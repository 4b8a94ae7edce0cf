package dev.headwater.log.codec;

import dev.headwater.log.schema.PgType;

/** Chooses the JSON form of each type. */
public final class ValueWriters {
  private ValueWriters() {}

  /** A new writer for values of a type; an unknown type is written as its text. */
  public static ValueWriter forType(PgType type) {
    return isJson(type)
        ? new JsonWriter()
        : (text, from, to, out) -> out.writeString(text, from, to);
  }

  /** Whether values of a type are JSON already: {@code json}, {@code jsonb}, domains over them. */
  static boolean isJson(PgType type) {
    String name = type.withoutDomains().name();
    return name.equals("json") || name.equals("jsonb");
  }
}
