/** What a table is: its columns, types and key, by version. */
@NullMarked
package dev.headwater.log.schema;

import org.jspecify.annotations.NullMarked;
