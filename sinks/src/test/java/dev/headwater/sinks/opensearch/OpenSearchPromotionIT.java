package dev.headwater.sinks.opensearch;

import static org.assertj.core.api.Assertions.assertThat;

import dev.headwater.devservices.SharedServices;
import dev.headwater.sinks.PromotionContract;
import dev.headwater.sinks.SinkConfig;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class OpenSearchPromotionIT extends PromotionContract {
  private final String name = "promoted-" + System.nanoTime();

  @Override
  protected SinkConfig config() {
    return OpenSearchTarget.config(name, SharedServices.openSearch().url(), List.of("*"), Map.of());
  }

  @Override
  protected void cleanUp() {
    Http http = new Http(SharedServices.openSearch().url());
    http.send("DELETE", "/" + name + "-g1", "");
    http.send("DELETE", "/" + name + "-g2", "");
  }

  /**
   * A batch of the serving writer may be in its index without the checkpoint: only offsets that are
   * taken once it is fenced are past that batch.
   */
  @Test
  void offsetsThatWereTakenBeforeTheFenceDoNotSwitch() {
    level();

    assertThat(promoteOnce(10).isHeld()).isTrue();
    assertThat(servingNumber()).isEqualTo(1);

    assertThat(promoteOnce(10).isDone()).isTrue();
    assertThat(servingNumber()).isEqualTo(2);
  }
}
