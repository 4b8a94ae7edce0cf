package dev.headwater.sinks.postgres;

/**
 * The way back from a value's JSON form in the log to the text PostgreSQL printed it as: the exact
 * inverse of log-store's {@code ValueWriter}. {@link TextForms} makes them. Belongs to one thread.
 */
interface TextForm {
  /**
   * Takes one JSON value that does not stand for SQL's NULL.
   *
   * @param json stands before the value, and after it when this returns
   * @param out receives the value's PostgreSQL text
   * @throws IllegalArgumentException if the JSON is of no form this type has
   */
  void write(JsonCursor json, TextBuffer out);
}
