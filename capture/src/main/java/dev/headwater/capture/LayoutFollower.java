package dev.headwater.capture;

import dev.headwater.log.append.LogAppender;
import dev.headwater.log.catalog.TableLayout;
import dev.headwater.log.schema.TableId;
import dev.headwater.log.schema.TableSchema;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Notices what DDL did to rows without a word in the write-ahead log, and has them read again.
 *
 * <p>The layout that a table had when its rows in the log were last level with it stands in its
 * schema. The one that replaces it, and the request for the load, are written in one transaction of
 * the log: neither is forgotten without the other. Used by whoever has the turn.
 */
final class LayoutFollower {
  private static final Logger LOG = LoggerFactory.getLogger(LayoutFollower.class);

  private final TableRegistry tables;
  private final LogAppender appender;
  private final LoadMerger loads;
  private final Supplier<Set<String>> complete;

  /**
   * @param complete tables whose last load is complete
   */
  LayoutFollower(
      TableRegistry tables,
      LogAppender appender,
      LoadMerger loads,
      Supplier<Set<String>> complete) {
    this.tables = tables;
    this.appender = appender;
    this.loads = loads;
    this.complete = complete;
  }

  /**
   * Takes the layouts as they are now.
   *
   * @return whether something was appended
   */
  boolean follow(Map<TableId, String> layouts) {
    boolean appended = false;
    for (Map.Entry<TableId, String> layout : layouts.entrySet()) {
      Optional<TableSchema> known = tables.latest(layout.getKey());
      if (known.isPresent() && !layout.getValue().equals(known.get().layout())) {
        compare(known.get(), layout.getValue());
        tables.relayout(known.get().withLayout(layout.getValue()), appender);
        appended = true;
      }
    }
    return appended;
  }

  private void compare(TableSchema known, String now) {
    // A layout that was not known is taken as it is: the load that brought the rows came with it.
    if (known.layout() == null) {
      return;
    }
    LayoutChange.between(TableLayout.parse(known.layout()), TableLayout.parse(now))
        .ifPresent(
            change -> {
              tables.requireFollowing(known.table(), change.reason());
              LOG.atWarn()
                  .addKeyValue("table", known.table())
                  .addKeyValue("reason", change.reason())
                  .log("rows changed without being streamed; they are read again");
              // A load that is under way may not have read the other rows yet.
              boolean isLoaded = complete.get().contains(known.table().toString());
              loads.loadAgain(known.table(), change.reason(), isLoaded ? change.where() : null);
            });
  }
}
