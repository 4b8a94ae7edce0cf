package dev.headwater.log.codec;

import dev.headwater.log.config.Secret;
import java.util.Optional;

/**
 * How one column's values are hidden before they reach the log, by snapshot and stream alike.
 *
 * @param with by which method; NULL stays NULL in all of them
 * @param secret the key of {@link Method#HMAC_SHA256}; empty for the others
 */
public record ColumnMask(Method with, Optional<Secret> secret) {
  /** The ways of hiding a value. */
  public enum Method {
    /** The hexadecimal HMAC-SHA-256 of the value's PostgreSQL text: equal values stay equal. */
    HMAC_SHA256,
    /** The text {@code ***}. */
    REDACT,
    /** NULL. */
    NULLIFY
  }
}
