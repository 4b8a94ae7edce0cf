package dev.headwater.log.position;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class LsnTest {
  @Test
  void isReadAndWrittenAsPostgresDoes() {
    assertThat(Lsn.parse("16/B374D848").value()).isEqualTo(0x16_B374_D848L);
    assertThat(Lsn.parse("16/b374d848")).hasToString("16/B374D848");
    assertThat(new Lsn(0x1_0000_000AL)).hasToString("1/A");
    assertThat(Lsn.ZERO).hasToString("0/0");
    assertThat(Lsn.parse("FFFFFFFF/FFFFFFFF").value()).isEqualTo(-1L);
  }

  @Test
  void everyAddressComesBackFromItsText() {
    Random random = new Random(7);
    for (int i = 0; i < 10_000; i++) {
      Lsn lsn = new Lsn(random.nextLong() >>> random.nextInt(64));
      assertThat(Lsn.parse(lsn.toString())).isEqualTo(lsn);
    }
  }

  @Test
  void isComparedUnsigned() {
    Lsn low = Lsn.parse("7FFFFFFF/FFFFFFFF");
    Lsn high = Lsn.parse("80000000/0");
    assertThat(low).isLessThan(high);
    assertThat(low.isBefore(high)).isTrue();
    assertThat(high.isBefore(low)).isFalse();
    assertThat(high.isBefore(high)).isFalse();
    assertThat(high.bytesSince(low)).isEqualTo(1);
    assertThat(low.bytesSince(high)).isEqualTo(-1);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "/", "1", "1/", "/1", "x/1", "1/x", "1/2/3", "-1/2", "1/ 2"})
  void textThatIsNoLsnIsRefused(String text) {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Lsn.parse(text))
        .withMessageContaining("not an LSN");
  }

  @ParameterizedTest
  @ValueSource(strings = {"0/1FFFFFFFF", "100000000/0"})
  void halvesOfMoreThan32BitsAreRefused(String text) {
    assertThatIllegalArgumentException().isThrownBy(() -> Lsn.parse(text));
  }
}
