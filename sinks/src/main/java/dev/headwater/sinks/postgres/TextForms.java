package dev.headwater.sinks.postgres;

import dev.headwater.log.schema.PgType;
import java.util.Objects;

/** Chooses the way back from JSON to PostgreSQL's text for each type of the log. */
final class TextForms {
  private TextForms() {}

  /**
   * A new form for values of a type.
   *
   * @param labels is told of enum labels, so that the replica's type can have them in time
   */
  static TextForm forType(PgType type, EnumLabels labels) {
    return switch (type.kind()) {
      case BASE -> forBase(type.name());
      case DOMAIN -> forType(Objects.requireNonNull(type.element()), labels);
      case ARRAY -> new ArrayForm(type, labels);
      case COMPOSITE -> new CompositeForm(type, labels);
      case ENUM -> new EnumForm(type.name(), labels);
      case RANGE, UNKNOWN -> TextForms::scalar;
    };
  }

  private static TextForm forBase(String name) {
    return switch (name) {
      case "json", "jsonb" -> TextForms::raw;
      case "bool" -> TextForms::bool;
      case "bytea" -> new ByteaForm();
      case "timestamp", "timestamptz" -> new TimestampForm();
      default -> TextForms::scalar;
    };
  }

  /** A string's content, or a number as it stands. */
  private static void scalar(JsonCursor json, TextBuffer out) {
    if (json.peek() == '"') {
      json.takeString(out);
    } else {
      json.takeToken();
      out.write(json.array(), json.from(), json.to());
    }
  }

  /** Nested JSON, byte for byte, blanks included. */
  private static void raw(JsonCursor json, TextBuffer out) {
    json.takeRaw();
    out.write(json.array(), json.from(), json.to());
  }

  private static void bool(JsonCursor json, TextBuffer out) {
    if (json.peek() == '"') {
      json.takeString(out);
    } else {
      json.takeToken();
      out.write(json.array()[json.from()]);
    }
  }
}
