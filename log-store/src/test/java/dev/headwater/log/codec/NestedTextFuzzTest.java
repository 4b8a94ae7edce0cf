package dev.headwater.log.codec;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.headwater.log.schema.PgType;
import dev.headwater.log.schema.PgType.Field;
import dev.headwater.log.schema.PgType.Kind;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/**
 * Random types and values: printed as {@code array_out} and {@code record_out} print them, written
 * as JSON, read back by Jackson, and the same again.
 */
class NestedTextFuzzTest {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final PgType TEXT = PgType.base("text");

  private final long seed = System.nanoTime();
  private final Random random = new Random(seed);

  @Test
  void nestedValuesComeBackAsTheyWere() throws Exception {
    for (int i = 0; i < 5_000; i++) {
      PgType type = type(4);
      Object value = value(type);

      String json = Json.of(type, print(type, value));

      assertThat(JSON.readValue(json, Object.class))
          .as("seed %d, type %s, text %s", seed, type, print(type, value))
          .isEqualTo(value);
    }
  }

  @Test
  void garbageOfAnyShapeBecomesValidJsonThatHoldsItsText() throws Exception {
    for (int i = 0; i < 20_000; i++) {
      PgType type = type(3);
      StringBuilder garbage = new StringBuilder(random.nextBoolean() ? "{" : "(");
      for (int j = random.nextInt(5); j > 0; j--) {
        garbage.append(Texts.random(random));
      }

      String json = Json.of(type, garbage.append(random.nextBoolean() ? "}" : ")").toString());

      Object value = JSON.readValue(json, Object.class);
      if (value instanceof String text) {
        assertThat(text).as("seed %d", seed).isEqualTo(garbage.toString());
      }
    }
  }

  private PgType type(int depth) {
    return switch (depth == 0 ? 0 : random.nextInt(4)) {
      case 1 -> arrayOf(type(depth - 1));
      case 2 -> {
        List<Field> fields = new ArrayList<>();
        for (int i = random.nextInt(4); i >= 0; i--) {
          fields.add(new Field("f" + i, type(depth - 1)));
        }
        yield new PgType("public.c", Kind.COMPOSITE, null, fields, List.of(), ',');
      }
      case 3 -> new PgType("public.d", Kind.DOMAIN, type(depth - 1), List.of(), List.of(), ',');
      default -> TEXT;
    };
  }

  private static PgType arrayOf(PgType element) {
    return PgType.arrayOf("public._a", element);
  }

  private Object value(PgType type) {
    return switch (type.kind()) {
      case ARRAY -> arrayValue(Objects.requireNonNull(type.element()));
      case DOMAIN -> value(Objects.requireNonNull(type.element()));
      case COMPOSITE -> {
        Map<String, @Nullable Object> fields = new LinkedHashMap<>();
        for (Field field : type.fields()) {
          fields.put(field.name(), random.nextInt(4) == 0 ? null : value(field.type()));
        }
        yield fields;
      }
      default -> Texts.random(random);
    };
  }

  /** One or two dimensions; PostgreSQL knows no empty array but the one without dimensions. */
  private Object arrayValue(PgType element) {
    boolean flat = element.withoutDomains().kind() == Kind.ARRAY || random.nextBoolean();
    int rows = random.nextInt(3);
    int length = 1 + random.nextInt(3);
    List<@Nullable Object> array = new ArrayList<>();
    for (int i = 0; i < rows; i++) {
      if (flat) {
        array.add(elementValue(element));
      } else {
        List<@Nullable Object> inner = new ArrayList<>();
        for (int j = 0; j < length; j++) {
          inner.add(elementValue(element));
        }
        array.add(inner);
      }
    }
    return array;
  }

  private @Nullable Object elementValue(PgType element) {
    return random.nextInt(4) == 0 ? null : value(element);
  }

  private static String print(PgType type, Object value) {
    return switch (type.kind()) {
      case ARRAY -> printArray(Objects.requireNonNull(type.element()), (List<?>) value);
      case DOMAIN -> print(Objects.requireNonNull(type.element()), value);
      case COMPOSITE ->
          type.fields().stream()
              .map(field -> printField(field, ((Map<?, ?>) value).get(field.name())))
              .collect(Collectors.joining(",", "(", ")"));
      default -> (String) value;
    };
  }

  private static String printArray(PgType element, List<?> values) {
    boolean elementsAreArrays = element.withoutDomains().kind() == Kind.ARRAY;
    return values.stream()
        .map(
            value -> {
              if (value == null) {
                return "NULL";
              }
              return value instanceof List<?> inner && !elementsAreArrays
                  ? printArray(element, inner)
                  : quoteElement(print(element, value));
            })
        .collect(Collectors.joining(",", "{", "}"));
  }

  /** As array_out: quoted only where needed. */
  private static String quoteElement(String text) {
    boolean needed =
        text.isEmpty()
            || text.equalsIgnoreCase("NULL")
            || text.chars().anyMatch(c -> "\"\\{}, \t\n\r\f\u000B".indexOf(c) >= 0);
    return needed ? "\"" + text.replace("\\", "\\\\").replace("\"", "\\\"") + "\"" : text;
  }

  /** As record_out: quotes and backslashes doubled. */
  private static String printField(Field field, @Nullable Object value) {
    if (value == null) {
      return "";
    }
    String text = print(field.type(), value);
    boolean needed =
        text.isEmpty() || text.chars().anyMatch(c -> "\"\\(), \t\n\r\f\u000B".indexOf(c) >= 0);
    return needed ? "\"" + text.replace("\\", "\\\\").replace("\"", "\"\"") + "\"" : text;
  }
}
