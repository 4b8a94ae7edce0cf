package dev.headwater.sinks.postgres;

/**
 * {@code 2024-05-01T12:34:56.120000Z} back to {@code 2024-05-01 12:34:56.12+00}, as PostgreSQL
 * prints it in UTC. Infinities, years before Christ and beyond four digits are PostgreSQL's text
 * already.
 */
final class TimestampForm implements TextForm {
  private static final int DATE_LENGTH = 10;
  private static final int TO_SECONDS_LENGTH = 19;

  @Override
  public void write(JsonCursor json, TextBuffer out) {
    int begin = out.size();
    json.takeString(out);
    int length = out.size() - begin;
    if (length < TO_SECONDS_LENGTH || out.array()[begin + DATE_LENGTH] != 'T') {
      return;
    }
    byte[] text = out.array();
    text[begin + DATE_LENGTH] = ' ';
    int end = out.size();
    boolean zoned = text[end - 1] == 'Z';
    if (zoned) {
      end--;
    }
    if (end - begin > TO_SECONDS_LENGTH && text[begin + TO_SECONDS_LENGTH] == '.') {
      while (text[end - 1] == '0') {
        end--;
      }
      if (text[end - 1] == '.') {
        end--;
      }
    }
    out.truncate(end);
    if (zoned) {
      out.writeAscii("+00");
    }
  }
}
