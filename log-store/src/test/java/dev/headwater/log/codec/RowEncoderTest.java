package dev.headwater.log.codec;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.headwater.log.codec.ColumnMask.Method;
import dev.headwater.log.config.Secret;
import dev.headwater.log.failure.FailureCode;
import dev.headwater.log.failure.HeadwaterException;
import dev.headwater.log.schema.ColumnSchema;
import dev.headwater.log.schema.PgType;
import dev.headwater.log.schema.TableId;
import dev.headwater.log.schema.TableSchema;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.assertj.core.api.InstanceOfAssertFactories;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class RowEncoderTest {
  private static final TableSchema ORDERS =
      schema(
          List.of("tenant", "no"),
          column("no", "int8"),
          column("note \"x\"", "text"),
          column("tenant", "text"),
          column("doc", "jsonb"));

  private final RowEncoder encoder = new RowEncoder(ORDERS, Map.of());

  @Test
  void writesColumnsInSchemaOrderAndKeyColumnsInKeyOrder() {
    give(encoder, "7", "hi", "a\"b", "{\"n\": null}");

    assertThat(row(encoder))
        .isEqualTo(
            "{\"no\":7,\"note \\\"x\\\"\":\"hi\",\"tenant\":\"a\\\"b\",\"doc\":{\"n\": null}}");
    assertThat(key(encoder)).isEqualTo("{\"tenant\":\"a\\\"b\",\"no\":7}");
    assertThat(encoder.nulls()).isNull();
  }

  @Test
  void tellsAJsonNullFromASqlNull() {
    give(encoder, "7", null, "t", " null\n");

    assertThat(row(encoder))
        .isEqualTo("{\"no\":7,\"note \\\"x\\\"\":null,\"tenant\":\"t\",\"doc\": null\n}");
    assertThat(encoder.nulls()).isEqualTo("[\"doc\"]");

    give(encoder, "7", null, "t", null);

    assertThat(encoder.nulls()).isNull();
  }

  @Test
  void givesTheSameBytesHoweverOftenAsked() {
    give(encoder, "7", "hi", "t", null);
    byte[] row = encoder.row();
    byte[] key = encoder.key();

    assertThat(encoder.row()).isEqualTo(row);
    assertThat(encoder.key()).isEqualTo(key);
  }

  @Test
  void givesTheKeyOfAnOldRowOfWhichOnlyTheKeyIsKnown() {
    encoder.start();
    value(encoder, 0, "7");
    value(encoder, 2, "t");

    assertThat(key(encoder)).isEqualTo("{\"tenant\":\"t\",\"no\":7}");
    assertThatThrownBy(encoder::row).isInstanceOf(IllegalStateException.class);
  }

  @Test
  void refusesToGoBackOrToLeaveAKeyColumnOut() {
    encoder.start();
    value(encoder, 2, "t");

    assertThatThrownBy(() -> encoder.nullValue(1)).isInstanceOf(IllegalStateException.class);
    assertThatThrownBy(encoder::key)
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("'no'");
  }

  @Test
  void refusesANullInTheKeyByName() {
    give(encoder, null, "hi", "t", null);

    assertThatThrownBy(encoder::key)
        .hasMessageContaining("Column 'no' of table 'shop.public.orders'")
        .asInstanceOf(InstanceOfAssertFactories.type(HeadwaterException.class))
        .extracting(HeadwaterException::code)
        .isEqualTo(FailureCode.CHANGE_NOT_WRITABLE);
  }

  @Test
  void namesTheColumnOfAValueThatIsNotUtf8AndGoesOnWithTheNextRow() {
    encoder.start();
    value(encoder, 0, "7");
    byte[] malformed = {'a', (byte) 0xFF};

    assertThatThrownBy(() -> encoder.value(1, malformed, 0, 2))
        .hasMessageContaining("Column 'note \"x\"' of table 'shop.public.orders'")
        .hasMessageContaining("UTF-8")
        .asInstanceOf(InstanceOfAssertFactories.type(HeadwaterException.class))
        .extracting(HeadwaterException::code)
        .isEqualTo(FailureCode.CHANGE_NOT_WRITABLE);

    give(encoder, "8", "hi", "t", null);
    assertThat(key(encoder)).isEqualTo("{\"tenant\":\"t\",\"no\":8}");
  }

  @Test
  void masksValuesAndKeepsNulls() {
    TableSchema people =
        schema(
            List.of("email"),
            column("email", "text"),
            column("phone", "text"),
            column("salary", "numeric"),
            column("doc", "jsonb"));
    RowEncoder masked =
        new RowEncoder(
            people,
            Map.of(
                "email", new ColumnMask(Method.HMAC_SHA256, Optional.of(new Secret("key"))),
                "phone", new ColumnMask(Method.REDACT, Optional.empty()),
                "salary", new ColumnMask(Method.NULLIFY, Optional.empty()),
                "doc", new ColumnMask(Method.REDACT, Optional.empty()),
                "elsewhere", new ColumnMask(Method.REDACT, Optional.empty())));
    give(masked, "The quick brown fox jumps over the lazy dog", "1", "2", "null");

    // Computed by OpenSSL with the key "key".
    String hmac = "f7bc83f430538424b13298e6aa6fb143ef4d59a14946175997479dbc2d1a3cd8";
    assertThat(row(masked))
        .isEqualTo(
            "{\"email\":\"" + hmac + "\",\"phone\":\"***\",\"salary\":null,\"doc\":\"***\"}");
    assertThat(key(masked)).isEqualTo("{\"email\":\"" + hmac + "\"}");
    assertThat(masked.nulls()).isNull();

    give(masked, "x", null, null, null);
    assertThat(row(masked)).contains("\"phone\":null,\"salary\":null,\"doc\":null");
  }

  @Test
  void masksAMomentAlikeWhicheverZoneItIsPrintedIn() {
    TableSchema visits = schema(List.of("at"), column("at", "timestamptz"));
    ColumnMask mask = new ColumnMask(Method.HMAC_SHA256, Optional.of(new Secret("key")));
    RowEncoder masked = new RowEncoder(visits, Map.of("at", mask));
    give(masked, "2024-05-01 12:00:00+00");
    byte[] inUtc = masked.row();
    give(masked, "2024-05-01 14:00:00+02");

    assertThat(masked.row()).isEqualTo(inUtc);
  }

  @Test
  void refusesAMaskThatWouldGiveAllRowsOneKey() {
    for (Method method : List.of(Method.REDACT, Method.NULLIFY)) {
      Map<String, ColumnMask> masks = Map.of("tenant", new ColumnMask(method, Optional.empty()));

      assertThatThrownBy(() -> new RowEncoder(ORDERS, masks))
          .hasMessageContaining("Column 'tenant' of table 'shop.public.orders'")
          .asInstanceOf(InstanceOfAssertFactories.type(HeadwaterException.class))
          .extracting(HeadwaterException::code)
          .isEqualTo(FailureCode.CONFIGURATION_INVALID);
    }
  }

  @Test
  void givesMemoryBackAfterAHugeRow() {
    give(encoder, "7", "x".repeat(20_000_000), "t", null);
    assertThat(encoder.row()).hasSizeGreaterThan(20_000_000);
    give(encoder, "8", "small", "t", null);

    assertThat(row(encoder)).contains("small");
  }

  private static void give(RowEncoder encoder, @Nullable String... values) {
    encoder.start();
    for (int i = 0; i < values.length; i++) {
      String text = values[i];
      if (text == null) {
        encoder.nullValue(i);
      } else {
        value(encoder, i, text);
      }
    }
  }

  private static void value(RowEncoder encoder, int column, String text) {
    byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
    encoder.value(column, utf8, 0, utf8.length);
  }

  private static String row(RowEncoder encoder) {
    return Json.checked(encoder.row());
  }

  private static String key(RowEncoder encoder) {
    return Json.checked(encoder.key());
  }

  private static TableSchema schema(List<String> key, ColumnSchema... columns) {
    return new TableSchema(new TableId("shop", "public", "orders"), 1, List.of(columns), key);
  }

  private static ColumnSchema column(String name, String type) {
    return new ColumnSchema(name, PgType.base(type), type, true, null);
  }
}
