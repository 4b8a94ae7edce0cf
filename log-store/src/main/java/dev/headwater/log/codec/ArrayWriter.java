package dev.headwater.log.codec;

import dev.headwater.log.schema.PgType;
import dev.headwater.log.schema.PgType.Kind;

/**
 * An array as nested JSON arrays, one level for each dimension.
 *
 * <p>Its PostgreSQL text as one JSON string where nesting would lose something: bounds that do not
 * count from 1; a JSON {@code null} among elements of {@code json}; more than one dimension of
 * elements that may be JSON arrays themselves (json, domains over arrays). An array is never a
 * string otherwise, so the two cannot be mixed up.
 */
final class ArrayWriter implements ValueWriter {
  private static final byte[] NULL = Ascii.bytes("null");

  private final PgTextArray parser;
  private final ValueWriter element;
  private final ValueWriter asText;
  private final boolean isJson;
  private final int deepest;

  ArrayWriter(PgType array, PgType elementType) {
    this.parser = new PgTextArray(elementType.delimiter());
    this.element = ValueWriters.forType(elementType);
    this.asText = ZonedText.isTextOf(array) ? new ZonedText() : new TextWriter();
    this.isJson = ValueWriters.isJson(elementType);
    boolean elementsMayBeArrays = isJson || elementType.withoutDomains().kind() == Kind.ARRAY;
    this.deepest = elementsMayBeArrays ? 1 : Integer.MAX_VALUE;
  }

  @Override
  public void write(byte[] text, int from, int to, JsonBuffer out) {
    int begin = out.size();
    if (!writeNested(text, from, to, out)) {
      out.truncate(begin);
      asText.write(text, from, to, out);
    }
  }

  private boolean writeNested(byte[] text, int from, int to, JsonBuffer out) {
    try {
      parser.start(text, from, to);
      return !parser.hasBounds() && writeTokens(out);
    } catch (IllegalArgumentException unlikeItsType) {
      // Text of an unforeseen shape is kept as it is rather than lost.
      return false;
    }
  }

  private boolean writeTokens(JsonBuffer out) {
    int depth = 0;
    boolean needsComma = false;
    for (PgTextArray.Token token = parser.next();
        token != PgTextArray.Token.END;
        token = parser.next()) {
      if (needsComma && token != PgTextArray.Token.CLOSE) {
        out.write(',');
      }
      needsComma = token != PgTextArray.Token.OPEN;
      switch (token) {
        case OPEN -> {
          depth++;
          if (depth > deepest) {
            return false;
          }
          out.write('[');
        }
        case CLOSE -> {
          depth--;
          out.write(']');
        }
        case NULL -> out.write(NULL);
        case VALUE -> {
          if (isJson && JsonWriter.isNull(parser.array(), parser.from(), parser.to())) {
            return false;
          }
          element.write(parser.array(), parser.from(), parser.to(), out);
        }
        case END -> throw new IllegalStateException("The loop ends before");
      }
    }
    return true;
  }
}
