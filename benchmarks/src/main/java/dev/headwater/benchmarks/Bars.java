package dev.headwater.benchmarks;

import java.util.List;
import java.util.Locale;
import java.util.Map;

/** Draws one bar for each contestant of each test: the median rate, with a line from min to max. */
final class Bars {
  private static final int ROW = 24;
  private static final int LEFT = 260;
  private static final int WIDTH = 420;

  private Bars() {}

  /** An SVG picture; bars of one test share one scale. */
  static String svg(Map<List<String>, List<Measurement>> groups) {
    StringBuilder out = new StringBuilder();
    int y = 10;
    String test = "";
    double most = 1;
    for (Map.Entry<List<String>, List<Measurement>> group : groups.entrySet()) {
      if (!test.equals(group.getKey().get(0))) {
        test = group.getKey().get(0);
        most = most(groups, test);
        y += ROW;
        text(out, 10, y, "bold", test + ", records per second");
        y += 8;
      }
      List<Measurement> runs = group.getValue();
      double median = Stats.median(runs, Measurement::rate);
      boolean isOurs = group.getKey().get(1).startsWith("headwater");
      text(out, 20, y + 16, "normal", group.getKey().get(1));
      shape(
          out,
          "<rect x='%d' y='%d' width='%.1f' height='14' fill='%s'/>",
          LEFT,
          y + 5,
          WIDTH * median / most,
          isOurs ? "#2b7bba" : "#b0b0b0");
      shape(
          out,
          "<line x1='%.1f' x2='%.1f' y1='%d' y2='%d' stroke='black'/>",
          LEFT + WIDTH * Stats.min(runs, Measurement::rate) / most,
          LEFT + WIDTH * Stats.max(runs, Measurement::rate) / most,
          y + 12,
          y + 12);
      String number = String.format(Locale.ROOT, "%,.0f", median);
      text(out, LEFT + WIDTH + 10, y + 16, "normal", number);
      y += ROW;
    }
    return String.format(
            Locale.ROOT,
            "<svg xmlns='http://www.w3.org/2000/svg' width='%d' height='%d'"
                + " font-family='sans-serif' font-size='12'>%n"
                + "<rect width='100%%' height='100%%' fill='white'/>%n",
            LEFT + WIDTH + 90,
            y + ROW)
        + out
        + "</svg>\n";
  }

  private static double most(Map<List<String>, List<Measurement>> groups, String test) {
    return groups.entrySet().stream()
        .filter(group -> group.getKey().get(0).equals(test))
        .mapToDouble(group -> Stats.max(group.getValue(), Measurement::rate))
        .max()
        .orElse(1);
  }

  private static void text(StringBuilder out, int x, int y, String weight, String text) {
    shape(out, "<text x='%d' y='%d' font-weight='%s'>%s</text>", x, y, weight, text);
  }

  private static void shape(StringBuilder out, String format, Object... values) {
    out.append(String.format(Locale.ROOT, format, values)).append('\n');
  }
}
