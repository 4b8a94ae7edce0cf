package dev.headwater.capture;

import dev.headwater.log.catalog.CatalogTable;
import java.util.List;

/**
 * A table that is captured.
 *
 * @param table as the catalog describes it
 * @param key the columns that name a row in the log, in key order
 */
public record CapturedTable(CatalogTable table, List<String> key) {}
