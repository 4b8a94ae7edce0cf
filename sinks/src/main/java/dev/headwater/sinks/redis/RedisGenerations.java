package dev.headwater.sinks.redis;

import dev.headwater.log.failure.FailureCode;
import dev.headwater.log.failure.HeadwaterException;
import dev.headwater.log.replay.LogPartition;
import dev.headwater.sinks.Checkpoint;
import dev.headwater.sinks.Generation;
import dev.headwater.sinks.GenerationSet;
import dev.headwater.sinks.Generations;
import dev.headwater.sinks.KeyTemplate;
import dev.headwater.sinks.Promotion;
import dev.headwater.sinks.Sink;
import dev.headwater.sinks.SinkConfig;
import dev.headwater.sinks.SinkDefinition;
import dev.headwater.sinks.SinkTables;
import dev.headwater.sinks.TableKeys;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;

/**
 * The generations of a cache.
 *
 * <p><b>pointer:</b> each has a namespace, and a pointer key says which one serves. The switch is
 * one script that looks at all checkpoints and sets the pointer; readers that ask for the pointer
 * and their names in one {@code MULTI} never see half of it. <b>in_place:</b> there is one copy
 * under fixed names, which a new generation takes over. A sink may go from the one to the other.
 *
 * <p>{@link RedisState} has the scripts, {@link RedisNames} what stands where.
 */
public final class RedisGenerations implements Generations {
  private static final long HOLD_MS = 900;
  private static final long LOOK_MS = 10;
  private static final long PIECE_MS = 200;
  private static final byte[] YES = RedisNames.bytes("1");
  private static final byte[] NO = RedisNames.bytes("0");
  private static final byte[] NOTHING = {};

  private final SinkConfig.Redis config;
  private final Duration timeout;
  private final RedisConnection redis;
  private final Map<Integer, RedisScan> removals = new ConcurrentHashMap<>();

  /** How what was read last is being built, whatever the configuration says by now. */
  private volatile Optional<Kind> building = Optional.empty();

  /** Connects to nobody yet. */
  public RedisGenerations(SinkConfig.Redis config) {
    this(config, RedisConnection.TIMEOUT);
  }

  /**
   * @param timeout how long a connection or an answer is waited for
   */
  RedisGenerations(SinkConfig.Redis config, Duration timeout) {
    this.config = config;
    this.timeout = timeout;
    this.redis = new RedisConnection(config, timeout);
  }

  @Override
  public String sink() {
    return config.name();
  }

  @Override
  public Kind kind() {
    return building.orElse(RedisNames.isPointer(config) ? Kind.BESIDE : Kind.IN_PLACE);
  }

  @Override
  public GenerationSet read() {
    GenerationSet set = state().set();
    building = set.building().map(g -> set.serving().isPresent() ? Kind.BESIDE : Kind.IN_PLACE);
    return set;
  }

  private RedisState state() {
    byte[] key = RedisNames.state(config.name());
    Map<String, String> fields = new HashMap<>();
    redis.call(r -> r.hgetAll(key)).forEach((name, value) -> fields.put(text(name), text(value)));
    return new RedisState(fields);
  }

  private static String text(byte[] bytes) {
    return new String(bytes, StandardCharsets.UTF_8);
  }

  @Override
  public Map<String, Checkpoint> checkpoints(int number) {
    byte[] key = RedisNames.checkpoints(config.name(), number);
    Map<String, Checkpoint> found = new HashMap<>();
    redis
        .call(r -> r.hgetAll(key))
        .forEach(
            (name, value) -> {
              String field = text(name);
              if (field.startsWith("at:")) {
                RedisPartitionWriter.parse(value)
                    .ifPresent(c -> found.put(field.substring("at:".length()), c));
              }
            });
    return found;
  }

  @Override
  public GenerationSet begin(String request, String definition, boolean keepPrevious) {
    SinkConfig.Redis own = (SinkConfig.Redis) SinkDefinition.apply(definition, config);
    String answer =
        run(
            RedisState.BEGIN,
            RedisNames.bytes(request),
            RedisNames.bytes(definition),
            keepPrevious ? YES : NO,
            RedisNames.isPointer(own) ? NO : YES,
            RedisNames.checkpointsOfAny(config.name()),
            RedisNames.isPointer(own) ? RedisNames.bytes(config.name() + ":g") : NOTHING);
    if (!answer.equals("done")) {
      throw new HeadwaterException(
          FailureCode.TARGET_NOT_READY,
          "sink '%s' – a %s generation is still there"
              .formatted(config.name(), answer.equals("previous") ? "previous" : "former, dropped"),
          "It is dropped first, by itself; then try again.");
    }
    return read();
  }

  @Override
  public Sink open(Generation generation) {
    return new RedisSink(
        own(generation.definition()), generation.number(), new RedisConnection(config, timeout));
  }

  private SinkConfig.Redis own(String definition) {
    return (SinkConfig.Redis) SinkDefinition.apply(definition, config);
  }

  /** Takes away names that only an earlier definition gave, where there is one copy. */
  @Override
  public Promotion finish(int number) {
    RedisState state = state();
    for (Generation generation : state.set().all()) {
      if (generation.number() == number && !state.before(number).isEmpty()) {
        SinkConfig.Redis now = own(generation.definition());
        for (RedisState.Earlier earlier : state.before(number)) {
          removeOutdated(state, now, earlier);
        }
        byte[] key = RedisNames.state(config.name());
        redis.call(r -> r.hdel(key, RedisNames.bytes(number + ".before")));
      }
    }
    return Promotion.DONE;
  }

  private void removeOutdated(RedisState state, SinkConfig.Redis now, RedisState.Earlier earlier) {
    SinkConfig.Redis then = own(earlier.definition());
    boolean isSame =
        then.keyTemplate().equals(now.keyTemplate())
            && then.generations() == now.generations()
            && then.tables().equals(now.tables());
    if (isSame) {
      return;
    }
    KeyTemplate template = RedisNames.template(then, earlier.number());
    KeyTemplate today = RedisNames.template(now, 0);
    List<TableKeys> formerTables = tablesOf(state, then);
    List<TableKeys> todaysTables = tablesOf(state, now);
    RedisScan scan = RedisScan.of(redis, template.prefix());
    while (!scan.isDone()) {
      scan.unlink(
          scan.next().stream()
              .filter(name -> RedisScan.isRow(template, formerTables, name))
              .filter(name -> !RedisScan.isRow(today, todaysTables, name))
              .toList());
    }
  }

  private static List<TableKeys> tablesOf(RedisState state, SinkConfig.Redis config) {
    return state.tables().stream().filter(t -> SinkTables.of(config).test(t.table())).toList();
  }

  @Override
  public Promotion promote(int number, String request, Map<LogPartition, Long> atLeast) {
    RedisState state = state();
    String namespace =
        state.set().all().stream()
            .filter(g -> g.number() == number)
            .findFirst()
            .map(g -> RedisNames.namespace(own(g.definition()), number))
            .orElse("");
    List<byte[]> arguments =
        new ArrayList<>(
            List.of(
                RedisNames.bytes(Integer.toString(number)),
                RedisNames.bytes(request),
                RedisNames.checkpointsOfAny(config.name()),
                RedisNames.bytes(namespace),
                YES));
    atLeast.forEach(
        (partition, offset) -> {
          arguments.add(RedisNames.bytes(partition.toString()));
          arguments.add(RedisNames.bytes(partition.topicId()));
          arguments.add(RedisNames.bytes(Long.toString(offset)));
        });
    String answer = run(RedisState.PROMOTE, arguments.toArray(byte[][]::new));
    // What serves is held back once, for a moment, so that the other comes level under load too.
    arguments.set(4, NO);
    long end = System.nanoTime() + HOLD_MS * 1_000_000;
    while (answer.startsWith("ahead") && System.nanoTime() < end && pause()) {
      answer = run(RedisState.PROMOTE, arguments.toArray(byte[][]::new));
    }
    return switch (answer) {
      case "done" -> Promotion.DONE;
      case "gone" -> Promotion.waitsFor("generation " + number + ", which is not there");
      default -> Promotion.waitsFor("for " + answer.substring(answer.indexOf(' ') + 1));
    };
  }

  private static boolean pause() {
    try {
      Thread.sleep(LOOK_MS);
      return true;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    }
  }

  @Override
  public Promotion drop(int number, String request) {
    String answer =
        run(
            RedisState.DROP,
            RedisNames.bytes(Integer.toString(number)),
            RedisNames.bytes(request),
            RedisNames.checkpointsOfAny(config.name()));
    if (answer.equals("done")) {
      return Promotion.DONE;
    }
    if (answer.equals("serving")) {
      return Promotion.waitsFor("generation " + number + " serves");
    }
    RedisState state = state();
    SinkConfig.Redis then =
        state.set().all().stream()
            .filter(g -> g.number() == number)
            .findFirst()
            .map(g -> own(g.definition()))
            .orElse(config);
    return remove(state, number, then);
  }

  /** Takes a piece of a generation's rows away; another call goes on where this one ended. */
  private Promotion remove(RedisState state, int number, SinkConfig.Redis then) {
    KeyTemplate template = RedisNames.template(then, number);
    List<TableKeys> tables = tablesOf(state, then);
    RedisScan scan = removals.computeIfAbsent(number, n -> RedisScan.of(redis, template.prefix()));
    long end = System.nanoTime() + PIECE_MS * 1_000_000;
    while (!scan.isDone()) {
      if (System.nanoTime() > end) {
        return Promotion.waitsFor("the rows of generation " + number + " are taken away");
      }
      List<byte[]> names = scan.next();
      // All of a namespace is the generation's; among fixed names only what is exactly a row's.
      scan.unlink(
          RedisNames.isPointer(then)
              ? names
              : names.stream().filter(name -> RedisScan.isRow(template, tables, name)).toList());
    }
    run(RedisState.FORGET, RedisNames.bytes(Integer.toString(number)));
    removals.remove(number);
    return Promotion.DONE;
  }

  private String run(byte[] script, byte[]... arguments) {
    List<byte[]> keys = List.of(RedisNames.state(config.name()), RedisNames.pointer(config.name()));
    return text((byte[]) redis.call(r -> r.eval(script, keys, List.of(arguments))));
  }

  @Override
  public void close() {
    redis.close();
  }
}
