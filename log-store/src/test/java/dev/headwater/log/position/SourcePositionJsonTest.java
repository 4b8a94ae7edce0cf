package dev.headwater.log.position;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.headwater.log.failure.FailureCode;
import dev.headwater.log.failure.HeadwaterException;
import dev.headwater.log.position.SourcePosition.RunningTransaction;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

class SourcePositionJsonTest {
  private static final SourceIdentity SOURCE =
      new SourceIdentity("7312345678901234567", 3, "sh\"op", "slot", "publication");

  @Test
  void readsBackWhatItWrote() {
    SourcePosition atEnd = SourcePosition.atEnd(SOURCE, Lsn.parse("16/B374D848"), Long.MAX_VALUE);
    SourcePosition inside =
        new SourcePosition(
            SOURCE,
            new Lsn(-1),
            new RunningTransaction(new Lsn(-2), 4_294_967_295L, 5_000_000_000L, Lsn.ZERO),
            0);

    assertThat(SourcePositionJson.parse(SourcePositionJson.write(atEnd))).isEqualTo(atEnd);
    assertThat(SourcePositionJson.parse(SourcePositionJson.write(inside))).isEqualTo(inside);
  }

  @Test
  void refusesANewerFormat() {
    String newer =
        new String(
                SourcePositionJson.write(SourcePosition.atEnd(SOURCE, new Lsn(1), 1)),
                StandardCharsets.UTF_8)
            .replace("\"format\":1", "\"format\":2");

    assertRefused(newer, "format 2");
  }

  @Test
  void refusesWhatIsNoPosition() {
    assertRefused("{", "cannot be read");
    assertRefused("{\"format\":1}", "cannot be read");
    assertRefused("[]", "format 0");
  }

  private static void assertRefused(String json, String message) {
    assertThatThrownBy(() -> SourcePositionJson.parse(json.getBytes(StandardCharsets.UTF_8)))
        .isInstanceOfSatisfying(
            HeadwaterException.class,
            e -> assertThat(e.code()).isEqualTo(FailureCode.LOG_NOT_READY))
        .hasMessageContaining(message);
  }
}
