package dev.headwater.log.position;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.headwater.log.failure.FailureCode;
import dev.headwater.log.failure.HeadwaterException;
import dev.headwater.log.position.SourcePosition.RunningTransaction;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SourcePositionJsonTest {
  private static final SourceIdentity SOURCE =
      new SourceIdentity("7399123456789012345", 3, "shöp \"1\"", "headwater_shop", "headwater");

  @Test
  void aPositionBetweenUnitsComesBackAsItWas() {
    SourcePosition position =
        SourcePosition.atEnd(SOURCE, Lsn.parse("FFFFFFFF/FFFFFFFE"), 9_007_199_254_740_993L);
    assertThat(SourcePositionJson.parse(SourcePositionJson.write(position))).isEqualTo(position);
    assertThat(position.runningTransaction()).isEmpty();
  }

  @Test
  void aPositionInsideATransactionComesBackAsItWas() {
    RunningTransaction running =
        new RunningTransaction(
            Lsn.parse("16/B374D900"), 4_294_967_295L, 1L << 40, Lsn.parse("16/B374D848"));
    SourcePosition position = new SourcePosition(SOURCE, Lsn.parse("16/B374D800"), running, 12);
    SourcePosition read = SourcePositionJson.parse(SourcePositionJson.write(position));
    assertThat(read).isEqualTo(position);
    assertThat(read.runningTransaction()).contains(running);
  }

  @Test
  void aNewerFormatIsRefused() {
    byte[] bytes = SourcePositionJson.write(SourcePosition.atEnd(SOURCE, Lsn.ZERO, 0));
    String newer =
        new String(bytes, StandardCharsets.UTF_8).replace("\"format\":1", "\"format\":2");
    assertThat(newer).contains("\"format\":2");
    assertThatExceptionOfType(HeadwaterException.class)
        .isThrownBy(() -> SourcePositionJson.parse(newer.getBytes(StandardCharsets.UTF_8)))
        .withMessageContaining("format 2")
        .satisfies(e -> assertThat(e.code()).isEqualTo(FailureCode.LOG_NOT_READY))
        .satisfies(e -> assertThat(e.hint()).contains("newer"));
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "{", "[]", "null", "{}", "{\"format\":1}", "\u0000"})
  void whatIsNoPositionIsRefused(String text) {
    assertThatExceptionOfType(HeadwaterException.class)
        .isThrownBy(() -> SourcePositionJson.parse(text.getBytes(StandardCharsets.UTF_8)))
        .satisfies(e -> assertThat(e.code()).isEqualTo(FailureCode.LOG_NOT_READY));
  }
}
