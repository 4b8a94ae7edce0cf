/** What a sink or the source holds, beside what the log says: wired here, where all three meet. */
@NullMarked
package dev.headwater.cli.verify;

import org.jspecify.annotations.NullMarked;
