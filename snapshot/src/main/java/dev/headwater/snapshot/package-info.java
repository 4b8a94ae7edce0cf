/** Rows older than the slot, into the log. */
@NullMarked
package dev.headwater.snapshot;

import org.jspecify.annotations.NullMarked;
