package dev.headwater.log.codec;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.headwater.log.schema.PgType;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;

/** JSON of single values for tests, always checked to be valid. */
final class Json {
  private static final ObjectMapper STRICT =
      new ObjectMapper().enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS);

  private Json() {}

  /** The JSON form of a value of a type. */
  static String of(PgType type, String text) {
    return of(type, text.getBytes(StandardCharsets.UTF_8));
  }

  static String of(PgType type, byte[] text) {
    return of(ValueWriters.forType(type), text);
  }

  /** What a writer writes, with other bytes around the value so that a wrong bound shows. */
  static String of(ValueWriter writer, byte[] text) {
    byte[] padded = new byte[text.length + 6];
    java.util.Arrays.fill(padded, (byte) '7');
    System.arraycopy(text, 0, padded, 3, text.length);
    JsonBuffer out = new JsonBuffer();
    writer.write(padded, 3, 3 + text.length, out);
    return checked(out.toByteArray());
  }

  /** The bytes as text, once they are known to be one valid JSON value. */
  static String checked(byte[] json) {
    try (JsonParser parser = STRICT.getFactory().createParser(json)) {
      int depth = 0;
      int values = 0;
      while (parser.nextToken() != null) {
        if (parser.currentToken().isStructStart()) {
          depth++;
        } else if (parser.currentToken().isStructEnd()) {
          depth--;
        }
        if (depth == 0) {
          values++;
        }
        parser.getText();
      }
      if (values != 1) {
        throw new AssertionError("not one value: " + new String(json, StandardCharsets.UTF_8));
      }
    } catch (IOException e) {
      throw new UncheckedIOException(new String(json, StandardCharsets.UTF_8), e);
    }
    return new String(json, StandardCharsets.UTF_8);
  }
}
