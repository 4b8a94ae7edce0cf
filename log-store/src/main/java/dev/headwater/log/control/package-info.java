/** Desired state and reports, by way of the log. */
@NullMarked
package dev.headwater.log.control;

import org.jspecify.annotations.NullMarked;
