/** Which tables are loaded. */
@NullMarked
package dev.headwater.log.snapshot;

import org.jspecify.annotations.NullMarked;
