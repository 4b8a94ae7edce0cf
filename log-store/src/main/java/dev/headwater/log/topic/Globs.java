package dev.headwater.log.topic;

import java.util.regex.Pattern;

/** Names with {@code *} for any run of characters and {@code ?} for one. */
public final class Globs {
  private Globs() {}

  /** Whether the whole name matches. */
  public static boolean matches(String glob, String name) {
    return compile(glob).matcher(name).matches();
  }

  /** The glob as a pattern, for names that are matched again and again. */
  public static Pattern compile(String glob) {
    StringBuilder regex = new StringBuilder();
    glob.codePoints()
        .forEach(
            c ->
                regex.append(
                    c == '*' ? ".*" : c == '?' ? "." : Pattern.quote(Character.toString(c))));
    return Pattern.compile(regex.toString(), Pattern.DOTALL);
  }

  /** Whether the glob stands for one name only. */
  public static boolean isExact(String glob) {
    return glob.indexOf('*') < 0 && glob.indexOf('?') < 0;
  }
}
