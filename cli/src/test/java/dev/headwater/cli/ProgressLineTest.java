package dev.headwater.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.OptionalLong;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class ProgressLineTest {
  private final ByteArrayOutputStream written = new ByteArrayOutputStream();
  private final PrintStream err = new PrintStream(written, true, StandardCharsets.UTF_8);
  private long nanos;

  @Test
  void drawsABarOverItselfOnATerminal() {
    try (ProgressLine progress = line(true, OptionalLong.of(1_000_000))) {
      after(30);
      progress.rowsDone(250_000);
      after(30);
    }
    assertThat(text())
        .isEqualTo(
            "\r\u001b[Kshop.public.orders  [######------------------]  25 %  250,000 rows"
                + "  8,333 rows/s  1:30 left"
                + "\r\u001b[Kshop.public.orders  250,000 rows  4,167 rows/s  in 1:00\n");
  }

  @Test
  void writesPlainLinesNowAndThenElsewhere() {
    try (ProgressLine progress = line(false, OptionalLong.of(100))) {
      progress.rowsDone(1);
      after(9);
      progress.rowsDone(20);
      after(1);
      progress.rowsDone(50);
    }
    assertThat(text().lines())
        .containsExactly(
            "shop.public.orders   50 %  50 rows  5 rows/s  0:10 left",
            "shop.public.orders  50 rows  5 rows/s  in 0:10");
  }

  @Test
  void needsNoTotalAndBearsOneThatIsTooLow() {
    try (ProgressLine unknown = line(false, OptionalLong.empty());
        ProgressLine low = line(false, OptionalLong.of(10))) {
      after(7200);
      unknown.rowsDone(7200);
      low.rowsDone(7200);
    }
    assertThat(text().lines())
        .containsExactly(
            "shop.public.orders  7,200 rows  1 rows/s",
            "shop.public.orders   99 %  7,200 rows  1 rows/s  0:00 left",
            "shop.public.orders  7,200 rows  1 rows/s  in 2:00:00",
            "shop.public.orders  7,200 rows  1 rows/s  in 2:00:00");
  }

  private ProgressLine line(boolean isTerminal, OptionalLong total) {
    return new ProgressLine(err, isTerminal, "shop.public.orders", total, () -> nanos);
  }

  private void after(long seconds) {
    nanos += TimeUnit.SECONDS.toNanos(seconds);
  }

  private String text() {
    return written.toString(StandardCharsets.UTF_8).replace("\r\n", "\n");
  }
}
