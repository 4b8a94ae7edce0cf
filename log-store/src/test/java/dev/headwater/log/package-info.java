/** What the tests of the log share. */
@NullMarked
package dev.headwater.log;

import org.jspecify.annotations.NullMarked;
