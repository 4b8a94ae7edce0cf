/** Reading the log: from offset zero, or as a member of a sink's group. */
@NullMarked
package dev.headwater.log.replay;

import org.jspecify.annotations.NullMarked;
