/** How the log is reached and laid out, and the value types of configuration. */
@NullMarked
package dev.headwater.log.config;

import org.jspecify.annotations.NullMarked;
