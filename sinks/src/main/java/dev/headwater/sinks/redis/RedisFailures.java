package dev.headwater.sinks.redis;

import dev.headwater.log.failure.FailureCode;
import dev.headwater.log.failure.HeadwaterException;
import redis.clients.jedis.exceptions.JedisAccessControlException;
import redis.clients.jedis.exceptions.JedisBusyException;
import redis.clients.jedis.exceptions.JedisConnectionException;
import redis.clients.jedis.exceptions.JedisDataException;
import redis.clients.jedis.exceptions.JedisException;

/** The client's exceptions as ways of failing that workers know. */
final class RedisFailures {
  private RedisFailures() {}

  static HeadwaterException translate(String sink, String url, JedisException error) {
    String message = error.getMessage() == null ? error.toString() : error.getMessage();
    String who = "sink '" + sink + "' – Redis at " + url;
    if (error instanceof JedisAccessControlException || message.startsWith("NOAUTH")) {
      return new HeadwaterException(
          FailureCode.TARGET_NOT_READY,
          who + " refused us: " + message,
          "Check 'user' and 'password' of the sink.",
          error);
    }
    if (error instanceof JedisConnectionException
        || error instanceof JedisBusyException
        || isTransient(message)) {
      return new HeadwaterException(
          FailureCode.TARGET_UNREACHABLE,
          who + " does not take writes: " + message,
          "The sink waits and tries again. Check that the server is up: redis-cli -u "
              + url
              + " ping.",
          error);
    }
    if (message.contains("READONLY")) {
      return new HeadwaterException(
          FailureCode.TARGET_NOT_READY,
          who + " is a replica",
          "Point 'url' at its primary.",
          error);
    }
    if (message.contains("WRONGTYPE")) {
      return new HeadwaterException(
          FailureCode.TARGET_NOT_READY,
          who + " holds something else under a name of ours: " + message,
          "Look at the keys __headwater:" + sink + ":*, and remove what is no hash.",
          error);
    }
    if (error instanceof JedisDataException) {
      return new HeadwaterException(
          FailureCode.TARGET_NOT_READY,
          who + " refused a command: " + message,
          "The server is Redis 6.2 or newer (or Valkey), and lets us use Lua scripts?",
          error);
    }
    return new HeadwaterException(
        FailureCode.TARGET_UNREACHABLE,
        who + " failed: " + message,
        "The sink waits and tries again.",
        error);
  }

  /** Inside a script, older servers wrap the reason; so it is looked for, not only in front. */
  private static boolean isTransient(String message) {
    return message.startsWith("LOADING")
        || message.startsWith("BUSY")
        || message.contains("OOM command not allowed")
        || message.contains("MISCONF")
        || message.startsWith("MASTERDOWN")
        || message.startsWith("TRYAGAIN")
        // proto-max-bulk-len was lowered since it was asked for; it is asked for again first.
        || message.contains("invalid bulk length")
        || message.contains("NOREPLICAS");
  }
}
