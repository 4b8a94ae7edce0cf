package dev.headwater.sinks.redis;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import redis.clients.jedis.CommandArguments;
import redis.clients.jedis.Connection;
import redis.clients.jedis.Protocol.Command;
import redis.clients.jedis.exceptions.JedisDataException;

/**
 * Writes a large batch of plain values as one {@code MSET}, which costs Redis less than half of
 * what the script of {@link RedisBatch} does: a script's arguments are copied into Lua and back.
 *
 * <p>Optimistic: it watches the partition's turnstile, a key that changes hands whenever the
 * partition does (taken by another, generation dropped, everything flushed), looks whether owner
 * and checkpoint are as expected, and writes in a transaction that a touched turnstile undoes. The
 * turnstile's next value is among the values of the very {@code MSET}, and the checkpoint is stored
 * only where it is found: were the {@code MSET} refused alone, as by a right taken away in that
 * moment, the checkpoint would stay where it is. Whatever is not as expected is left to the script,
 * which tells what it is.
 */
final class RedisAtOnce {
  /** Arguments: turnstile's value expected, field and value of the checkpoint. */
  private static final byte[] STORE =
      """
      if redis.call('GET', KEYS[2]) ~= ARGV[1] then return 0 end
      redis.call('HSET', KEYS[1], ARGV[2], ARGV[3])
      return 1
      """
          .getBytes(StandardCharsets.US_ASCII);

  private static final byte[] HOLD = RedisNames.bytes("hold");
  private static final byte[] TWO_KEYS = RedisNames.bytes("2");
  private static final byte[] NOTHING = {};

  private final RedisConnection redis;
  private final byte[] checkpoints;
  private final byte[] turnstile;
  private boolean isRefused;

  /**
   * @param checkpoints the hash of the generation's checkpoints
   * @param turnstile the key that changes whenever the partition changes hands
   */
  RedisAtOnce(RedisConnection redis, byte[] checkpoints, byte[] turnstile) {
    this.redis = redis;
    this.checkpoints = checkpoints;
    this.turnstile = turnstile;
  }

  /**
   * Writes a batch.
   *
   * @param arguments as {@link RedisBatch} has them, with nothing to delete
   * @return whether all of it is written; if not, nothing is
   */
  boolean write(List<byte[]> arguments) {
    if (isRefused) {
      return false;
    }
    return redis.onOne(
        connection -> {
          try {
            return isAsExpected(connection, arguments) && execute(connection, arguments);
          } catch (JedisDataException e) {
            // A proxy without transactions, a right that is missing, memory that is full: the
            // script goes without the first two, and says so of the last.
            connection.setBroken();
            isRefused = true;
            return false;
          }
        });
  }

  /** Looks; from here until the transaction a touched turnstile is noticed. */
  boolean isAsExpected(Connection connection, List<byte[]> arguments) {
    connection.sendCommand(Command.WATCH, turnstile);
    // Where it is missing, a flush would not touch it.
    connection.sendCommand(Command.EXISTS, turnstile);
    connection.sendCommand(Command.HMGET, checkpoints, arguments.get(0), arguments.get(1), HOLD);
    List<Object> answers = answers(connection, 3);
    List<?> found = (List<?>) answers.get(2);
    byte[] stored = found.get(1) == null ? NOTHING : (byte[]) found.get(1);
    boolean asExpected =
        answers.get(1).equals(1L)
            && Arrays.equals((byte[]) found.get(0), arguments.get(2))
            && Arrays.equals(stored, arguments.get(3))
            && found.get(2) == null;
    if (!asExpected) {
      connection.sendCommand(Command.UNWATCH);
      answers(connection, 1);
    }
    return asExpected;
  }

  boolean execute(Connection connection, List<byte[]> arguments) {
    byte[] next = arguments.get(4);
    CommandArguments values = new CommandArguments(Command.MSET);
    for (int i = RedisBatch.FIRST_ROW; i < arguments.size(); i++) {
      values.add(arguments.get(i));
    }
    connection.sendCommand(Command.MULTI);
    connection.sendCommand(values.add(turnstile).add(next));
    connection.sendCommand(
        Command.EVAL, STORE, TWO_KEYS, checkpoints, turnstile, next, arguments.get(1), next);
    connection.sendCommand(Command.EXEC);
    Object results = answers(connection, 4).get(3);
    if (results == null) {
      return false;
    }
    throwRefusal((List<?>) results);
    return true;
  }

  /** Reads all of the answers, so that none is left on the wire, and throws the first refusal. */
  private static List<Object> answers(Connection connection, int count) {
    List<Object> answers = connection.getMany(count);
    throwRefusal(answers);
    return answers;
  }

  private static void throwRefusal(List<?> answers) {
    for (Object answer : answers) {
      if (answer instanceof JedisDataException refused) {
        throw refused;
      }
    }
  }
}
