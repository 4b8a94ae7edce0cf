package dev.headwater.sinks.opensearch;

import dev.headwater.devservices.SharedServices;
import dev.headwater.sinks.PromotionContract;
import dev.headwater.sinks.SinkConfig;
import java.util.List;
import java.util.Map;

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
}
