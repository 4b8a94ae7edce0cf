package dev.headwater.sinks.redis;

import dev.headwater.sinks.Generation;
import dev.headwater.sinks.GenerationSet;
import dev.headwater.sinks.TableKeys;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;

/**
 * What is noted of a sink's generations, in one hash, and the scripts that change it, each of which
 * Redis runs alone.
 *
 * <pre>
 * last                   the number given last
 * request                the request carried out, or begun, last
 * N.state N.definition N.kept N.request N.since      generation N
 * N.before               in place: by what its names were made before, "NUMBER DEFINITION" a line
 * key:TABLE              what a table's keys look like
 * </pre>
 */
final class RedisState {
  /** What the fields with tables' keys begin with. */
  static final String KEY_FIELD = "key:";

  private static final String COMMON =
      """
      local s = KEYS[1]
      local function field(n, name) return string.format('%d.%s', n, name) end
      local function forget(n)
        redis.call('HDEL', s, field(n, 'state'), field(n, 'definition'), field(n, 'kept'),
            field(n, 'request'), field(n, 'since'), field(n, 'before'))
      end
      local t = redis.call('TIME')
      local millis = t[1] * 1000 + math.floor(t[2] / 1000)
      local now = string.format('%.0f', millis)
      local by = {}
      for n = 1, tonumber(redis.call('HGET', s, 'last') or '0') do
        local state = redis.call('HGET', s, field(n, 'state'))
        if state then by[state] = n end
      end
      local function forgetCheckpoints(all)
        for _, name in ipairs(redis.call('HKEYS', all)) do
          if string.sub(name, 1, 6) == 'owner:' then
            redis.call('DEL', all .. ':' .. string.sub(name, 7))
          end
        end
        redis.call('DEL', all)
      end
      local function move(n, state)
        redis.call('HSET', s, field(n, 'state'), state, field(n, 'since'), now)
      end
      """;

  /** Arguments: request, definition, whether kept, whether in place, checkpoints, namespace. */
  static final byte[] BEGIN =
      RedisNames.bytes(
          COMMON
              + """
              local live = by.SERVING or by.BUILDING
              if live and (by.BUILDING or redis.call('HGET', s, 'request') == ARGV[1]) then
                return 'done'
              end
              if by.PREVIOUS then return 'previous' end
              if live and by.DROPPING and ARGV[4] == '1' then return 'dropping' end
              local n = redis.call('HINCRBY', s, 'last', 1)
              redis.call('HSET', s, 'request', ARGV[1], field(n, 'definition'), ARGV[2],
                  field(n, 'kept'), ARGV[3], field(n, 'request'), ARGV[1])
              move(n, live and 'BUILDING' or 'SERVING')
              if not live and ARGV[6] ~= '' then
                redis.call('SET', KEYS[2], string.format('%s%d:', ARGV[6], n))
              end
              if live and ARGV[4] == '1' then
                local before = redis.call('HGET', s, field(live, 'before'))
                local old = string.format('%d ', live) .. redis.call('HGET', s, field(live, 'definition'))
                redis.call('HSET', s, field(n, 'before'), before and before .. '\\n' .. old or old)
                local mine = string.format('%s%d', ARGV[5], n)
                local theirs = string.format('%s%d', ARGV[5], live)
                local all = redis.call('HGETALL', theirs)
                for i = 1, #all, 2 do
                  local topic, offset = string.match(all[i + 1], '^%d+ (%S+) (%d+) %-?%d+$')
                  if string.sub(all[i], 1, 3) == 'at:' then
                    redis.call('HSET', mine, all[i], string.format('%d %s %s 0', n, topic, offset))
                  end
                end
                forgetCheckpoints(theirs)
                forget(live)
              end
              return 'done'
              """);

  /**
   * Arguments: number, request, checkpoints, the pointer's new value or nothing, whether to hold
   * the serving generation's writers, then partition, topic id and offset of each partition.
   */
  static final byte[] PROMOTE =
      RedisNames.bytes(
          COMMON
              + """
              local n = tonumber(ARGV[1])
              local state = redis.call('HGET', s, field(n, 'state'))
              if state == 'SERVING' then return 'done' end
              if state ~= 'BUILDING' and state ~= 'PREVIOUS' then return 'gone' end
              local mine = string.format('%s%d', ARGV[3], n)
              local theirs = by.SERVING and string.format('%s%d', ARGV[3], by.SERVING)
              for i = 6, #ARGV, 3 do
                local at = redis.call('HGET', mine, 'at:' .. ARGV[i]) or ''
                local topic, next, level = string.match(at, '^%d+ (%S+) (%d+) (%-?%d+)$')
                if topic ~= ARGV[i + 1] or tonumber(next) < tonumber(ARGV[i + 2]) then
                  return 'behind ' .. ARGV[i]
                end
                if tonumber(level) <= 0 then return 'unswept ' .. ARGV[i] end
                local serves = theirs and redis.call('HGET', theirs, 'at:' .. ARGV[i]) or ''
                local topic2, next2 = string.match(serves, '^%d+ (%S+) (%d+) %-?%d+$')
                if topic2 == topic and tonumber(next2) > tonumber(next) then
                  if ARGV[5] == '1' then
                    redis.call('HSET', theirs, 'hold', string.format('%.0f', millis + 1000))
                  end
                  return 'ahead ' .. ARGV[i]
                end
              end
              if theirs then
                redis.call('HDEL', theirs, 'hold')
                move(by.SERVING, 'PREVIOUS')
              end
              redis.call('HDEL', mine, 'hold')
              move(n, 'SERVING')
              redis.call('HSET', s, 'request', ARGV[2])
              if ARGV[4] ~= '' then redis.call('SET', KEYS[2], ARGV[4])
              elseif redis.call('TYPE', KEYS[2]).ok == 'string' then
                -- Fixed names have no pointer; what else has its name is a stranger's.
                local ours = string.sub(KEYS[2], 1, -10)
                if string.sub(redis.call('GET', KEYS[2]), 1, #ours) == ours then
                  redis.call('DEL', KEYS[2])
                end
              end
              return 'done'
              """);

  /** Arguments: number, request or nothing, checkpoints. */
  static final byte[] DROP =
      RedisNames.bytes(
          COMMON
              + """
              local n = tonumber(ARGV[1])
              local state = redis.call('HGET', s, field(n, 'state'))
              if state == 'SERVING' then return 'serving' end
              if ARGV[2] ~= '' then redis.call('HSET', s, 'request', ARGV[2]) end
              if not state then return 'done' end
              if state ~= 'DROPPING' then move(n, 'DROPPING') end
              forgetCheckpoints(string.format('%s%d', ARGV[3], n))
              return 'dropping'
              """);

  /** Argument: number. Its data are gone. */
  static final byte[] FORGET =
      RedisNames.bytes(
          COMMON
              + """
              local n = tonumber(ARGV[1])
              if by.DROPPING and redis.call('HGET', s, field(n, 'state')) == 'DROPPING' then
                forget(n)
              end
              return 'done'
              """);

  private final Map<String, String> fields;

  /**
   * @param fields the hash
   */
  RedisState(Map<String, String> fields) {
    this.fields = fields;
  }

  GenerationSet set() {
    List<Generation> all = new ArrayList<>();
    for (String name : fields.keySet()) {
      if (name.endsWith(".state") && !name.startsWith(KEY_FIELD)) {
        all.add(generation(Integer.parseInt(name.substring(0, name.indexOf('.')))));
      }
    }
    all.sort(Comparator.comparingInt(Generation::number));
    return new GenerationSet(all, fields.getOrDefault("request", ""));
  }

  private Generation generation(int number) {
    return new Generation(
        number,
        Generation.State.valueOf(of(number, "state")),
        of(number, "definition"),
        of(number, "kept").equals("1"),
        of(number, "request"),
        Long.parseLong(of(number, "since")));
  }

  private String of(int number, String field) {
    return fields.getOrDefault(number + "." + field, "");
  }

  /** By what definitions, and under which numbers, a generation's names were made before. */
  List<Earlier> before(int number) {
    return of(number, "before")
        .lines()
        .map(
            line -> {
              int space = line.indexOf(' ');
              return new Earlier(
                  Integer.parseInt(line.substring(0, space)), line.substring(space + 1));
            })
        .toList();
  }

  /** A definition that is no more, and the number it had. */
  record Earlier(int number, String definition) {}

  /** The tables there are or were. */
  List<TableKeys> tables() {
    return fields.entrySet().stream()
        .filter(e -> e.getKey().startsWith(KEY_FIELD))
        .map(e -> TableKeys.parse(e.getValue()))
        .toList();
  }
}
