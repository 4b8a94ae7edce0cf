/** Where in the source the log stands. */
@NullMarked
package dev.headwater.log.position;

import org.jspecify.annotations.NullMarked;
