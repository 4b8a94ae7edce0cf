/** Reading the log: from offset zero, or from where a sink stands. */
@NullMarked
package dev.headwater.log.replay;

import org.jspecify.annotations.NullMarked;
