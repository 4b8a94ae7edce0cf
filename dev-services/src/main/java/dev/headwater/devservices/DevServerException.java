package dev.headwater.devservices;

import org.jspecify.annotations.Nullable;

/** A server did not come up, or something around its process went wrong; the message says which. */
public final class DevServerException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  public DevServerException(String message) {
    this(message, null);
  }

  public DevServerException(String message, @Nullable Throwable cause) {
    super(message, cause);
  }
}
