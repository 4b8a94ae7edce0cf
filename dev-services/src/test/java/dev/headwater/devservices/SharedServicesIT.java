package dev.headwater.devservices;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;

class SharedServicesIT {
  @Test
  void startsEachServerOnceHoweverManyAsk() {
    CompletableFuture<RedisServer> other = CompletableFuture.supplyAsync(SharedServices::redis);

    RedisServer mine = SharedServices.redis();

    assertThat(other.join()).isSameAs(mine);
    assertThat(mine.isAlive()).isTrue();
  }
}
