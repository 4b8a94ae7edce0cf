package dev.headwater.capture;

import static org.assertj.core.api.Assertions.assertThat;

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
}
