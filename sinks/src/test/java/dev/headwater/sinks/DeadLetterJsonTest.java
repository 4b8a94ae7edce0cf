package dev.headwater.sinks;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.headwater.log.failure.FailureCode;
import dev.headwater.log.failure.HeadwaterException;
import dev.headwater.log.replay.LogPartition;
import dev.headwater.log.schema.TableId;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class DeadLetterJsonTest {
  private static final LogPartition PARTITION =
      new LogPartition(new TableId("shop", "odd.schema", "t😀"), "shop.x.y", "id-1", 3);

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{\"id\":1,\"a\":1e400,\"b\":1.50,\"c\":12345678901234567890.10,\"d\":{\"row\":{\"key\":2}},\"e\":\"\\u0000\"}",
        "{ \"id\" : 1 }",
        "{\"id\":1,}",
        "{} {}",
        "not json",
        "",
        "\u0000\u0001"
      })
  void bringsKeyAndRowBackByteForByte(String text) {
    DeadLetter letter = letter(text.getBytes(UTF_8), Optional.of(text.getBytes(UTF_8)), 7);

    DeadLetter back = DeadLetterJson.parse("cache", DeadLetterJson.value(letter));

    assertThat(back.key()).isEqualTo(letter.key());
    assertThat(back.value().orElseThrow()).isEqualTo(letter.value().orElseThrow());
    assertThat(back.partition()).isEqualTo(PARTITION);
    assertThat(back.withoutValue()).usingRecursiveComparison().isEqualTo(letter.withoutValue());
    assertThat(DeadLetterJson.key(back)).isEqualTo(DeadLetterJson.key(letter));
  }

  @Test
  void aDeleteIsNoTombstoneOfItsLetter() throws Exception {
    DeadLetter letter = letter("{\"id\":1}".getBytes(UTF_8), Optional.empty(), 7);

    byte[] value = DeadLetterJson.value(letter);

    assertThat(new ObjectMapper().readTree(value).path("deleted").asBoolean()).isTrue();
    assertThat(DeadLetterJson.parse("cache", value).isDelete()).isTrue();
  }

  @Test
  void anotherRecordOfTheSameRowIsAnotherLetter() {
    byte[] key = "{\"id\":1}".getBytes(UTF_8);

    assertThat(DeadLetterJson.key(letter(key, Optional.empty(), 7)))
        .isEqualTo("{\"generation\":2,\"topic\":\"shop.x.y\",\"seq\":7,\"key\":{\"id\":1}}")
        .isNotEqualTo(DeadLetterJson.key(letter(key, Optional.empty(), 8)));
  }

  @Test
  void whatIsNoLetterIsToldAndNotGuessed() {
    assertThatThrownBy(() -> DeadLetterJson.parse("cache", "{\"a\":1}".getBytes(UTF_8)))
        .isInstanceOfSatisfying(
            HeadwaterException.class,
            e -> {
              assertThat(e.code()).isEqualTo(FailureCode.LOG_NOT_READY);
              assertThat(e).hasMessageContaining("__headwater.dlq.cache");
            });
  }

  private static DeadLetter letter(byte[] key, Optional<byte[]> value, long seq) {
    return new DeadLetter(
        2,
        PARTITION,
        key,
        41,
        seq,
        5,
        value.isEmpty(),
        value.map(v -> (long) v.length).orElse(0L),
        value,
        "22001, a value does not fit",
        1_700_000_000_000L);
  }
}
