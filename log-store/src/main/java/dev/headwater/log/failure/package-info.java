/** How things go wrong: one root exception and the list of every way we fail. */
@NullMarked
package dev.headwater.log.failure;

import org.jspecify.annotations.NullMarked;
