package dev.headwater.sinks.redis;

import dev.headwater.log.failure.FailureCode;
import dev.headwater.log.failure.HeadwaterException;
import dev.headwater.sinks.KeyTemplate;
import dev.headwater.sinks.SinkConfig;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * What stands where in Redis.
 *
 * <pre>
 * __headwater:SINK        hash    the generations, the last request, the keys of its tables
 * __headwater:SINK:gN     hash    owner and checkpoint of each partition of generation N
 * __headwater:SINK:gN:P   text    changes whenever partition P changes hands
 * customer:42             row     generations: in_place
 * SINK:gN:customer:42     row     generations: pointer
 * SINK:generation         text    SINK:gN: of the generation that serves
 * </pre>
 */
final class RedisNames {
  private static final String STATE = "__headwater:";
  private static final byte[] STATE_BYTES = bytes(STATE);

  private RedisNames() {}

  static byte[] state(String sink) {
    return bytes(STATE + sink);
  }

  /** Whether a name is that of a sink's state, whichever sink's: never a row's. */
  static boolean isState(byte[] name) {
    int size = STATE_BYTES.length;
    return name.length > size && Arrays.equals(name, 0, size, STATE_BYTES, 0, size);
  }

  /** What the hash of a generation's checkpoints is called, without its number. */
  static byte[] checkpointsOfAny(String sink) {
    return bytes(STATE + sink + ":g");
  }

  static byte[] checkpoints(String sink, int generation) {
    return bytes(STATE + sink + ":g" + generation);
  }

  /** The turnstile of a partition, as scripts make it too. */
  static byte[] turnstile(byte[] checkpoints, String partition) {
    return bytes(new String(checkpoints, StandardCharsets.UTF_8) + ":" + partition);
  }

  static byte[] pointer(String sink) {
    return bytes(sink + ":generation");
  }

  /** What all names of a generation begin with; nothing where names are fixed. */
  static String namespace(SinkConfig.Redis config, int generation) {
    return isPointer(config) ? config.name() + ":g" + generation + ":" : "";
  }

  static boolean isPointer(SinkConfig.Redis config) {
    return config.generations() == SinkConfig.Redis.Generations.POINTER;
  }

  /**
   * How rows of a generation are named.
   *
   * @throws HeadwaterException {@code CONFIGURATION_INVALID} if the key template makes no sense
   */
  static KeyTemplate template(SinkConfig.Redis config, int generation) {
    try {
      return new KeyTemplate(namespace(config, generation) + config.keyTemplate());
    } catch (IllegalArgumentException e) {
      throw new HeadwaterException(
          FailureCode.CONFIGURATION_INVALID,
          "sink '%s' – key template '%s': %s"
              .formatted(config.name(), config.keyTemplate(), e.getMessage()),
          "A template looks like 'customer:{id}'.",
          e);
    }
  }

  static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }
}
