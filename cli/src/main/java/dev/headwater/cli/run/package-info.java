/** The wiring: who builds what, starts it, and stops it in reverse. */
@NullMarked
package dev.headwater.cli.run;

import org.jspecify.annotations.NullMarked;
