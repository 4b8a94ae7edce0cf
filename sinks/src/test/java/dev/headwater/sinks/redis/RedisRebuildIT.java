package dev.headwater.sinks.redis;

import static dev.headwater.sinks.TestRows.key;
import static dev.headwater.sinks.TestRows.row;
import static org.assertj.core.api.Assertions.assertThat;

import dev.headwater.devservices.RedisServer;
import dev.headwater.devservices.SharedServices;
import dev.headwater.sinks.RunningSink;
import dev.headwater.sinks.SinkConfig;
import dev.headwater.sinks.SinkWish;
import dev.headwater.sinks.TestLog;
import dev.headwater.sinks.TestRows;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import redis.clients.jedis.Jedis;
import redis.clients.jedis.Response;
import redis.clients.jedis.Transaction;

/** A cache rebuilt from the log, with real readers and writers at work all the while. */
@Timeout(value = 3, unit = TimeUnit.MINUTES)
class RedisRebuildIT {
  private static final String BROKERS = SharedServices.kafka().bootstrapServers();
  private static final AtomicInteger NAMES = new AtomicInteger();
  private static final int ROWS = 1_000;

  private final String name = "again-" + NAMES.incrementAndGet();
  private final TestRows rows = TestRows.withNumberKey();
  private final Random random = new Random(5);
  private final TreeMap<Integer, String> expected = new TreeMap<>();
  private final List<AutoCloseable> opened = new ArrayList<>();
  private final RedisServer server = RedisServer.start();
  private final Jedis redis = jedis();
  private TestLog log = new TestLog(BROKERS, rows, 2);

  @BeforeEach
  void fillLog() {
    for (int id = 0; id < ROWS; id++) {
      put(id, 0);
    }
    log.commit();
  }

  @AfterEach
  void closeAll() throws Exception {
    for (int i = opened.size() - 1; i >= 0; i--) {
      opened.get(i).close();
    }
    redis.close();
    log.close();
    server.close();
  }

  @Test
  void readersByThePointerSeeWholeGenerationsOverSwitchRollbackAndDrop() throws Exception {
    RunningSink sink = start(pointer(name + ":{id}"), Duration.ofSeconds(1));
    sink.await(() -> contents(pointed()).equals(expected));
    Traffic traffic = new Traffic();
    opened.add(traffic);
    Reader reader = new Reader();
    opened.add(reader);

    sink.wish(SinkWish.Action.REBUILD, true);
    sink.await(() -> sink.status().generation() == 2);
    sink.wish(SinkWish.Action.ROLLBACK, false);
    sink.await(() -> sink.status().generation() == 1);
    sink.wish(SinkWish.Action.ROLLBACK, false);
    sink.await(() -> sink.status().generation() == 2);
    // Drops the one that is kept, and the one before it once the switch has held.
    sink.wish(SinkWish.Action.REBUILD, false);
    sink.await(() -> sink.status().generation() == 3);
    sink.await(() -> sink.status().previous().isEmpty());
    traffic.close();
    reader.close();

    sink.await(() -> contents(pointed()).equals(expected));
    assertThat(reader.failures).isEmpty();
    assertThat(reader.reads.get()).isGreaterThan(50);
    sink.await(() -> redis.keys(name + ":g1:*").isEmpty() && redis.keys(name + ":g2:*").isEmpty());
    assertThat(redis.exists("__headwater:" + name + ":g1", "__headwater:" + name + ":g2")).isZero();
  }

  @Test
  void inPlaceEveryRowIsWrittenOnceMoreAndGhostsGoButStrangersStay() throws Exception {
    RunningSink sink = start(inPlace(name + ":{id}"), Duration.ofSeconds(1));
    sink.await(() -> contents(name + ":").equals(expected));
    redis.set(name + ":7", "spoiled");
    redis.del(name + ":8");
    redis.set(name + ":999999", row(999_999, "ghost", 1));
    Map<String, String> strangers =
        Map.of(
            name + ":42:session",
            "theirs",
            name + ":abc",
            "theirs",
            name + ":007",
            "theirs",
            name + ":",
            "theirs",
            name + ":generation",
            "theirs",
            "other:42",
            "theirs");
    strangers.forEach(redis::set);
    Traffic traffic = new Traffic();
    opened.add(traffic);

    sink.wish(SinkWish.Action.REBUILD, false);
    // While the traffic goes on.
    sink.await(() -> sink.status().generation() == 2 && sink.status().rebuild().isEmpty());
    traffic.close();

    strangers.forEach((key, value) -> assertThat(redis.get(key)).as(key).isEqualTo(value));
    strangers.keySet().forEach(redis::del);
    sink.await(() -> contents(name + ":").equals(expected));
  }

  @Test
  void inPlaceNamesOfAnEarlierTemplateAreTakenAway() throws Exception {
    RunningSink before = start(inPlace(name + ":{id}"), Duration.ofSeconds(1));
    before.await(() -> contents(name + ":").equals(expected));
    before.close();
    redis.set(name + ":42:session", "theirs");

    RunningSink sink = start(inPlace(name + "-new:{id}"), Duration.ofSeconds(1));
    sink.await(() -> sink.status().generation() == 2 && sink.status().rebuild().isEmpty());

    sink.await(() -> contents(name + "-new:").equals(expected));
    assertThat(redis.keys(name + ":*")).containsExactly(name + ":42:session");
  }

  @Test
  void fixedNamesMayGiveWayToAPointerAndItsReadersAreSwitchedOver() throws Exception {
    RunningSink before = start(inPlace(name + ":{id}"), Duration.ofSeconds(1));
    before.await(() -> contents(name + ":").equals(expected));
    before.close();
    redis.set(name + ":42:session", "theirs");

    RunningSink sink = start(pointer(name + ":{id}"), Duration.ZERO);
    sink.await(() -> redis.exists(name + ":generation"));
    sink.await(() -> contents(pointed()).equals(expected));
    // A changed definition keeps what it replaces, until the next rebuild.
    assertThat(contents(name + ":").keySet()).containsAll(expected.keySet());
    sink.wish(SinkWish.Action.REBUILD, false);
    sink.await(() -> sink.status().generation() == 3);

    sink.await(() -> contents(pointed()).equals(expected));
    sink.await(() -> redis.keys(name + ":[0-9]*").equals(java.util.Set.of(name + ":42:session")));
  }

  @Test
  void aServerThatWasEmptiedIsFilledAgain() throws Exception {
    RunningSink sink = start(pointer(name + ":{id}"), Duration.ofSeconds(1));
    sink.await(() -> contents(pointed()).equals(expected));

    redis.flushAll();

    sink.await(() -> contents(pointed()).equals(expected));
  }

  private SinkConfig.Redis pointer(String template) {
    return config(template, SinkConfig.Redis.Generations.POINTER);
  }

  private SinkConfig.Redis inPlace(String template) {
    return config(template, SinkConfig.Redis.Generations.IN_PLACE);
  }

  private SinkConfig.Redis config(String template, SinkConfig.Redis.Generations kind) {
    String table = rows.schema().table().toString();
    return RedisTarget.config(name, server.url(), template, kind, table);
  }

  private RunningSink start(SinkConfig config, Duration grace) {
    RunningSink running = new RunningSink(config, BROKERS, grace);
    opened.add(running);
    return running;
  }

  private Jedis jedis() {
    return new Jedis("127.0.0.1", server.port());
  }

  private String pointed() {
    String pointer = redis.get(name + ":generation");
    return (pointer == null ? "nothing:" : pointer) + name + ":";
  }

  private synchronized void put(int id, int qty) {
    expected.put(id, row(id, "n" + random.nextInt(1_000_000), qty));
    log.put(key(id), expected.get(id));
  }

  /** What stands under whole numbers behind a prefix. */
  private TreeMap<Integer, String> contents(String prefix) {
    TreeMap<Integer, String> found = new TreeMap<>();
    for (String one : redis.keys(prefix + "*")) {
      String id = one.substring(prefix.length());
      if (id.matches("[0-9]+")) {
        String value = redis.get(one);
        if (value != null) {
          found.put(Integer.valueOf(id), value);
        }
      }
    }
    return found;
  }

  /** Updates of living rows: the count of rows never changes, and their quantities only rise. */
  private final class Traffic implements AutoCloseable {
    private volatile boolean stopped;
    private final Thread thread = new Thread(this::run, "traffic");

    Traffic() {
      thread.start();
    }

    private void run() {
      for (int i = 1; !stopped; i++) {
        put(random.nextInt(ROWS), i);
        if (i % 20 == 0) {
          log.commit();
          // A pace that a sink keeps up with on a busy machine: one that never is level is never
          // done.
          LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(10));
        }
      }
      log.commit();
    }

    @Override
    public void close() throws InterruptedException {
      stopped = true;
      thread.join();
    }
  }

  /** Reads as README.md says, without a pause, and notes what it must never see. */
  private final class Reader implements AutoCloseable {
    private final List<String> failures = new ArrayList<>();
    private final AtomicLong reads = new AtomicLong();
    private volatile boolean stopped;
    private final Thread thread = new Thread(this::run, "reader");

    Reader() {
      thread.start();
    }

    private void run() {
      try (Jedis connection = jedis()) {
        String namespace = connection.get(name + ":generation");
        long[] last = new long[100];
        while (!stopped) {
          List<String> found = null;
          while (found == null) {
            String[] names = new String[100];
            for (int id = 0; id < names.length; id++) {
              names[id] = namespace + name + ":" + id;
            }
            Transaction both = connection.multi();
            Response<String> pointer = both.get(name + ":generation");
            Response<List<String>> values = both.mget(names);
            both.exec();
            if (pointer.get().equals(namespace)) {
              found = values.get();
            }
            namespace = pointer.get();
          }
          for (int id = 0; id < last.length; id++) {
            String value = found.get(id);
            if (value == null) {
              failures.add("row " + id + " is not in " + namespace);
              continue;
            }
            long qty =
                Long.parseLong(value.substring(value.lastIndexOf(':') + 1, value.length() - 1));
            if (qty < last[id]) {
              failures.add("row " + id + " went back from " + last[id] + " to " + qty);
            }
            last[id] = qty;
          }
          reads.incrementAndGet();
        }
      } catch (RuntimeException e) {
        failures.add(e.toString());
      }
    }

    @Override
    public void close() throws InterruptedException {
      stopped = true;
      thread.join();
    }
  }
}
