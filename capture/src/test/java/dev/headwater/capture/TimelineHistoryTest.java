package dev.headwater.capture;

import static org.assertj.core.api.Assertions.assertThat;

import dev.headwater.log.position.Lsn;
import org.junit.jupiter.api.Test;

class TimelineHistoryTest {
  private static final String HISTORY =
      "1\t0/3000158\tno recovery target specified\n\n2\t0/5000000\tbefore 2026-01-01\n";

  @Test
  void tellsWhereATimelineWasLeft() {
    assertThat(TimelineHistory.find(HISTORY, 1)).contains(Lsn.parse("0/3000158"));
    assertThat(TimelineHistory.find(HISTORY, 2)).contains(Lsn.parse("0/5000000"));
    assertThat(TimelineHistory.find(HISTORY, 3)).isEmpty();
    assertThat(TimelineHistory.find("", 1)).isEmpty();
  }
}
