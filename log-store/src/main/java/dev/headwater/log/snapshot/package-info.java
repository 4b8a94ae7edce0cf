/** Loads of tables: how far they are, and the words that capture and snapshot share. */
@NullMarked
package dev.headwater.log.snapshot;

import org.jspecify.annotations.NullMarked;
