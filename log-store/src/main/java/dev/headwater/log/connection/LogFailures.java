package dev.headwater.log.connection;

import dev.headwater.log.failure.FailureCode;
import dev.headwater.log.failure.HeadwaterException;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.clients.consumer.InvalidOffsetException;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.config.ConfigException;
import org.apache.kafka.common.errors.AuthenticationException;
import org.apache.kafka.common.errors.AuthorizationException;
import org.apache.kafka.common.errors.FencedInstanceIdException;
import org.apache.kafka.common.errors.InterruptException;
import org.apache.kafka.common.errors.InvalidProducerEpochException;
import org.apache.kafka.common.errors.InvalidTopicException;
import org.apache.kafka.common.errors.PolicyViolationException;
import org.apache.kafka.common.errors.ProducerFencedException;
import org.apache.kafka.common.errors.RecordTooLargeException;
import org.apache.kafka.common.errors.UnsupportedVersionException;

/** Kafka's exceptions as ways of failing that workers know; translated here and nowhere else. */
public final class LogFailures {
  private static final String NO_ADDRESS = "No resolvable bootstrap urls";

  private LogFailures() {}

  /**
   * What a failed operation on the log means.
   *
   * @param what what was being done, as {@code reading topic 'x'}
   */
  public static HeadwaterException translate(String what, LogAddress address, Throwable error) {
    Throwable cause = rootOf(error);
    if (cause instanceof HeadwaterException known) {
      return known;
    }
    if (cause instanceof InterruptException) {
      // Kafka's own form of an interrupt; the flag is set again by its constructor.
      return new HeadwaterException(
          FailureCode.LOG_OUTCOME_UNKNOWN,
          "log – interrupted while " + what,
          "Nothing is wrong with the log; the worker was told to end.",
          cause);
    }
    if (isFence(cause)) {
      return new HeadwaterException(
          FailureCode.FENCED,
          "log – another worker has taken over while " + what,
          "This worker is done; the other one goes on.",
          cause);
    }
    if (isTooLarge(cause)) {
      return new HeadwaterException(
          FailureCode.CHANGE_NOT_WRITABLE,
          "log – a record is too large while " + what + ": " + cause.getMessage(),
          "Raise max.request.size and buffer.memory under 'log: properties', and"
              + " max.message.bytes of the topic.",
          cause);
    }
    if (cause instanceof InvalidOffsetException) {
      // No reset rule is ever set: reading on elsewhere would skip records without a word.
      return new HeadwaterException(
          FailureCode.CHECKPOINT_STALE,
          "log at " + address + " – the records to read next are not there any more, while " + what,
          "The topic was cut off or made anew. 'headwater rebuild' fills the sink from the log.",
          cause);
    }
    if (isRefusal(cause)) {
      return new HeadwaterException(
          FailureCode.LOG_NOT_READY,
          "log at " + address + " – not permitted while " + what + ": " + describe(cause),
          "Check the security settings under 'log: properties', the rights of that user, and what"
              + " the brokers allow.",
          cause);
    }
    if (cause instanceof ConfigException && !describe(cause).contains(NO_ADDRESS)) {
      return new HeadwaterException(
          FailureCode.CONFIGURATION_INVALID,
          "log at " + address + " – a setting is not accepted: " + describe(cause),
          "Check 'log: bootstrap_servers' and 'log: properties'.",
          cause);
    }
    return new HeadwaterException(
        FailureCode.LOG_UNREACHABLE,
        "log at " + address + " – failed while " + what + ": " + describe(cause),
        "Check 'log: bootstrap_servers', and that the brokers are up and reach each other.",
        cause);
  }

  /** Whether Kafka says that a newer owner of the transactional id exists. */
  public static boolean isFence(Throwable error) {
    Throwable cause = rootOf(error);
    return cause instanceof ProducerFencedException
        || cause instanceof InvalidProducerEpochException
        || cause instanceof FencedInstanceIdException;
  }

  /** Whether the producer or a topic finds a record too large. */
  public static boolean isTooLarge(Throwable error) {
    return rootOf(error) instanceof RecordTooLargeException;
  }

  private static boolean isRefusal(Throwable cause) {
    return cause instanceof AuthenticationException
        || cause instanceof AuthorizationException
        || cause instanceof InvalidTopicException
        || cause instanceof PolicyViolationException
        || cause instanceof UnsupportedVersionException;
  }

  /** Below the wrappings that say nothing: futures', and the bare KafkaException of clients. */
  private static Throwable rootOf(Throwable error) {
    Throwable cause = error;
    while (cause.getCause() != null
        && (cause instanceof ExecutionException
            || cause instanceof CompletionException
            || cause.getClass().equals(KafkaException.class))) {
      cause = cause.getCause();
    }
    return cause;
  }

  private static String describe(Throwable cause) {
    String message = cause.getMessage();
    return message == null || message.isBlank() ? cause.getClass().getSimpleName() : message;
  }
}
