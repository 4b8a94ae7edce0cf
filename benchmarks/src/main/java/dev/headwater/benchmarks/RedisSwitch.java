package dev.headwater.benchmarks;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.headwater.devservices.RedisServer;
import java.io.IOException;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.stream.LongStream;
import redis.clients.jedis.Jedis;
import redis.clients.jedis.Response;
import redis.clients.jedis.Transaction;

/**
 * A cache. Behind a pointer it is read as README.md says: the pointer and the rows in one {@code
 * MULTI}. Rebuilt in place it has fixed names, which are read as they are.
 */
final class RedisSwitch implements SwitchTarget {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String POINTED = "redis";
  private static final String IN_PLACE = "redis-in-place";
  private static final int BLOCK = 1_000;

  private final String name;
  private final String pointer;
  private final RedisServer server;
  private final Jedis session;
  private final long rows;

  static RedisSwitch pointed(Lab lab, long rows) {
    return new RedisSwitch(POINTED, lab, rows);
  }

  static RedisSwitch inPlace(Lab lab, long rows) {
    return new RedisSwitch(IN_PLACE, lab, rows);
  }

  private RedisSwitch(String name, Lab lab, long rows) {
    this.name = name;
    this.pointer = name + ":generation";
    this.server = lab.servers.redis();
    this.session = connect();
    this.rows = rows;
    // Of a kind before, whose keys would be counted.
    session.flushAll();
    Progress.say("Redis listens on port " + server.port());
  }

  private Jedis connect() {
    return new Jedis("127.0.0.1", server.port(), 60_000);
  }

  @Override
  public String name() {
    return name;
  }

  @Override
  public boolean hasGenerations() {
    return name.equals(POINTED);
  }

  @Override
  public long pid() {
    return server.pid();
  }

  @Override
  public String yaml(String topic) {
    return """
      - name: %s
        type: redis
        url: %s
        tables: [%s]
        key: "row:{id}"
        generations: %s
    """
        .formatted(name, server.url(), topic, hasGenerations() ? "pointer" : "in_place");
  }

  @Override
  public synchronized long rows() {
    return session.exists(pointer) || !hasGenerations() ? session.dbSize() : 0;
  }

  @Override
  public List<Reader> readers() {
    return List.of(
        new Reader("MGET of 100 rows", () -> new Reading(LiveWriter.HOT_ROWS, false)),
        new Reader("GET of any row", () -> new Reading(1, true)),
        new Reader("MGET of all rows, by " + BLOCK, () -> new Reading(BLOCK, false)));
  }

  @Override
  public synchronized void spoil(List<Long> changed, List<Long> deleted, List<Long> added) {
    String prefix = (hasGenerations() ? session.get(pointer) : "") + "row:";
    changed.forEach(id -> session.set(prefix + id, "{\"id\":" + id + ",\"version\":-1}"));
    deleted.forEach(id -> session.del(prefix + id));
    added.forEach(id -> session.set(prefix + id, "{\"id\":" + id + "}"));
  }

  @Override
  public long diskBytes() {
    return 0;
  }

  @Override
  public synchronized boolean isDropped() {
    return session.dbSize() < rows + rows / 2;
  }

  @Override
  public synchronized void close() {
    session.close();
  }

  /** One connection that reads blocks of rows, all of them by turns or one at random. */
  private final class Reading implements Reader.Reading {
    private final Jedis connection = connect();
    private final int size;
    private final boolean isRandom;
    private final Random random = new Random(17);
    private final Versions versions = new Versions(rows);
    private long next = 1;
    private String prefix = "";

    Reading(int size, boolean isRandom) {
      this.size = size;
      this.isRandom = isRandom;
    }

    @Override
    public void once(ReadLog log) throws IOException {
      long first = isRandom ? 1 + random.nextLong(rows) : next;
      long[] ids = LongStream.range(first, Math.min(first + size, rows + 1)).toArray();
      List<String> found = hasGenerations() ? wholeGeneration(ids) : fixedNames(ids);
      log.servedBy(prefix);
      log.requireRows(ids.length, found.stream().filter(value -> value != null).count());
      for (int i = 0; i < ids.length; i++) {
        if (found.get(i) != null) {
          JsonNode row = JSON.readTree(found.get(i));
          versions.saw(ids[i], row.path("version").asLong(), log);
        }
      }
      boolean isHot = size == LiveWriter.HOT_ROWS;
      next = isHot || first + size > rows ? 1 : first + size;
    }

    private String[] names(long[] ids) {
      return LongStream.of(ids).mapToObj(id -> prefix + "row:" + id).toArray(String[]::new);
    }

    private List<String> fixedNames(long[] ids) {
      return connection.mget(names(ids));
    }

    private List<String> wholeGeneration(long[] ids) {
      while (true) {
        String[] names = names(ids);
        Transaction both = connection.multi();
        Response<String> answering = both.get(pointer);
        Response<List<String>> values = names.length == 1 ? null : both.mget(names);
        Response<String> value = names.length == 1 ? both.get(names[0]) : null;
        both.exec();
        boolean isWhole = prefix.equals(answering.get());
        prefix = String.valueOf(answering.get());
        if (isWhole) {
          return values == null ? Collections.singletonList(value.get()) : values.get();
        }
      }
    }

    @Override
    public void close() {
      connection.close();
    }
  }
}
