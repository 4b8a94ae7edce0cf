/** What must hold, checked with plain clients: nothing here calls Headwater. */
@NullMarked
package dev.headwater.faults.oracle;

import org.jspecify.annotations.NullMarked;
