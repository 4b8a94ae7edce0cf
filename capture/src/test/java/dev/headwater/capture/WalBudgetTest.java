package dev.headwater.capture;

import static org.assertj.core.api.Assertions.assertThat;

import dev.headwater.log.position.Lsn;
import java.util.Optional;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;

class WalBudgetTest {
  @Test
  void a4_stagesComeOneAfterTheOther() {
    assertThat(WalBudget.stageOf(0, 100)).isEqualTo(WalBudget.Stage.WITHIN);
    assertThat(WalBudget.stageOf(79, 100)).isEqualTo(WalBudget.Stage.WITHIN);
    assertThat(WalBudget.stageOf(80, 100)).isEqualTo(WalBudget.Stage.NEAR);
    assertThat(WalBudget.stageOf(100, 100)).isEqualTo(WalBudget.Stage.NEAR);
    assertThat(WalBudget.stageOf(101, 100)).isEqualTo(WalBudget.Stage.OVER);
  }

  @Test
  void a4_loadsPauseWhereThatIsAsked() {
    assertThat(allowsLoads(CaptureConfig.OverBudget.WARN, 200)).isTrue();
    assertThat(allowsLoads(CaptureConfig.OverBudget.PAUSE_SNAPSHOTS, 100)).isTrue();
    assertThat(allowsLoads(CaptureConfig.OverBudget.PAUSE_SNAPSHOTS, 101)).isFalse();
    assertThat(allowsLoads(CaptureConfig.OverBudget.GIVE_UP_SLOT, 79)).isTrue();
    assertThat(allowsLoads(CaptureConfig.OverBudget.GIVE_UP_SLOT, 80)).isFalse();
  }

  private static boolean allowsLoads(CaptureConfig.OverBudget over, long retained) {
    SlotState slot =
        new SlotState(
            "pgoutput",
            "shop",
            OptionalInt.empty(),
            new Lsn(1_000),
            new Lsn(1_000),
            "reserved",
            new Lsn(1_000 + retained));
    return WalBudget.allowsLoads(new CaptureConfig.SlotConfig("s", Optional.of(100L), over), slot);
  }
}
