package dev.headwater.capture;

import dev.headwater.log.catalog.TableLayout;
import dev.headwater.log.catalog.TableLayout.Column;
import dev.headwater.log.catalog.TableLayout.Part;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What a change of a table's layout did to rows without a word in the write-ahead log.
 *
 * <p>Told apart so that what changes no row costs nothing: a truncate, {@code VACUUM FULL} and
 * {@code CLUSTER} give a table new files and leave its columns alone; {@code SET DEFAULT}, {@code
 * SET STATISTICS} and the like touch a column and no file; a column that is dropped, or added
 * without a default, needs no row. A partition that is made is filled by changes that are streamed.
 * Where both a file and a column changed, rows may have been rewritten.
 *
 * @param reason why rows must be read again, for people
 * @param where which rows, as an SQL condition; null for all. Keys that the source does not have
 *     are looked for in any case
 */
record LayoutChange(String reason, @Nullable String where) {
  private static final Set<Long> TEXTS = Set.of(25L, 1043L);

  /** What must be read again; empty when nothing. */
  static Optional<LayoutChange> between(TableLayout before, TableLayout now) {
    if (!before.parts().isEmpty()
        && Collections.disjoint(before.parts().keySet(), now.parts().keySet())) {
      return Optional.of(new LayoutChange("the table is another one", null));
    }
    boolean rewritten =
        before.parts().entrySet().stream()
            .anyMatch(part -> isOther(part.getValue(), now.parts().get(part.getKey())));
    for (Map.Entry<Integer, Column> column : now.columns().entrySet()) {
      Optional<String> reason =
          reason(before.columns().get(column.getKey()), column.getValue(), rewritten);
      if (reason.isPresent()) {
        return Optional.of(new LayoutChange(reason.get(), null));
      }
    }
    return ofParts(before, now);
  }

  private static boolean isOther(Part before, @Nullable Part now) {
    return now != null && before.file() != now.file();
  }

  private static Optional<String> reason(@Nullable Column before, Column now, boolean rewritten) {
    String name = "column '" + now.name() + "' ";
    if (before == null) {
      return now.fillsOldRows()
          ? Optional.of(name + "was added with a value for the rows that were there")
          : Optional.empty();
    }
    if (!before.name().equals(now.name())) {
      return Optional.of(name + "was named '" + before.name() + "'");
    }
    boolean isSameType = before.type() == now.type();
    boolean isRetyped = !isSameType || before.typmod() != now.typmod();
    boolean areTexts = TEXTS.contains(before.type()) && TEXTS.contains(now.type());
    if (isRetyped && (rewritten || !(isSameType || areTexts))) {
      return Optional.of(name + "has another type");
    }
    return rewritten && !Objects.equals(before.changed(), now.changed())
        ? Optional.of("the table was rewritten")
        : Optional.empty();
  }

  private static Optional<LayoutChange> ofParts(TableLayout before, TableLayout now) {
    List<Long> attached = new ArrayList<>();
    now.parts()
        .forEach(
            (oid, part) -> {
              if (part.isAttached() && !before.parts().containsKey(oid)) {
                attached.add(oid);
              }
            });
    if (!attached.isEmpty()) {
      List<String> oids = attached.stream().sorted().map(String::valueOf).toList();
      return Optional.of(
          new LayoutChange(
              "a partition was attached", "tableoid IN (" + String.join(", ", oids) + ")"));
    }
    return now.parts().keySet().containsAll(before.parts().keySet())
        ? Optional.empty()
        : Optional.of(new LayoutChange("a partition was detached or dropped", "false"));
  }
}
