package dev.headwater.capture;

import dev.headwater.log.schema.TableId;
import dev.headwater.log.snapshot.LoadSession;
import dev.headwater.log.snapshot.TableLoad;
import dev.headwater.log.snapshot.TableLoader.Loading;

/** Loads nothing: what is captured is the stream alone. */
public final class NoLoads implements Loading {
  public static Loading begin(LoadSession session) {
    return new NoLoads();
  }

  @Override
  public void loadAgain(TableId table, TableLoad wanted) {}

  @Override
  public String doing() {
    return "";
  }

  @Override
  public void close() {}
}
