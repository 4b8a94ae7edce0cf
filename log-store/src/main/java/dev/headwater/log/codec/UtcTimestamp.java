package dev.headwater.log.codec;

/**
 * Reads one {@code timestamptz} as PostgreSQL prints it in any zone, and writes it as PostgreSQL
 * would print it in UTC. Belongs to one thread.
 *
 * <p>The calendar is the proleptic Gregorian one, as PostgreSQL's is; zones may have minutes and
 * seconds ({@code -07:52:58}), as those before standard time do.
 */
final class UtcTimestamp {
  private static final int DAY_SECONDS = 86_400;
  private static final int ERA_DAYS = 146_097;
  private static final int ERA_YEARS = 400;
  // From 0000-03-01, with which the calendar below begins its years, to 1970-01-01.
  private static final int EPOCH_DAYS = 719_468;

  private long epochSecond;
  private byte[] source = {};
  private int fractionFrom;
  private int fractionTo;
  private int at;
  private int limit;

  /**
   * Reads a timestamp with a zone that begins at {@code from}.
   *
   * @return where it ends, or -1 if none begins there
   */
  int parse(byte[] text, int from, int to) {
    source = text;
    at = from;
    limit = to;
    long year = number(4, 6);
    long month = after('-');
    long day = after('-');
    long hour = after(' ');
    long minute = after(':');
    long second = after(':');
    if (at < 0) {
      return -1;
    }
    readFraction();
    long offset = offsetSeconds();
    if (at < 0) {
      return -1;
    }
    long astronomicalYear = skipBc() ? 1 - year : year;
    epochSecond =
        (epochDay(astronomicalYear, month, day) * DAY_SECONDS)
            + (hour * 3600 + minute * 60 + second)
            - offset;
    return at;
  }

  /** Appends the timestamp read last, as PostgreSQL prints it in UTC. */
  void appendTo(JsonBuffer out) {
    long days = Math.floorDiv(epochSecond, DAY_SECONDS);
    int second = Math.floorMod(epochSecond, DAY_SECONDS);
    boolean bc = appendDate(days, out);
    out.write(' ');
    appendTwo(second / 3600, out);
    out.write(':');
    appendTwo(second / 60 % 60, out);
    out.write(':');
    appendTwo(second % 60, out);
    out.write(source, fractionFrom, fractionTo);
    out.write('+');
    appendTwo(0, out);
    if (bc) {
      out.write(' ');
      out.write('B');
      out.write('C');
    }
  }

  /** Days since 1970-01-01, counting years from March so that the leap day comes last. */
  private static long epochDay(long year, long month, long day) {
    long marchYear = month <= 2 ? year - 1 : year;
    long era = Math.floorDiv(marchYear, ERA_YEARS);
    long yearOfEra = marchYear - era * ERA_YEARS;
    long dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
    long dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear;
    return era * ERA_DAYS + dayOfEra - EPOCH_DAYS;
  }

  /** The inverse of {@link #epochDay}; returns whether the year is before Christ. */
  private static boolean appendDate(long epochDay, JsonBuffer out) {
    long shifted = epochDay + EPOCH_DAYS;
    long era = Math.floorDiv(shifted, ERA_DAYS);
    long dayOfEra = shifted - era * ERA_DAYS;
    long yearOfEra =
        (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / (ERA_DAYS - 1)) / 365;
    long dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100);
    long shiftedMonth = (5 * dayOfYear + 2) / 153;
    int day = (int) (dayOfYear - (153 * shiftedMonth + 2) / 5 + 1);
    int month = (int) (shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9);
    long year = yearOfEra + era * ERA_YEARS + (month <= 2 ? 1 : 0);
    boolean bc = year <= 0;
    appendYear(bc ? 1 - year : year, out);
    out.write('-');
    appendTwo(month, out);
    out.write('-');
    appendTwo(day, out);
    return bc;
  }

  private static void appendYear(long year, JsonBuffer out) {
    if (year >= 10_000) {
      out.write(Ascii.bytes(Long.toString(year)));
    } else {
      appendTwo((int) (year / 100), out);
      appendTwo((int) (year % 100), out);
    }
  }

  private static void appendTwo(int number, JsonBuffer out) {
    out.write('0' + number / 10);
    out.write('0' + number % 10);
  }

  private void readFraction() {
    fractionFrom = at;
    if (at < limit && source[at] == '.') {
      at++;
      while (at < limit && Ascii.isDigit(source[at])) {
        at++;
      }
    }
    fractionTo = at;
  }

  private long offsetSeconds() {
    if (at == limit || (source[at] != '+' && source[at] != '-')) {
      at = -1;
      return 0;
    }
    int sign = source[at++] == '-' ? -1 : 1;
    long seconds = number(2, 2) * 3600;
    for (int unit = 60; unit >= 1 && at >= 0 && at < limit && source[at] == ':'; unit /= 60) {
      seconds += after(':') * unit;
    }
    return sign * seconds;
  }

  private boolean skipBc() {
    if (limit - at >= 3 && source[at] == ' ' && source[at + 1] == 'B' && source[at + 2] == 'C') {
      at += 3;
      return true;
    }
    return false;
  }

  /** Two digits behind a separator; sets {@link #at} to -1 if they are not there. */
  private long after(char separator) {
    if (at < 0 || at == limit || source[at] != separator) {
      at = -1;
      return 0;
    }
    at++;
    return number(2, 2);
  }

  private long number(int fewest, int most) {
    int start = at;
    long value = 0;
    while (at < limit && at - start < most && Ascii.isDigit(source[at])) {
      value = value * 10 + (source[at++] - '0');
    }
    if (at - start < fewest) {
      at = -1;
    }
    return value;
  }
}
