package dev.headwater.log.codec;

import dev.headwater.log.schema.ColumnSchema;
import dev.headwater.log.schema.PgType;

/**
 * How a value stands in a key: as in the row, but that numbers PostgreSQL takes for equal are the
 * same bytes. {@code 1.50} of a {@code numeric} without a scale becomes {@code 1.5}, and a float's
 * {@code -0} becomes {@code 0}; a {@code numeric} with a scale has one form already.
 */
enum KeyForm {
  AS_IN_ROW {
    @Override
    void write(JsonBuffer row, int from, int to, JsonBuffer key) {
      key.write(row, from, to);
    }
  },
  NUMERIC {
    @Override
    void write(JsonBuffer row, int from, int to, JsonBuffer key) {
      // The row has it between quotes.
      int end = to - 1;
      int point = from;
      while (point < end && row.at(point) != '.') {
        point++;
      }
      if (point < end) {
        while (row.at(end - 1) == '0') {
          end--;
        }
        if (end - 1 == point) {
          end--;
        }
      }
      key.write(row, from, end);
      key.write('"');
    }
  },
  FLOAT {
    @Override
    void write(JsonBuffer row, int from, int to, JsonBuffer key) {
      boolean isMinusZero = to - from == 2 && row.at(from) == '-' && row.at(from + 1) == '0';
      key.write(row, isMinusZero ? from + 1 : from, to);
    }
  };

  /** Writes the JSON of a value that stands in a row. */
  abstract void write(JsonBuffer row, int from, int to, JsonBuffer key);

  static KeyForm of(ColumnSchema column) {
    PgType base = column.type().withoutDomains();
    if (base.kind() != PgType.Kind.BASE) {
      return AS_IN_ROW;
    }
    return switch (base.name()) {
      case "numeric" -> column.declaredType().startsWith("numeric(") ? AS_IN_ROW : NUMERIC;
      case "float4", "float8" -> FLOAT;
      default -> AS_IN_ROW;
    };
  }
}
