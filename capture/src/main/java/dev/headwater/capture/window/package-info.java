/** The rule by which chunks of tables are merged into the stream. */
@NullMarked
package dev.headwater.capture.window;

import org.jspecify.annotations.NullMarked;
