package dev.headwater.devservices;

import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The servers all tests of one virtual machine share: each is started when it is first asked for
 * and stopped when the virtual machine ends.
 *
 * <p>Tests share the data too: take a database, topics, keys and indices with names of your own. A
 * test that kills, freezes or restarts a server starts one for itself instead.
 */
public final class SharedServices {
  private static final Shared<PostgresServer> POSTGRES = new Shared<>(PostgresServer::start);
  private static final Shared<KafkaServer> KAFKA = new Shared<>(KafkaServer::start);
  private static final Shared<RedisServer> REDIS = new Shared<>(RedisServer::start);
  private static final Shared<OpenSearchServer> OPEN_SEARCH = new Shared<>(OpenSearchServer::start);

  private SharedServices() {}

  public static PostgresServer postgres() {
    return POSTGRES.get();
  }

  public static KafkaServer kafka() {
    return KAFKA.get();
  }

  public static RedisServer redis() {
    return REDIS.get();
  }

  public static OpenSearchServer openSearch() {
    return OPEN_SEARCH.get();
  }

  /** One server, started once; threads that come meanwhile wait. A failed start is tried again. */
  private static final class Shared<S extends DevServer> {
    private final Supplier<S> starter;
    private @Nullable S server;

    Shared(Supplier<S> starter) {
      this.starter = starter;
    }

    synchronized S get() {
      S current = server;
      if (current == null) {
        S started = starter.get();
        Runtime.getRuntime().addShutdownHook(new Thread(started::close, "dev-services/close"));
        server = started;
        current = started;
      }
      return current;
    }
  }
}
