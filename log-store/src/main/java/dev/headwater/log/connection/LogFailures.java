package dev.headwater.log.connection;

import dev.headwater.log.failure.FailureCode;
import dev.headwater.log.failure.HeadwaterException;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.common.errors.AuthenticationException;
import org.apache.kafka.common.errors.AuthorizationException;
import org.apache.kafka.common.errors.FencedInstanceIdException;
import org.apache.kafka.common.errors.InterruptException;
import org.apache.kafka.common.errors.InvalidProducerEpochException;
import org.apache.kafka.common.errors.ProducerFencedException;
import org.apache.kafka.common.errors.RecordTooLargeException;

/** Kafka's exceptions as ways of failing that workers know; translated here and nowhere else. */
public final class LogFailures {
  private LogFailures() {}

  /**
   * What a failed operation on the log means.
   *
   * @param what what was being done, as {@code reading topic 'x'}
   */
  public static HeadwaterException translate(String what, LogAddress address, Throwable error) {
    Throwable cause = error;
    while ((cause instanceof ExecutionException
            || cause.getClass().equals(org.apache.kafka.common.KafkaException.class))
        && cause.getCause() != null) {
      cause = cause.getCause();
    }
    if (cause instanceof HeadwaterException known) {
      return known;
    }
    if (cause instanceof InterruptException) {
      // Kafka's own form of an interrupt; the flag is set again by its constructor.
      return new HeadwaterException(
          FailureCode.LOG_OUTCOME_UNKNOWN, "log – interrupted while " + what, "", cause);
    }
    if (cause instanceof ProducerFencedException
        || cause instanceof InvalidProducerEpochException
        || cause instanceof FencedInstanceIdException) {
      return new HeadwaterException(
          FailureCode.FENCED,
          "log – another worker has taken over while " + what,
          "This worker is done; the other one goes on.",
          cause);
    }
    if (cause instanceof RecordTooLargeException) {
      return new HeadwaterException(
          FailureCode.CHANGE_NOT_WRITABLE,
          "log – a record is too large while " + what + ": " + cause.getMessage(),
          "Raise max.request.size under 'log: properties' and max.message.bytes of the topic.",
          cause);
    }
    if (cause instanceof AuthenticationException || cause instanceof AuthorizationException) {
      return new HeadwaterException(
          FailureCode.LOG_NOT_READY,
          "log at " + address + " – not permitted while " + what + ": " + cause.getMessage(),
          "Check the security settings under 'log: properties' and the rights of that user.",
          cause);
    }
    return new HeadwaterException(
        FailureCode.LOG_UNREACHABLE,
        "log at " + address + " – failed while " + what + ": " + describe(cause),
        "Check 'log: bootstrap_servers', and that the brokers are up and reach each other.",
        cause);
  }

  private static String describe(Throwable cause) {
    return cause.getMessage() == null ? cause.getClass().getSimpleName() : cause.getMessage();
  }
}
